import { describe, expect, it } from '@jest/globals';
import { filters, gateway } from '@vectron/proto';
import { askedBy } from './asked.js';
import { ReadCosts } from './read-costs.js';

const at = (method: string, request: object) => askedBy(`/vectron.v1.VectronService/${method}`, request);
const search = (fields: object) => at('Search', gateway.SearchRequest.fromPartial({ collection: 'c', ...fields }));
const where = (path: string, text: string) => {
  const value = { path, test: { $case: 'in', value: { values: [{ value: { $case: 'text', value: text } }] } } };
  return filters.Filter.fromPartial({ condition: { $case: 'field', value } } as never);
};
const all = (...each: filters.Filter[]) =>
  filters.Filter.fromPartial({ condition: { $case: 'all', value: { filters: each } } });

describe('what a read asks', () => {
  it('is of no kind where all take about as long', () => {
    expect(search({ topK: 10, timeoutMs: 70 })).toEqual({ likelyLong: false, timeoutMs: 70 });
    expect(at('CountPoints', gateway.CountPointsRequest.fromPartial({ collection: 'c' })).kind).toBeUndefined();
    expect(at('ListPoints', gateway.ListPointsRequest.fromPartial({ collection: 'c' })).kind).toBeUndefined();
    expect(at('GetPoint', gateway.GetRequest.fromPartial({ collection: 'c', id: 'a' })).kind).toBeUndefined();
  });

  it('is of the same kind whatever the values are, and of another one for other fields, tests and ways to search', () => {
    const kinds = [
      search({ filter: where('a', 'x') }),
      search({ filter: where('b', 'x') }),
      search({ filter: all(where('a', 'x'), where('b', 'x')) }),
      search({ filter: where('a', 'x'), exact: true }),
      search({ filter: where('a', 'x'), using: 'title' }),
      search({ topK: 5_000 }),
      search({ exact: true }),
      at('CountPoints', gateway.CountPointsRequest.fromPartial({ collection: 'c', filter: where('a', 'x') })),
      at('FacetPoints', gateway.FacetPointsRequest.fromPartial({ collection: 'c', path: 'a' })),
      at('ListPoints', gateway.ListPointsRequest.fromPartial({ collection: 'c', orderBy: { path: 'a' } })),
    ].map(({ kind }) => kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(search({ filter: where('a', 'y'), topK: 3 }).kind).toBe(kinds[0]);
    expect(search({ filter: all(where('b', '1'), where('a', '2'), where('a', '3')) }).kind).toBe(kinds[2]);
    const deep = (levels: number): filters.Filter => (levels === 0 ? where('a', 'x') : all(deep(levels - 1)));
    expect(search({ filter: deep(2_000) }).kind?.length).toBeLessThan(1_000);
  });

  it('is likely to take long where points are read one by one', () => {
    const query = (exact: boolean) => gateway.QueryRequest.fromPartial({ collection: 'c', branches: [{ exact }] });
    const long = [
      search({ exact: true }),
      search({ filter: where('a', 'x') }),
      at('Query', query(true)),
      at('Query', query(false)),
      at('QueryBatch', gateway.QueryBatchRequest.fromPartial({ queries: [query(false), query(true)] })),
      at('CountPoints', gateway.CountPointsRequest.fromPartial({ collection: 'c', filter: where('a', 'x') })),
    ].map(({ likelyLong }) => likelyLong);
    expect(long).toEqual([true, false, true, false, true, true]);
  });
});

describe('what a batch of searches asks', () => {
  const batch = (searches: number, fields: object = {}) => {
    const vectors = Array.from({ length: searches }, () => ({ vector: [1] }));
    return at('SearchBatch', gateway.SearchBatchRequest.fromPartial({ collection: 'c', vectors, ...fields }));
  };

  it('is of a kind by how its searches are made and by about how many there are', () => {
    const kinds = [
      batch(2),
      batch(1_000),
      batch(2, { exact: true }),
      batch(2, { filter: where('a', 'x') }),
      batch(2, { using: 'title' }),
      batch(2, { topK: 5_000 }),
      batch(2, { collection: 'd' }),
    ].map(({ kind }) => kind);
    expect(kinds).not.toContain(undefined);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(batch(999, { topK: 3 }).kind).toBe(kinds[1]);
    expect(batch(2, { filter: where('a', 'y') }).kind).toBe(kinds[3]);
  });

  it('is likely to take long when its searches do, or there are more of them than one share has', () => {
    const long = [batch(1), batch(16), batch(17), batch(1, { exact: true }), batch(1_000)];
    expect(long.map(({ likelyLong }) => likelyLong)).toEqual([false, false, true, true, true]);
    expect(batch(2, { timeoutMs: 70 }).timeoutMs).toBe(70);
  });
});

describe('what reads have cost', () => {
  it('decides in place of what they ask, for each tenant by itself', () => {
    const costs = new ReadCosts();
    const [exact, filtered] = [search({ exact: true }), search({ filter: where('a', 'x') })];
    expect([costs.isLong('ann', exact), costs.isLong('ann', filtered)]).toEqual([true, false]);
    costs.learn('ann', exact, 300);
    costs.learn('ann', filtered, 90_000);
    // Of an answer that was kept.
    costs.learn('ann', filtered, 0);
    expect([costs.isLong('ann', exact), costs.isLong('ann', filtered)]).toEqual([false, true]);
    expect([costs.isLong('bob', exact), costs.isLong('bob', filtered)]).toEqual([true, false]);
    // An index was made: it takes less from now on.
    for (let at = 0; at < 20; at++) costs.learn('ann', filtered, 200);
    expect(costs.isLong('ann', filtered)).toBe(false);
  });
});

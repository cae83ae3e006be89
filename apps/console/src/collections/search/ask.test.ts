import { describe, expect, it } from '@jest/globals';
import { type Ask, askLike, bodyText, callOf, idsOf, readAsk } from './ask.js';

const call = (ask: Partial<Ask> & Pick<Ask, 'branches'>) => callOf(ask);

describe('the request of a search', () => {
  it('is a search for one vector, with what was said and nothing else', () => {
    expect(call({ branches: [{ kind: 'vector', value: '[1, 2.5]' }] })).toEqual({
      verb: 'search',
      body: { vector: [1, 2.5] },
    });
    const ask: Ask = {
      branches: [{ kind: 'text', value: 'mail' }],
      ...{ topK: 3, accuracy: 'recall', recall: 0.95, ef: 7, explain: true, whyNot: 'a', threshold: 0 },
      ...{ consistency: 'at_least', writeToken: 'v1.1-2', maxStalenessMs: 5 },
    };
    expect(call(ask).body).toEqual({
      text: 'mail',
      ...{ topK: 3, recall: 0.95, explain: true, whyNot: 'a', scoreThreshold: 0 },
      consistency: { level: 'at_least', writeToken: 'v1.1-2' },
    });
  });

  it('is a query for several branches, words, groups and diversity', () => {
    const branches: Ask['branches'] = [
      { kind: 'text', value: 'mail', weight: 2 },
      { kind: 'words', value: 'server', second: 'title, body' },
      { kind: 'sparse', value: '7: 0.5, 19: 1', second: 'bow' },
      { kind: 'examples', value: 'a, b', second: '["c,d"]' },
    ];
    expect(call({ branches, accuracy: 'exact', fusion: 'weighted', groupBy: 'kind', diversity: 0.2 })).toEqual({
      verb: 'query',
      body: {
        branches: [
          { embed: 'mail', weight: 2, exact: true },
          { text: { query: 'server', fields: [{ path: 'title' }, { path: 'body' }] } },
          { sparse: { name: 'bow', indices: [7, 19], values: [0.5, 1] } },
          { examples: { positiveIds: ['a', 'b'], negativeIds: ['c,d'] }, exact: true },
        ],
        fusion: 'weighted',
        groupBy: { path: 'kind' },
        diversity: { share: 0.2 },
      },
    });
    expect(call({ branches: [{ kind: 'point', value: 'a' }], groupBy: 'kind' }).verb).toBe('query');
  });

  it('keeps every digit of a filter', () => {
    const { body } = call({
      branches: [{ kind: 'point', value: 'a' }],
      filter: '{"field":"n","eq":18446744073709551615}',
    });
    expect(bodyText(body)).toBe('{"likeId":"a","filter":{"field":"n","eq":18446744073709551615}}');
  });

  it.each([
    ['vector', '[1, 2'],
    ['vector', '{"a": 1}'],
    ['sparse', '7: x'],
    ['sparse', '7'],
  ] as const)('refuses a %s that is %s', (kind, value) => {
    expect(() => call({ branches: [{ kind, value }] })).toThrow();
  });

  it('is read from a link, or is none', () => {
    expect(readAsk(askLike('a"b'))).toEqual({ branches: [{ kind: 'point', value: 'a"b' }] });
    for (const text of ['', 'x', '{}', '{"branches": []}', '[]', 'null']) expect(readAsk(text)).toBeUndefined();
    expect(idsOf(' a , ,b')).toEqual(['a', 'b']);
  });
});

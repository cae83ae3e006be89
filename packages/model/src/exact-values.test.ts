import { describe, expect, it } from '@jest/globals';
import { type filters, type placement, workerData } from '@vectron/proto';
import { filterJson } from './filter-form.js';
import { type Filter, filterMessage } from './filter-json.js';
import { Route } from './route.js';
import { facetPoints, pagePoints, payloadChange } from './selection.js';

const MAX = 2n ** 64n - 1n;
const refusal = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    const { code, details } = error as { code: string; details: { field?: string } };
    return [code, details.field];
  }
  throw new Error('it was accepted');
};

describe('numbers of a filter', () => {
  const testOf = (filter: object) => {
    const { condition } = filterMessage(filter) as { condition: { value: filters.FieldCondition } };
    return condition.value.test as { $case: string; value: filters.ScalarList };
  };
  const scalarOf = (eq: unknown) => testOf({ field: 'n', eq }).value.values[0].value;

  it.each<[unknown, string, unknown]>([
    [1, 'integer', 1n],
    [-0, 'integer', 0n],
    [5n, 'integer', 5n],
    [2 ** 53, 'number', 2 ** 53],
    [0.5, 'number', 0.5],
    [2n ** 53n + 1n, 'integer', 2n ** 53n + 1n],
    [-(2n ** 63n), 'integer', -(2n ** 63n)],
    [2n ** 63n, 'unsigned', 2n ** 63n],
    [MAX, 'unsigned', MAX],
  ])('%s is %s', (eq, $case, value) => {
    expect(scalarOf(eq)).toEqual({ $case, value });
  });

  it('bounds beyond 2^53 are exact, and small ones are doubles, which older shards know', () => {
    expect(testOf({ field: 'n', gt: -(2n ** 60n), gte: 7n, lt: 1.5, lte: MAX })).toEqual({
      $case: 'number',
      value: {
        gtExact: { value: { $case: 'integer', value: -(2n ** 60n) } },
        gte: 7,
        lt: 1.5,
        lteExact: { value: { $case: 'unsigned', value: MAX } },
      },
    });
  });

  it('the JSON form of the message is the filter', () => {
    for (const filter of [
      { field: 'n', in: [2n ** 60n, MAX, 1, 0.5, 'x'] },
      { field: 'n', gte: 2n ** 60n, lt: MAX },
    ] satisfies Filter[]) {
      expect(filterJson(filterMessage(filter))).toEqual(filter);
    }
  });

  it('wrong values are refused with their place', () => {
    expect(refusal(() => filterMessage({ field: 'n', eq: 2n ** 64n }))).toEqual(['INVALID_ARGUMENT', 'filter.eq']);
    expect(refusal(() => filterMessage({ all: [{ field: 'n', in: [1, new Date()] }] }))).toEqual([
      'INVALID_ARGUMENT',
      'filter.all[0].in[1]',
    ]);
    expect(refusal(() => filterMessage({ field: 'n', gt: 2n ** 64n }))).toEqual(['INVALID_ARGUMENT', 'filter.gt']);
    expect(refusal(() => filterMessage(new Map()))).toEqual(['INVALID_ARGUMENT', 'filter']);
    expect(refusal(() => filterMessage({ field: 'n', in: new Array(2) }))).toEqual(['INVALID_ARGUMENT', 'filter.in']);
  });
});

describe('what several shards answer', () => {
  const shards = [1, 2].map((shardId) => ({ shardId, firstHash: BigInt(shardId), lastHash: BigInt(shardId) }));
  const route = new Route({ name: 'c', shards } as unknown as placement.Collection);
  const point = (id: string) => workerData.PointData.fromPartial({ id });

  /** A page of one shard: ids, each with the bytes of its key. */
  const pageOf = (own: Record<string, number[]>) => {
    const keys = Object.values(own).map((bytes) => Buffer.from(bytes));
    return { points: Object.keys(own).map(point), values: keys.map((key) => `"${key.toString('hex')}"`), keys };
  };
  const merged = async (own: Record<number, object>, descending: boolean) => {
    const request = { limit: 10, cursor: '', filter: undefined, orderBy: { path: 'n', descending } };
    const page = await pagePoints(route, request, async ({ shardId }) => {
      return { outcome: { $case: 'page', value: own[shardId] } } as never;
    });
    return page.points.map(({ id }) => id);
  };

  it('is merged by the keys of the values, then by id; what has no value is last in both directions', async () => {
    const rising = {
      1: pageOf({ a: [1], d: [2, 9], '\u{1f600}': [4, 97] }),
      2: pageOf({ b: [2], c: [2, 9], '\uffff': [4, 97], e: [255] }),
    };
    expect(await merged(rising, false)).toEqual(['a', 'b', 'c', 'd', '\uffff', '\u{1f600}', 'e']);
    const falling = {
      1: pageOf({ '\u{1f600}': [4, 97], d: [2, 9], a: [1] }),
      2: pageOf({ '\uffff': [4, 97], c: [2, 9], b: [2], e: [255] }),
    };
    expect(await merged(falling, true)).toEqual(['\uffff', '\u{1f600}', 'c', 'd', 'b', 'a', 'e']);
  });

  it('cannot be merged when a shard gives no keys: its worker is older', async () => {
    const older = { points: [point('a')], values: ['1'], keys: [] };
    await expect(merged({ 1: older, 2: pageOf({}) }, false)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is counted together where the values are equal, and apart where only their doubles are', async () => {
    const facet = (value: string) => ({ value, count: 1n });
    const found = await facetPoints(route, { path: 'n', filter: undefined, limit: 10 }, async ({ shardId }) => {
      const values = [facet('9007199254740993'), facet(shardId === 1 ? '9007199254740992' : '9007199254740994')];
      return { outcome: { $case: 'facets', value: { values, more: false, unindexed: false } } } as never;
    });
    expect(found.values.map(({ value, count }) => [value, count])).toEqual([
      [9007199254740993n, 2n],
      [9007199254740992n, 1n],
      [9007199254740994n, 1n],
    ]);
  });
});

describe('payload updates', () => {
  const none = { replace: undefined, set: undefined, remove: [] };
  const texts = (request: Parameters<typeof payloadChange>[0]) => {
    const { value } = payloadChange(request) as Extract<ReturnType<typeof payloadChange>, { $case: 'change' }>;
    return [value.replace?.toString(), value.set.map(({ path, value }) => [path, value.toString()])];
  };

  it('keep the digits of what is set and replaced, as values and as JSON text', () => {
    expect(texts({ ...none, set: { a: MAX, b: undefined, 'c.d': [1n, 1e20] } })).toEqual([
      undefined,
      [
        ['a', '18446744073709551615'],
        ['c.d', '[1,1e+20]'],
      ],
    ]);
    expect(texts({ ...none, replaceJson: '{"n":9007199254740993}', setJson: '{"m":-9223372036854775808}' })).toEqual([
      '{"n":9007199254740993}',
      [['m', '-9223372036854775808']],
    ]);
  });

  it('are refused in two forms at once, without any change, or with text that is no object', () => {
    const wrong = (request: Partial<Parameters<typeof payloadChange>[0]>) =>
      refusal(() => payloadChange({ ...none, ...request }));
    expect(wrong({ set: { a: 1 }, setJson: '{"a":1}' })).toEqual(['INVALID_ARGUMENT', 'set']);
    expect(wrong({ set: { a: undefined } })).toEqual(['INVALID_ARGUMENT', 'set']);
    expect(wrong({ replaceJson: '[1]' })).toEqual(['INVALID_ARGUMENT', 'replace']);
    expect(wrong({ setJson: '{"a":1,"a":2}' })).toEqual(['INVALID_ARGUMENT', 'a']);
  });
});

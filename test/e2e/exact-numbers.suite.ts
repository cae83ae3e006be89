import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Point, type VectronClient, where } from '@vectron/sdk';
import fc from 'fast-check';
import pLimit from 'p-limit';

const { field } = where;

/** Replays the integers below. */
const SEED = 20_261_126;
const RANGES: [string, bigint, bigint][] = [
  ['2^53 to 2^63', 2n ** 53n, 2n ** 63n - 1n],
  ['2^63 to 2^64', 2n ** 63n, 2n ** 64n - 1n],
  ['-2^63 to -2^53', -(2n ** 63n), -(2n ** 53n)],
];
const drawn = RANGES.flatMap(([, min, max]) => [
  min,
  max,
  ...fc.sample(fc.bigInt({ min, max }), { numRuns: 200, seed: SEED }),
]);
/** With the neighbours of some, which are the same double, and small numbers among them. */
const numbers: (bigint | number)[] = [
  ...new Set([...drawn, ...drawn.filter((_, at) => at % 20 === 7).map((one) => one - 1n), ...[0n, 1n, -1n, 7n]]),
].map((one) => (Number.isSafeInteger(Number(one)) ? Number(one) : one));
const points: (Point & { payload: { n: bigint | number } })[] = numbers.map((n, at) => ({
  id: `p${String(at).padStart(4, '0')}`,
  vector: [at, 1],
  payload: { n, list: [n, 'text'], deep: { n }, label: String(n) },
}));
const idOf = (n: bigint | number) => points[numbers.indexOf(n)].id;
const sorted = [...numbers].sort((a, b) => (a < b ? -1 : 1));
/** Compared exactly, whichever of them is a bigint. */
const same = (a: bigint | number, b: bigint | number) => !(a < b) && !(a > b);
/** Integers that no point has, each the same double as a point's. */
const absent = drawn.map((n) => n + 1n).filter((n) => n < 2n ** 64n && !numbers.some((one) => same(one, n)));
/** A few at a time: a busy server refuses more from one key, and a request waits for the other process most of its time. */
const limit = pLimit(3);
const each = <T>(items: readonly T[], check: (item: T) => Promise<void>) =>
  Promise.all(items.map((item) => limit(() => check(item))));
/** Every seventh: each costs a request or more. */
const some = numbers.filter((_, at) => at % 7 === 0);

/** What holds in every home. `home` makes the names of its collections unique. */
export function describeExactNumbers(home: string, client: () => VectronClient): void {
  describe(`integers beyond 2^53 are exact, ${home}`, () => {
    const name = `exact-${home}`;
    let db: VectronClient;
    beforeAll(async () => {
      db = client();
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      await db.upsert(name, points);
    });
    afterAll(() => db.deleteCollection(name));

    const idsOf = async (filter: Parameters<VectronClient['count']>[1] & object) =>
      (await db.listPoints(name, { ...filter, limit: 1000 })).points.map(({ id }) => id).sort();

    it('in every answer that has payloads', async () => {
      const { points: listed } = await db.listPoints(name, { limit: 1000 });
      expect(listed.map(({ id, payload }) => ({ id, payload }))).toEqual(
        points.map(({ id, payload }) => ({ id, payload })),
      );
      for (const { id, payload } of points.slice(0, 20)) expect((await db.get(name, id))?.payload).toEqual(payload);
      const { hits } = await db.search(name, { vector: [0, 1], topK: 1000, exact: true });
      expect(new Map(hits.map((hit) => [hit.id, hit.payload]))).toEqual(
        new Map(points.map(({ id, payload }) => [id, payload])),
      );
      const queried = await db.query(name, { branches: [{ vector: [3, 1], exact: true }], topK: 5 });
      for (const hit of queried.hits) expect(hit.payload).toEqual(points.find(({ id }) => id === hit.id)?.payload);
    });

    it('in the change feed', async () => {
      const seen = new Map<string, unknown>();
      for (let cursor: string | undefined; seen.size < points.length; ) {
        const { changes, nextCursor } = await db.listChanges(name, { cursor, waitMs: 5_000 });
        for (const { id, payload } of changes) seen.set(id, payload);
        cursor = nextCursor;
      }
      expect(seen).toEqual(new Map(points.map(({ id, payload }) => [id, payload])));
    });

    for (const type of [undefined, 'integer', 'float', 'keyword'] as const) {
      describe(type === undefined ? 'without an index' : `with an index of type ${type}`, () => {
        beforeAll(async () => {
          if (type === undefined) return;
          await db.createIndex(name, { path: 'n', type });
          while (!(await db.listIndexes(name)).indexes.every(({ ready }) => ready));
        });
        afterAll(async () => {
          if (type !== undefined) await db.deleteIndex(name, { path: 'n', type });
        });

        it('in eq, in and notIn', async () => {
          const others = numbers.length - 1;
          await each(some, async (n) => {
            expect([n, await idsOf({ filter: field('n').eq(n) })]).toEqual([n, [idOf(n)]]);
            expect((await db.count(name, { filter: field('n').notIn(n) })).count).toBe(others);
          });
          expect((await db.count(name, { filter: field('n').in(...numbers) })).count).toBe(numbers.length);
          expect((await db.count(name, { filter: field('n').in(...absent) })).count).toBe(0);
          expect(await idsOf({ filter: field('list').in(...some) })).toEqual(some.map(idOf).sort());
          expect(await idsOf({ filter: field('deep.n').in(...some, 5n) })).toEqual(some.map(idOf).sort());
          // A double is the integer that it is, and none of those that round to it.
          const exactly = (n: number) => numbers.filter((one) => same(one, n)).map(idOf);
          await each(some, async (n) => {
            expect(await idsOf({ filter: field('n').eq(Number(n)) })).toEqual(exactly(Number(n)));
          });
        });

        it('in ranges', async () => {
          await each(some, async (n) => {
            expect(await idsOf({ filter: field('n').range({ gte: n, lte: n }) })).toEqual([idOf(n)]);
            const greater = await db.count(name, { filter: field('n').range({ gt: n }) });
            expect([n, greater.count]).toEqual([n, numbers.filter((one) => one > n).length]);
            const less = await db.count(name, { filter: field('n').range({ lt: n, gte: -(2n ** 63n) }) });
            expect([n, less.count]).toEqual([n, numbers.filter((one) => one < n).length]);
          });
        });

        it('in facets', async () => {
          const { values } = await db.facets(name, 'n', { limit: 10_000 });
          expect(values.map(({ count }) => count)).toEqual(numbers.map(() => 1));
          expect(values.map(({ value }) => value).sort((a, b) => (a < b ? -1 : 1))).toEqual(sorted);
        });

        it('in orders, from page to page', async () => {
          for (const descending of [false, true]) {
            const seen: unknown[] = [];
            for (let cursor: string | undefined; ; ) {
              const page = await db.listPoints(name, { limit: 37, cursor, orderBy: { path: 'n', descending } });
              seen.push(...page.points.map(({ payload }) => payload.n));
              cursor = page.nextCursor;
              if (cursor === undefined) break;
            }
            expect(seen).toEqual(descending ? sorted.toReversed() : sorted);
          }
        });
      });
    }

    it('in groups', async () => {
      const branches = [{ vector: [0, 1], exact: true }];
      const { groups } = await db.query(name, { branches, groupBy: { path: 'n', groups: 1000, groupSize: 1 } });
      expect(groups.map(({ value }) => value).sort((a, b) => (a < b ? -1 : 1))).toEqual(sorted);
      for (const { value, hits } of groups) expect(hits.map(({ id }) => id)).toEqual([idOf(value as bigint)]);
    });

    it('in updates, which leave the numbers beside them as they are', async () => {
      for (const n of some.slice(0, 20)) {
        const set = { twin: n, 'deep.list': [n, 1.5] };
        expect(await db.updatePoints(name, { filter: field('n').eq(n), set })).toMatchObject({ updated: 1 });
        expect((await db.get(name, idOf(n)))?.payload).toEqual({
          ...{ n, list: [n, 'text'], label: String(n), twin: n },
          deep: { n, list: [n, 1.5] },
        });
        const replace = { n, list: [n, 'text'], deep: { n }, label: String(n) };
        expect(await db.updatePoints(name, { ids: [idOf(n)], replace })).toMatchObject({ updated: 1 });
        expect((await db.get(name, idOf(n)))?.payload).toEqual(replace);
      }
    });

    it('doubles stay the doubles that they are', async () => {
      const doubles = [0.1, 1e20, -1e300, 2 ** 53, 2 ** 60, 1.2345678901234568e18, 1.2345678901234568e20, 5e-324];
      const id = 'doubles';
      await db.upsert(name, [{ id, vector: [0, 0], payload: { doubles } }]);
      const kept = (await db.get(name, id))?.payload.doubles ?? [];
      expect((kept as number[]).map((one, at) => same(one, doubles[at]))).toEqual(doubles.map(() => true));
      for (const double of doubles) {
        expect(await idsOf({ filter: field('doubles').eq(double) })).toEqual([id]);
        expect(await idsOf({ filter: field('doubles').range({ gte: double, lte: double }) })).toEqual([id]);
      }
      await db.delete(name, id);
    });
  });

  describe(`values without a JSON form have one verdict, ${home}`, () => {
    const name = `verdict-${home}`;
    let db: VectronClient;
    beforeAll(async () => {
      db = client();
      await db.createCollection(name, { dimension: 2, distance: 'euclidean' });
      await db.upsert(name, [{ id: 'kept', vector: [1, 1], payload: { n: 1 } }]);
    });
    afterAll(() => db.deleteCollection(name));

    it.each(REFUSED)('%s is refused, wherever it stands', async (_, value) => {
      const at = (place: string) => ({ code: 'INVALID_ARGUMENT', details: { field: place } });
      const id = 'refused';
      const upsert = (payload: object) => db.upsert(name, [{ id, vector: [1, 2], payload: payload as never }]);
      await expect(upsert({ a: { b: [1, value] } })).rejects.toMatchObject(at('points[0].payload.a.b[1]'));
      const set = { x: [value] };
      await expect(db.updatePoints(name, { ids: ['kept'], set })).rejects.toMatchObject(at('set.x[0]'));
      await expect(db.updatePoints(name, { ids: ['kept'], replace: set })).rejects.toMatchObject(at('replace.x[0]'));
      const filters = [
        { field: 'n', eq: value },
        { field: 'n', in: [value] },
        { field: 'n', gte: value },
      ];
      for (const filter of value === undefined ? [] : filters) {
        await expect(db.count(name, { filter: filter as never })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
      expect(await db.get(name, id)).toBeUndefined();
      expect((await db.get(name, 'kept'))?.payload).toEqual({ n: 1 });
    });

    it('a property that is undefined is absent', async () => {
      const payload = { a: undefined, b: { c: undefined, d: 1 } };
      await db.upsert(name, [{ id: 'absent', vector: [1, 3], payload }]);
      expect((await db.get(name, 'absent'))?.payload).toEqual({ b: { d: 1 } });
      await db.updatePoints(name, { ids: ['absent'], set: { e: undefined, f: 2 } });
      expect((await db.get(name, 'absent'))?.payload).toEqual({ b: { d: 1 }, f: 2 });
      const filter = { field: 'f', eq: 2, in: undefined } as never;
      expect((await db.count(name, { filter })).count).toBe(1);
    });

    it('an object without a prototype, negative zero and text are taken as they are', async () => {
      const payload = Object.assign(Object.create(null) as object, { zero: -0, text: '12345678901234567890' });
      await db.upsert(name, [{ id: 'plain', vector: [1, 4], payload: payload as never }]);
      expect((await db.get(name, 'plain'))?.payload).toEqual({ zero: 0, text: '12345678901234567890' });
    });
  });
}

class Money {
  constructor(readonly cents: number) {}
  toJSON(): string {
    return `${this.cents} cents`;
  }
}
const circular: Record<string, unknown> = {};
circular.self = circular;

const REFUSED: [string, unknown][] = [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['2^64', 2n ** 64n],
  ['-2^63 - 1', -(2n ** 63n) - 1n],
  ['undefined in a list', undefined],
  ['a Date', new Date(0)],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a Float32Array', Float32Array.of(1)],
  ['a Buffer', Buffer.from('x')],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['an instance of a class with toJSON', new Money(5)],
  ['an object with a toJSON of its own', { toJSON: () => 1 }],
  ['an object with a symbol as a key', { [Symbol('s')]: 1 }],
  ['a sparse list', new Array(2)],
  ['a boxed number', Object(1)],
  ['a regular expression', /a/],
];

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { open, type PayloadIndex, type Point, type VectronClient } from '@vectron/sdk';
import * as fc from 'fast-check';

/** A place in the documented order: a class, and what counts within it; undefined: no value. */
type Place = readonly [number, bigint | string] | undefined;
/** A value of a payload; undefined: there is none. Of a list the first of its places counts. */
interface Sample {
  readonly json: unknown;
  readonly places: readonly Place[];
}
const sampleOf = (json: unknown, ...place: [number, bigint | string] | []): Sample => ({
  json,
  places: [place.length === 0 ? undefined : place],
});

const DAY = 1_704_067_200_000_000_000n;
/** 2024-01-01T00:00:00Z and a little more, in the forms of several tools and zones. */
const time = fc
  .tuple(fc.bigInt(0n, 3n), fc.constantFrom(0n, 1n, 123_456_789n, 999_999_999n), fc.nat(4))
  .map(([seconds, nanos, form]): Sample => {
    const [at, past, fraction] = [`0${seconds}`, `0${seconds}`, String(nanos).padStart(9, '0')];
    const text = [
      `2024-01-01T00:00:${at}.${fraction}Z`,
      `2024-01-01 00:00:${at}.${fraction}+00`,
      `2024-01-01T05:30:${past},${fraction}+05:30`,
      `2023-12-31 19:00:${at}.${fraction} -0500`,
      `Mon, 01 Jan 2024 00:00:${at} GMT`,
    ][form];
    return sampleOf(text, 2, DAY + seconds * 1_000_000_000n + (form === 4 ? 0n : nanos));
  });
const INTEGERS = [0n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n - 1n];
const number = fc.oneof(
  fc.constantFrom(...INTEGERS).map((n) => sampleOf(Number.isSafeInteger(Number(n)) ? Number(n) : n, 1, 2n * n)),
  fc.integer({ min: -5, max: 5 }).map((n) => sampleOf(n / 2, 1, BigInt(n))),
);
const TEXTS = ['', 'a', 'ab', 'B', '10', '9', '01/02/2024', '\uffff', '\u{1f600}', '20240101', '2024'];
const one: fc.Arbitrary<Sample> = fc.oneof(
  number,
  time,
  fc.constantFrom(...TEXTS).map((text) => sampleOf(text, 3, text)),
  fc.boolean().map((flag) => sampleOf(flag, 0, BigInt(flag))),
  fc.constantFrom(sampleOf(null), sampleOf({ a: 1 }), sampleOf(undefined)),
);
const list = fc
  .array(
    one.filter(({ json }) => json !== undefined),
    { maxLength: 3 },
  )
  .map((some): Sample => ({ json: some.map(({ json }) => json), places: some.flatMap(({ places }) => places) }));
const sample = fc.oneof({ arbitrary: one, weight: 4 }, list);

/** Descending, what has no value stays last. */
function compare(a: Place, b: Place, descending = false): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  if (descending) return compare(b, a);
  if (a[0] !== b[0]) return a[0] - b[0];
  const [x, y] = [a[1], b[1]];
  if (typeof x === 'string' || typeof y === 'string') {
    return Buffer.compare(Buffer.from(String(x)), Buffer.from(String(y)));
  }
  return x < y ? -1 : x > y ? 1 : 0;
}

describe('the order of a page', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-order-'));
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(dir);
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });

  it('is the documented one, each point once, with any number of shards, index and length of pages', async () => {
    const indexes: PayloadIndex[][] = [[], [{ path: 'v', type: 'keyword' }], [{ path: 'v', type: 'integer' }]];
    let made = 0;
    const property = fc.asyncProperty(
      fc.array(sample, { minLength: 1, maxLength: 24 }),
      fc.constantFrom(...indexes),
      fc.constantFrom(1, 3),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      async (samples, some, shards, descending, limit) => {
        const name = `ordered-${++made}`;
        await db.createCollection(name, { dimension: 1, shards, indexes: some });
        const points = samples.map(({ json }, n): Point => {
          const id = `p${String(n).padStart(2, '0')}`;
          return { id, vector: [1], payload: json === undefined ? {} : ({ v: json } as Point['payload']) };
        });
        await db.upsert(name, points);
        const placed = samples.map(({ places }, n) => {
          const [first] = [...places].sort((a, b) => compare(a, b, descending));
          return { id: points[n].id, place: first };
        });
        // The sort is stable, and the ids rise.
        const expected = placed.sort((a, b) => compare(a.place, b.place, descending));
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await db.listPoints(name, { limit, cursor, orderBy: { path: 'v', descending } });
          found.push(...page.points.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor);
        expect(found).toEqual(expected.map(({ id }) => id));
        await db.deleteCollection(name);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });
});

describe('datetimes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-datetimes-'));
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(dir);
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });

  /** Rising by a nanosecond or more, in no order of their texts. */
  const RISING = [
    'Mon, 01 Jan 2024 10:00:00 GMT',
    '2024-01-01 10:00:00.000000001',
    '2024-01-01T15:30:00.00000001+05:30',
    '2024-01-01T05:00:00.1-05:00',
    '2024-01-01 10:00:00.2+00',
    '20240101T100001Z',
    '2024-01-01T11:00:02+01:00[Europe/Berlin]',
    'Mon Jan 01 2024 12:00:03 GMT+0200 (Eastern European Standard Time)',
    '2024-01-01 10:00:04 +0000 UTC',
  ];

  it('are compared and ordered by time, and what cannot be read is counted with an example', async () => {
    await db.createCollection('times', { dimension: 1, shards: 3, indexes: [{ path: 'at', type: 'datetime' }] });
    const values: unknown[] = [...RISING, '01/02/2024', 1_704_103_200, null];
    const points = values.map((at, n): Point => ({ id: `p${n}`, vector: [1], payload: { at } as Point['payload'] }));
    await db.upsert('times', points);
    for (const [after, before] of [
      [0, 3],
      [2, 8],
    ]) {
      const filter = { field: 'at', gt: RISING[after], lt: RISING[before] };
      const { points: found } = await db.listPoints('times', { filter });
      expect(found.map(({ id }) => id)).toEqual(points.slice(after + 1, before).map(({ id }) => id));
    }
    const ordered = await db.listPoints('times', { orderBy: { path: 'at' } });
    const ids = ordered.points.map(({ id }) => id);
    // Numbers come before times, other texts after them, what has no value last.
    expect(ids).toEqual(['p10', ...RISING.map((_, n) => `p${n}`), 'p9', 'p11']);
    const status = async () => (await db.listIndexes('times')).indexes[0];
    const { unread, unreadExample } = await status();
    expect(unread).toBe(2);
    expect([
      { id: 'p9', value: '"01/02/2024"' },
      { id: 'p10', value: '1704103200' },
    ]).toContainEqual(unreadExample);
    await db.updatePoints('times', { ids: ['p9'], set: { at: '2024-02-01' } });
    expect(await status()).toMatchObject({ unread: 1, unreadExample: { id: 'p10', value: '1704103200' } });
    await db.deletePoints('times', { ids: ['p10'] });
    expect(await status()).not.toHaveProperty('unreadExample');
    expect((await status()).unread).toBe(0);
  });
});

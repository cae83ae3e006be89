import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { open, type Point, type StoredPoint, type VectronClient } from '@vectron/sdk';
import fc from 'fast-check';
import { exportedLine } from '../../export-point.js';
import { writeParquet } from '../../parquet-file.js';
import { writeJsonl } from '../../snapshot-file.js';
import { openSource } from '../open-source.js';
import { importFile } from './import-file.js';
import { identityOf } from './progress-file.js';

const DIMENSION = 5;
const dir = mkdtempSync(join(tmpdir(), 'vectron-round-trip-'));
let db: VectronClient;
beforeAll(async () => {
  db = await open(mkdtempSync(join(tmpdir(), 'vectron-round-trip-db-')));
});
afterAll(() => db.close());

/** Any float32 that a vector may hold: zeros of either sign, subnormal ones, and up to 2^60. */
const float = fc.oneof(
  { weight: 3, arbitrary: fc.float({ noNaN: true, min: -(2 ** 60), max: 2 ** 60 }) },
  fc.constantFrom(-0, 0, 2 ** -149, -(2 ** -149), 2 ** -126, Math.fround(0.1), 2 ** 60),
);
const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n });
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0.1,
    1e20,
    1e-300,
    5e-324,
    2 ** 53 - 1,
    2n ** 53n + 1n,
    'a\u2028b',
    '',
    '\u0000',
    '\ufeff',
    '😀',
  ),
  fc.string({ unit: 'grapheme' }),
  integer.map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
);
const key = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((name) => name !== '__proto__');
const value = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(key, tie('node'), { maxKeys: 3 }),
  ),
})).node;
const sparse = fc
  .uniqueArray(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 4 })
  .chain((indices) =>
    fc.tuple(
      fc.constant([...indices].sort((a, b) => a - b)),
      fc.array(float, { minLength: indices.length, maxLength: indices.length }),
    ),
  )
  .map(([indices, values]) => ({ indices, values }));
const points: fc.Arbitrary<Point[]> = fc.uniqueArray(
  fc.record(
    {
      id: fc
        .oneof(
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
          fc.constantFrom('1', '.', '"', 'a/b', '\u2028'),
        )
        .filter((id) => !/[\0\ufffd]/.test(id)),
      vector: fc.array(float, { minLength: DIMENSION, maxLength: DIMENSION }),
      payload: fc.dictionary(key, value, { maxKeys: 4 }),
      vectors: fc.record({ t: fc.array(float, { minLength: 2, maxLength: 2 }) }),
      sparse: fc.record({ s: sparse }),
      ttlSeconds: fc.integer({ min: 100_000, max: 4_000_000_000 }),
    },
    { requiredKeys: ['id', 'vector'] },
  ),
  { minLength: 1, maxLength: 12, selector: ({ id }) => id },
);

/** Bits of the floats, so that -0 is no 0. */
const bits = (floats: ArrayLike<number> | undefined) =>
  floats && Array.from(new Uint32Array(Float32Array.from(floats).buffer));
const shown = ({ id, vector, payload, vectors, sparse: few }: StoredPoint) => ({
  ...{ id, payload, vector: bits(vector) },
  vectors: vectors && Object.entries(vectors).map(([name, one]) => [name, bits(one)]),
  sparse: few && Object.entries(few).map(([name, one]) => [name, one.indices, bits(one.values)]),
});
const stored = async (name: string) => (await db.listPoints(name, { limit: 1_000, includeVectors: true })).points;
async function* each<T>(items: readonly T[]) {
  yield* items;
}

const FORMATS: Record<string, (file: string, all: StoredPoint[]) => Promise<void>> = {
  jsonl: (file, all) => writeJsonl(file, each(all.map(exportedLine))),
  parquet: (file, all) => writeParquet(file, each(all)),
};

describe('points that were exported', () => {
  it.each(Object.keys(FORMATS))('to .%s and imported again are the same, bit for bit', async (format) => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(points, async (some) => {
        run += 1;
        const [from, to] = [`${format}-from-${run}`, `${format}-to-${run}`];
        const options = {
          dimension: DIMENSION,
          distance: 'euclidean',
          sparseVectors: ['s'],
          namedVectors: [{ name: 't', dimension: 2, distance: 'euclidean' }],
        } as const;
        await db.createCollection(from, options);
        await db.upsert(from, some);
        const before = await stored(from);
        const file = join(dir, `points-${run}.${format}`);
        await FORMATS[format](file, before);
        const imported = await importFile(db, {
          ...{ source: await openSource(file), file, collection: to, distance: 'euclidean' },
          ...{ report: `${file}.rejected.jsonl`, identity: await identityOf(file, to, {}) },
        });
        const after = await stored(to);
        expect(imported.tally).toMatchObject({ rows: some.length, points: some.length, refused: 0, leftOut: {} });
        expect(after.map(shown)).toEqual(before.map(shown));
        // What is left of a time to live is rounded up to whole seconds.
        const apart = after.map(({ expiresAt }, at) =>
          Math.abs((expiresAt?.getTime() ?? 0) - (before[at].expiresAt?.getTime() ?? 0)),
        );
        expect(apart.filter((ms) => ms > 2_000)).toEqual([]);
        await db.deleteCollection(from);
        await db.deleteCollection(to);
      }),
      { numRuns: 25, seed: 20_261_127 },
    );
  });
});

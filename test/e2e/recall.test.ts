import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type CollectionOptions, open, type SearchSettings, type VectronClient } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

/** With `VECTRON_ALL_DATA=1 npm run jest -- test/e2e/recall` every data set is tried; otherwise those that went wrong most. */
const ALL = process.env.VECTRON_ALL_DATA === '1';

/** How far what is said may be from what is reached, and what is reached below what was asked. */
const SAID_OFF = 0.02;
const BELOW_ASKED = 0.01;

/** The same numbers each time (the generator of POSIX). */
class Numbers {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to 1. */
  uniform(): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return this.#state / 0x7fffffff;
  }

  gauss(): number {
    return Math.sqrt(-2 * Math.log(this.uniform() + 1e-12)) * Math.cos(2 * Math.PI * this.uniform());
  }

  vector(dimension: number): Float32Array {
    return Float32Array.from({ length: dimension }, () => this.gauss());
  }

  /** Another vector, about `spread` away in each dimension. */
  beside(vector: Float32Array, spread: number): Float32Array {
    return vector.map((x) => x + spread * this.gauss());
  }
}

type Named = { id: string; vector: Float32Array };

/** An embedded collection `c` with these points, indexed, while `use` runs. */
async function withPoints(
  collection: CollectionOptions,
  points: readonly Named[],
  use: (db: VectronClient) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-recall-'));
  const db = await open(dir);
  try {
    await db.createCollection('c', collection);
    for (let from = 0; from < points.length; from += 500) await db.upsert('c', points.slice(from, from + 500));
    await until(
      'the index has caught up',
      () => db.collectionStatus('c'),
      ({ indexLag }) => indexLag === 0,
    );
    await until(
      'the recall is measured',
      () => db.search('c', { vector: points[0].vector }),
      // Nothing is said while nothing is measured.
      ({ recallEstimate }) => recallEstimate !== undefined,
    );
    await use(db);
  } finally {
    await db.close();
    rmSync(dir, { recursive: true });
  }
}

/** Means over the queries of what is reached and said. Ties with the last exact hit count as right. */
async function recallOf(
  db: VectronClient,
  queries: readonly Float32Array[],
  how: SearchSettings & { topK: number },
): Promise<{ reached: number; said: number }> {
  let [right, said] = [0, 0];
  for (const vector of queries) {
    const exact = await db.search('c', { vector, topK: how.topK, exact: true });
    const found = await db.search('c', { vector, ...how });
    const worst = exact.hits.at(-1)?.score ?? Number.POSITIVE_INFINITY;
    right += found.hits.filter(({ score }) => score >= worst).length;
    expect(found.recallEstimate).toBeDefined();
    said += found.recallEstimate ?? 0;
  }
  return { reached: right / (queries.length * how.topK), said: said / queries.length };
}

type Clusters = {
  dimension: number;
  distance: 'cosine' | 'euclidean';
  clusters: number;
  spread: number;
  quantization: 'int8' | 'none';
};

const CLUSTERS: (Clusters & { always: boolean })[] = (
  [
    [32, 'cosine', 40, 0.01],
    [384, 'cosine', 40, 0.01],
    [384, 'cosine', 40, 0.003],
    [384, 'cosine', 8, 0.01],
    [384, 'euclidean', 40, 0.003],
  ] as const
).flatMap(([dimension, distance, clusters, spread]) =>
  (['int8', 'none'] as const).map((quantization) => ({
    ...{ dimension, distance, clusters, spread, quantization },
    always: quantization === 'int8' && dimension === 384 && (clusters === 8 || spread === 0.003),
  })),
);

describe('recall of near-duplicates: versions of one document, products of one template', () => {
  it.each(CLUSTERS.filter(({ always }) => ALL || always))(
    'is what is asked for and what is said: $dimension dimensions, $distance, $clusters clusters of spread $spread, $quantization',
    async ({ dimension, distance, clusters, spread, quantization }) => {
      const numbers = new Numbers(3);
      const centres = Array.from({ length: clusters }, () => numbers.vector(dimension));
      const points = Array.from({ length: 4000 }, (_, i) => ({
        id: `p${i}`,
        vector: numbers.beside(centres[i % clusters], spread),
      }));
      await withPoints({ dimension, distance, vectors: { quantization } }, points, async (db) => {
        const some = Array.from({ length: 50 }, (_, q) => points[(q * 79) % points.length].vector);
        const queries = some.map((vector) => numbers.beside(vector, 0.1 * spread));
        for (const how of [{}, { recall: 0.95 }, { ef: 1000 }]) {
          const { reached, said } = await recallOf(db, queries, { topK: 10, ...how });
          console.log(`${JSON.stringify(how)}: ${reached.toFixed(3)} reached, ${said.toFixed(3)} said`);
          expect(reached).toBeGreaterThanOrEqual(said - SAID_OFF);
          if (how.recall) expect(reached).toBeGreaterThanOrEqual(how.recall - BELOW_ASKED);
        }
        for (const how of [{}, { recall: 0.95 }]) {
          const self = await recallOf(db, some, { topK: 1, ...how });
          expect(self.reached).toBeGreaterThanOrEqual(self.said - SAID_OFF);
          expect(self.reached).toBeGreaterThanOrEqual(1 - SAID_OFF);
        }
      });
    },
  );
});

describe('points beside many equal vectors: boilerplate, empty texts', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8].filter((seed) => ALL || seed <= 2))(
    'are found by their own vector, as many of 200 as were asked for: seed %i',
    async (seed) => {
      const numbers = new Numbers(seed);
      const dimension = 32;
      const same = numbers.vector(dimension);
      const points = Array.from({ length: 2000 }, (_, i) => [
        { id: `same${i}`, vector: same },
        { id: `one${i}`, vector: numbers.vector(dimension) },
      ]).flat();
      for (let i = points.length - 1; i > 0; i--) {
        const j = Math.floor(numbers.uniform() * (i + 1));
        [points[i], points[j]] = [points[j], points[i]];
      }
      const ones = points.filter(({ id }) => id.startsWith('one')).slice(0, 200);
      await withPoints({ dimension, distance: 'euclidean', vectors: { quantization: 'none' } }, points, async (db) => {
        const found = { default: 0, 'ef 2000': 0, 'recall 0.95': 0, exact: 0 };
        const ways = [{}, { ef: 2000 }, { recall: 0.95 }, { exact: true }];
        for (const { id, vector } of ones)
          for (const [at, name] of (Object.keys(found) as (keyof typeof found)[]).entries()) {
            const { hits } = await db.search('c', { vector, topK: 5, ...ways[at] });
            if (hits[0]?.id === id) found[name]++;
          }
        const { 'recall 0.95': asked, ...complete } = found;
        expect(complete).toEqual({ default: 200, 'ef 2000': 200, exact: 200 });
        // A request for 0.95 takes the cheapest search that reaches it, which differs with what was measured.
        expect(asked).toBeGreaterThanOrEqual(0.95 * 200);
      });
    },
  );
});

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Point, upsertAll, type VectronClient } from '@vectron/sdk';
import { type Matrix, parseNpy, row } from './import/npy.js';
import { progressBar } from './output.js';

const directory = join(dirname(fileURLToPath(import.meta.url)), '../../../bench/datasets/debian-packages');

export const SAMPLE = 'debian-packages';
/** A point whose neighbours are known to every reader: mail servers. */
export const SAMPLE_QUERY = 'exim4-daemon-heavy';

export interface Dataset {
  readonly vectors: Matrix;
  readonly payloads: Record<string, unknown>[];
  readonly queries: Matrix;
  /** Rows of the exact nearest points of each query, best first. */
  readonly neighbours: Matrix;
}

/** Text embeddings of 20,000 Debian packages; see bench/datasets/debian-packages/README.md. */
export function loadDataset(): Dataset {
  const npy = (name: string) => parseNpy(readFileSync(join(directory, name)));
  const lines = gunzipSync(readFileSync(join(directory, 'payload.jsonl.gz')))
    .toString()
    .trim()
    .split('\n');
  return {
    vectors: npy('points.f16.npy'),
    payloads: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    queries: npy('queries.f16.npy'),
    neighbours: npy('neighbors.i32.npy'),
  };
}

/** The data set as points; the package name is the id. */
export function* datasetPoints({ vectors, payloads }: Dataset): Iterable<Point> {
  for (let at = 0; at < vectors.rows; at++) {
    yield { id: payloads[at].name as string, vector: row(vectors, at), payload: payloads[at] };
  }
}

/** There while the sample is being loaded; a start that finds it goes on loading. */
const unfinished = (data: string) => join(data, 'sample.unfinished');

export const sampleIsUnfinished = (data: string): boolean => existsSync(unfinished(data));

/** Makes and fills the sample collection, showing progress. May be repeated. */
export async function loadSample(client: VectronClient, data: string): Promise<void> {
  writeFileSync(unfinished(data), '', { mode: 0o600 });
  const dataset = loadDataset();
  if (!(await client.listCollections()).some((one) => one.name === SAMPLE)) {
    await client.createCollection(SAMPLE, {
      dimension: dataset.vectors.columns,
      distance: 'cosine',
      rerank: { enabled: true, textFields: ['name', 'summary'], fieldBoosts: { name: 2 } },
    });
  }
  const bar = progressBar(`loading ${SAMPLE}`, dataset.vectors.rows);
  await upsertAll(client, SAMPLE, datasetPoints(dataset), {
    batchSize: 250,
    onProgress: ({ upserted }) => bar.update(upserted),
  });
  bar.stop();
  rmSync(unfinished(data));
}

// Requests of the sample data set, and the load generator that sends them.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gateway } from '@vectron/proto';
import { upsertAll } from '@vectron/sdk';
import { row } from '../../apps/cli/dist/import/npy.js';
import { datasetPoints } from '../../apps/cli/dist/sample.js';
import { cache } from '../../scripts/setup.mjs';

const LOADGEN = join(cache, 'edges-loadgen');

export function buildLoadgen() {
  const cwd = fileURLToPath(new URL('./loadgen', import.meta.url));
  execFileSync('go', ['build', '-trimpath', '-o', LOADGEN, '.'], { cwd, stdio: 'inherit' });
}

/** As many different queries as asked for: those of the data set, each moved a little, so that none is in a cache. */
export function* distinctQueries({ queries }, count, random) {
  for (let at = 0; at < count; at++) {
    const vector = Float32Array.from(row(queries, at % queries.rows));
    for (let d = 0; d < vector.length; d++) vector[d] += (random() - 0.5) * 0.004;
    yield vector;
  }
}

/** Writes requests, each with its length before it. */
export function writeRequests(file, bodies) {
  const parts = [];
  for (const body of bodies) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    parts.push(length, body);
  }
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

/** Search requests as a client of the contract sends them: repeated float on gRPC, JSON numbers on REST. */
export const searchForms = {
  grpc: (collection, vector, more = {}) =>
    Buffer.from(
      gateway.SearchRequest.encode(
        gateway.SearchRequest.fromPartial({ collection, vector: Array.from(vector), topK: 10, ...more }),
      ).finish(),
    ),
  http: (_collection, vector, more = {}) =>
    Buffer.from(JSON.stringify({ vector: Array.from(vector, (x) => Math.fround(x)), topK: 10, ...more })),
};

export const searchPath = {
  grpc: () => '/vectron.v1.VectronService/Search',
  http: (collection) => `/v1/collections/${collection}/points/search`,
};

/** Runs the load generator; resolves with its report. */
export function load(options) {
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, String(value)]);
  return new Promise((resolve, reject) => {
    const child = spawn(LOADGEN, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('exit', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`the load generator ended with ${code}`)),
    );
  });
}

export function tokenFile(dir, name, token) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.token`);
  if (!existsSync(file)) writeFileSync(file, token, { mode: 0o600 });
  return file;
}

/** Fills a collection, with `copies` of the data set, and waits until the index holds all of it. */
export async function fill(
  client,
  collection,
  dataset,
  { concurrency = 8, batchSize = 100, copies = 1, settings = {} } = {},
) {
  await client.createCollection(collection, { dimension: dataset.vectors.columns, ...settings });
  const started = performance.now();
  await upsertAll(client, collection, copiesOf(dataset, copies), { batchSize, concurrency });
  const acknowledgedMs = performance.now() - started;
  for (;;) {
    const { points, indexLag } = await client.collectionStatus(collection);
    if (points === dataset.vectors.rows * copies && indexLag === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { acknowledgedMs, indexedMs: performance.now() - started };
}

function* copiesOf(dataset, copies) {
  for (let copy = 0; copy < copies; copy++) {
    for (const point of datasetPoints(dataset)) yield copy === 0 ? point : { ...point, id: `${point.id}#${copy}` };
  }
}

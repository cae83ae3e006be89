// Requests of the sample data set, and collections that hold it.
import { gateway } from '@vectron/proto';
import { upsertAll } from '@vectron/sdk';
import { row } from '../../apps/cli/dist/import/npy.js';
import { datasetPoints } from '../../apps/cli/dist/sample.js';

/** As many different queries as asked for: those of the data set, each moved a little, so that none is in a cache. */
export function* distinctQueries({ queries }, count, random) {
  for (let at = 0; at < count; at++) {
    const vector = Float32Array.from(row(queries, at % queries.rows));
    for (let d = 0; d < vector.length; d++) vector[d] += (random() - 0.5) * 0.004;
    yield vector;
  }
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

/** Fills a collection, with `copies` of the data set, and waits until the index holds all of it. */
export async function fill(
  client,
  collection,
  dataset,
  { concurrency = 8, batchSize = 100, copies = 1, settings = {} } = {},
) {
  await client.createCollection(collection, { dimension: dataset.vectors.columns, ...settings });
  const started = performance.now();
  await upsertAll(client, collection, copiesOf(dataset, copies), { batchSize, maxInFlight: concurrency });
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

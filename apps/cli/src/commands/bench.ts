import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { connect, upsertAll, type VectronClient } from '@vectron/sdk';
import type { Command } from 'commander';
import { build, type Histogram } from 'hdr-histogram-js';
import { apiKeyOf, type ClientOptions, clientConfig, withClient } from '../client.js';
import { row } from '../import/npy.js';
import { wholeFlag } from '../number-flag.js';
import { progressBar, show } from '../output.js';
import type { Define } from '../program.js';
import { type Dataset, datasetPoints, loadDataset } from '../sample.js';

interface Row {
  readonly what: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly recallAt10?: number;
}

const BATCH = 100;

/** Measures a running server with the sample data set: upserts in batches of 100, searches at 1, 8 and 32 clients. */
export function benchCommand(program: Command, client: Define): void {
  client(program, 'bench', 'measure a running server with the sample data set, over REST and gRPC')
    .option('--grpc-url <url>', 'gRPC address of the server', 'grpc://127.0.0.1:8081')
    .option('--seconds <n>', 'length of each search measurement', wholeFlag(1), 10)
    .option('--out <dir>', 'directory for the result file', 'bench/results')
    .action(async (options: ClientOptions) => {
      const config = clientConfig(options);
      const apiKey = apiKeyOf(config, options);
      const dataset = loadDataset();
      const urls = { rest: config.url, grpc: options.grpcUrl as string };
      const name = `bench-${process.pid}`;
      const rows: Row[] = [];
      const rest = connect(urls.rest, { apiKey });
      try {
        for (const [wire, url] of Object.entries(urls)) {
          const db = connect(url, { apiKey });
          await db.createCollection(name, { dimension: dataset.vectors.columns });
          rows.push(await measureUpserts(db, wire, name, dataset));
          await indexed(rest, name);
          for (const clients of [1, 8, 32])
            rows.push(await measureSearches(db, wire, name, dataset, clients, options.seconds as number));
          await db.deleteCollection(name);
          await db.close();
        }
      } finally {
        await rest.deleteCollection(name).catch(() => undefined);
        await rest.close();
      }
      const stats = await withClient(options, (db) => db.admin.stats());
      const result = {
        at: new Date().toISOString(),
        machine: machine(),
        dataset: 'debian-packages 20000 x 384 cosine, top 10, default settings',
        rows,
        stats,
      };
      mkdirSync(options.out as string, { recursive: true });
      const file = join(options.out as string, `load-${result.at.replace(/[:.]/g, '-')}.json`);
      writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
      show(result, options.json === true, {
        head: ['what', 'clients', 'per second', 'p50 ms', 'p99 ms', 'recall@10'],
        rows: rows.map((one) => [
          one.what,
          one.clients,
          Math.round(one.perSecond),
          one.p50Ms?.toFixed(2),
          one.p99Ms?.toFixed(2),
          one.recallAt10?.toFixed(4),
        ]),
      });
      if (!options.json) console.log(`written to ${file}`);
    });
}

async function measureUpserts(db: VectronClient, wire: string, name: string, dataset: Dataset): Promise<Row> {
  const maxInFlight = 4;
  const bar = progressBar(`${wire} upserts`, dataset.vectors.rows);
  const started = performance.now();
  await upsertAll(db, name, datasetPoints(dataset), {
    batchSize: BATCH,
    maxInFlight,
    onProgress: ({ upserted }) => bar.update(upserted),
  });
  bar.stop();
  const seconds = (performance.now() - started) / 1000;
  return {
    what: `${wire} upsert, points in batches of ${BATCH}`,
    clients: maxInFlight,
    perSecond: dataset.vectors.rows / seconds,
  };
}

async function indexed(db: VectronClient, name: string): Promise<void> {
  for (;;) {
    const { points, indexLag } = await db.collectionStatus(name);
    if (points > 0 && indexLag === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function measureSearches(
  db: VectronClient,
  wire: string,
  name: string,
  dataset: Dataset,
  clients: number,
  seconds: number,
): Promise<Row> {
  const histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  let done = 0;
  let found = 0;
  const started = performance.now();
  const end = started + seconds * 1000;
  let next = 0;
  const one = async () => {
    while (performance.now() < end) {
      const at = next++ % dataset.queries.rows;
      const begun = performance.now();
      const { hits } = await db.search(name, { vector: row(dataset.queries, at), topK: 10 });
      histogram.recordValue(Math.round((performance.now() - begun) * 1000));
      const truth = new Set(
        Array.from(row(dataset.neighbours, at).subarray(0, 10), (index) => dataset.payloads[index].name),
      );
      found += hits.filter((hit) => truth.has(hit.id)).length;
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, one));
  const elapsed = (performance.now() - started) / 1000;
  const percentile = (share: number) => histogram.getValueAtPercentile(share) / 1000;
  return {
    what: `${wire} search`,
    clients,
    perSecond: done / elapsed,
    p50Ms: percentile(50),
    p99Ms: percentile(99),
    recallAt10: found / (done * 10),
  };
}

/** What the figures were measured on; the client shares the machine with the server. */
function machine() {
  return {
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One registry a process; services of a single process share it. Names and labels are listed in docs/metrics.md. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'vectron_requests_total',
      help: 'Public calls by operation and outcome (OK or error code).',
      labelNames: ['operation', 'code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'vectron_request_seconds',
      help: 'Time of public calls.',
      labelNames: ['operation'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    points: new Gauge({
      name: 'vectron_shard_points',
      help: 'Live points of a shard.',
      labelNames: ['shard'],
      registers,
    }),
    indexLag: new Gauge({
      name: 'vectron_shard_index_lag',
      help: 'Points of a shard that are scanned because the index does not hold them yet.',
      labelNames: ['shard'],
      registers,
    }),
    shardBytes: new Gauge({
      name: 'vectron_shard_bytes',
      help: 'Bytes of a shard in memory and on disk.',
      labelNames: ['shard', 'where'],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

import { AggregatorRegistry, Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createProcessMetrics, type ProcessMetrics, type ProcessOptions } from './process-metrics.js';

const CUT_REASONS = ['too_many', 'unread', 'flood', 'refused_calls', 'pipelined'];

/**
 * What the gateways of a process tell, beside what the process tells of itself. Services of a single process share its registry. Names
 * and labels are listed in docs/metrics.md. A thread has a registry of its own; `sumOfMetrics` adds them up.
 */
export function createMetrics(options: Partial<ProcessOptions> = {}) {
  const exposed = createProcessMetrics({ service: 'gateway', ...options });
  const registers = [exposed.registry];
  const metrics = {
    ...exposed,
    requests: new Counter({
      name: 'vectron_requests_total',
      help: 'Public calls by operation and outcome (OK or error code).',
      labelNames: ['operation', 'code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'vectron_request_seconds',
      help: 'Duration of public calls, in seconds.',
      labelNames: ['operation'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    running: new Gauge({
      name: 'vectron_requests_running',
      help: 'Public requests in progress, by kind: read, scan (slow reads), write, bulk (large writes), watch or manage.',
      labelNames: ['kind'],
      registers,
    }),
    room: new Gauge({
      name: 'vectron_requests_room',
      help: 'Maximum number of concurrent public requests, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    waiting: new Gauge({
      name: 'vectron_requests_waiting',
      help: 'Public requests that wait for others to finish, by kind.',
      labelNames: ['kind'],
      registers,
    }),
    shed: new Counter({
      name: 'vectron_requests_shed_total',
      help: 'Public requests that were refused early because they could not have started in time.',
      labelNames: ['kind'],
      registers,
    }),
    limited: new Counter({
      name: 'vectron_requests_limited_total',
      help: 'Public requests that were refused by the rate limit of their key.',
      registers,
    }),
    connectionsCut: new Counter({
      name: 'vectron_connections_cut_total',
      help: 'Connections that a public listener (http or grpc) closed or did not accept, by reason: too_many, unread, flood, refused_calls, pipelined.',
      labelNames: ['listener', 'reason'],
      registers,
    }),
    clientFaults: new Counter({
      name: 'vectron_client_faults_total',
      help: 'Socket errors caused by a client that no part of the process handled, by code.',
      labelNames: ['code'],
      registers,
    }),
    cancelled: new Counter({
      name: 'vectron_requests_cancelled_total',
      help: 'Public requests whose clients disconnected before the answer.',
      registers,
    }),
    cache: new Counter({
      name: 'vectron_result_cache_total',
      help: 'Lookups of the result cache by tier (memory, redis, under_way) and result (hit, miss, failed).',
      labelNames: ['tier', 'result'],
      registers,
    }),
    hedges: new Counter({
      name: 'vectron_hedged_reads_total',
      help: 'Reads that were also sent to a second replica, by the one that answered first (first or second).',
      labelNames: ['won'],
      registers,
    }),
    breakers: new Gauge({
      name: 'vectron_breaker_open',
      help: '1 while calls to a service are refused because it failed repeatedly.',
      labelNames: ['service'],
      registers,
      // Of several gateways, as the one that has it says.
      aggregator: 'max',
    }),
    gatewayRequests: new Counter({
      name: 'vectron_gateway_requests_total',
      help: 'Public calls by the gateway of this process that answered them, if it runs several (--gateways).',
      labelNames: ['gateway'],
      registers,
    }),
    gatewayConnections: new Gauge({
      name: 'vectron_gateway_connections',
      help: 'Open connections, by the gateway of this process that serves them, if it runs several.',
      labelNames: ['gateway'],
      registers,
    }),
    gatewayRestarts: new Counter({
      name: 'vectron_gateway_restarts_total',
      help: 'Gateways of this process that failed and were restarted, if it runs several.',
      labelNames: ['gateway'],
      registers,
    }),
    points: new Gauge({
      name: 'vectron_shard_points',
      help: 'Live points of a shard.',
      labelNames: ['shard', 'collection', 'tenant'],
      registers,
    }),
    indexLag: new Gauge({
      name: 'vectron_shard_index_lag',
      help: 'Points of a shard that searches scan because they are not indexed yet.',
      labelNames: ['shard', 'collection', 'tenant'],
      registers,
    }),
    shardSearches: new Counter({
      name: 'vectron_shard_searches_total',
      help: 'Searches of a shard, over all replicas, since the metrics were first read.',
      labelNames: ['shard', 'collection', 'tenant'],
      registers,
    }),
    replicas: new Gauge({
      name: 'vectron_shard_replicas',
      help: 'Replicas of a shard that are not damaged.',
      labelNames: ['shard', 'collection', 'tenant'],
      registers,
    }),
    collectionPoints: new Gauge({
      name: 'vectron_collection_points',
      help: 'Live points of a collection.',
      labelNames: ['collection', 'tenant'],
      registers,
    }),
    collectionRecall: new Gauge({
      name: 'vectron_collection_recall_estimate',
      help: 'Expected recall of a search without recall, for the shard with the lowest value; absent while nothing was measured.',
      labelNames: ['collection', 'tenant', 'vector'],
      registers,
    }),
    recallAsked: new Counter({
      name: 'vectron_collection_recall_asked_total',
      help: 'Shard searches that asked for a recall.',
      labelNames: ['collection', 'tenant', 'vector'],
      registers,
    }),
    recallUnmet: new Counter({
      name: 'vectron_collection_recall_unmet_total',
      help: 'Shard searches that asked for a recall which the shard could not give.',
      labelNames: ['collection', 'tenant', 'vector'],
      registers,
    }),
    shardSnapshots: new Gauge({
      name: 'vectron_shard_snapshots',
      help: 'Open snapshots that the replicas of a shard hold.',
      labelNames: ['shard', 'collection', 'tenant'],
      registers,
    }),
    shardBytes: new Gauge({
      name: 'vectron_shard_bytes',
      help: 'Bytes of a shard in memory and on disk.',
      labelNames: ['shard', 'collection', 'tenant', 'where'],
      registers,
    }),
  };
  // A count that begins at nothing shows its first increase, and is told from one that does not exist.
  for (const won of ['first', 'second']) metrics.hedges.inc({ won }, 0);
  for (const result of ['hit', 'miss']) metrics.cache.inc({ tier: 'memory', result }, 0);
  for (const listener of ['http', 'grpc']) {
    for (const reason of CUT_REASONS) metrics.connectionsCut.inc({ listener, reason }, 0);
  }
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** What a registry holds, such that it can be sent to another thread. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What a registry holds now, for `sumOfMetrics`. */
export async function snapshotOf({ registry, collectors }: ProcessMetrics): Promise<MetricsSnapshot> {
  for (const collect of collectors) collect();
  return registry.getMetricsAsJSON();
}

/** The registries of several threads as one: counts and gauges are added, unless a metric says otherwise. */
export const sumOfMetrics = (snapshots: readonly MetricsSnapshot[]): Registry =>
  AggregatorRegistry.aggregate([...snapshots] as never) as unknown as Registry;

/** Counts public calls. A label's child is looked up once, because that costs more than counting. */
export function requestMeter({ requests, requestSeconds }: Metrics) {
  const seconds = new Map<string, { observe(value: number): void }>();
  const counts = new Map<string, { inc(): void }>();
  return (operation: string, code: string, took: number) => {
    const key = `${operation} ${code}`;
    let count = counts.get(key);
    if (count === undefined) {
      count = requests.labels({ operation, code });
      counts.set(key, count);
    }
    count.inc();
    let histogram = seconds.get(operation);
    if (histogram === undefined) {
      histogram = requestSeconds.labels({ operation });
      seconds.set(operation, histogram);
    }
    histogram.observe(took);
  };
}

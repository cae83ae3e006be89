import { setImmediate } from 'node:timers/promises';
import { ERROR_CODES, toVectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import { type admin, placement, reranker, type worker } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import type { Backends } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import { collectionInfo } from '../data/collection.service.js';
import { SlowQueries } from '../edge/slow-queries.js';
import { MetricsSum } from '../shared/metrics-sum.js';
import { stateName } from './cluster.service.js';
import { RecallTotals, type ReplicaRecalls } from './recall-counts.js';
import { SearchTotals } from './search-totals.js';

/** A worker with what its last heartbeat said. */
export type WorkerView = Omit<placement.WorkerInfo, 'last' | 'state' | 'stateChanges'> & {
  /** JOINING, READY, ACTIVE, STANDBY, UNHEALTHY, DRAINING, ERROR, RETRY or REMOVED. */
  state: string;
  stateChanges: { state: string; atMs: number; reason: string }[];
  cpuUsagePercent: number;
  memoryBytes: number;
  diskUsedBytes: number;
  queriesPerSecond: number;
  shards: ShardMetricsView[];
};

const PROBE_MS = 2_000;
const MINUTE_MS = 60_000;
/** What collections are told of as that are not told of one by one. No name of one: those have no brackets. */
const OTHERS = '(others)';
/** Collections between two chances for requests. */
const AT_ONCE = 50;
/** How long an answer about the health of the system is given again. */
const HEALTH_MS = 1_000;
/** Errors that no caller can help. */
const ITS_OWN_FAULT: ReadonlySet<string> = new Set(
  Object.entries(ERROR_CODES).flatMap(([code, { http }]) => (http >= 500 && http !== 501 ? [code] : [])),
);
const probe = () => callContext({ timeoutMs: PROBE_MS });

export interface Health {
  status: 'ok' | 'degraded';
  services: { service: string; status: 'ok' | 'down'; latencyMs: number; error: string }[];
  workers: { workerId: string; healthy: boolean; shards: number }[];
}

/** What operators ask of the whole system; every number is measured at the time of the call or by a heartbeat. */
export class SystemService {
  #health: { readonly atMs: number; readonly answer: Promise<Health> } | undefined;
  readonly #recalls = new RecallTotals();
  readonly #searches = new SearchTotals();
  readonly #counts: { atMs: number; all: number; failed: number }[] = [];

  constructor(
    private readonly backends: Backends,
    private readonly metrics: Metrics,
    private readonly config: Pick<GatewayConfig, 'metricsCollections' | 'slowQueryMs'>,
    private readonly sum: MetricsSum = new MetricsSum(metrics),
    private readonly slow = new SlowQueries(),
  ) {}

  /**
   * What every service says. `ok`: all answer and every worker is healthy. Asked at most once a second, whoever asks and how
   * often: readiness is for everybody, and the list of workers grows with the system.
   */
  health(): Promise<Health> {
    const nowMs = Date.now();
    if (this.#health === undefined || nowMs - this.#health.atMs >= HEALTH_MS) {
      this.#health = { atMs: nowMs, answer: this.#askAll() };
    }
    return this.#health.answer;
  }

  async #askAll(): Promise<Health> {
    const { authInternal, placement: pd, reranker: rerank } = this.backends;
    const [services, workers] = await Promise.all([
      Promise.all([
        timed('auth', () => authInternal.ping({}, probe())),
        timed('placement-driver', () => pd.getLeader({}, probe())),
        timed('reranker', () => rerank.getStrategy(reranker.GetStrategyRequest.create(), probe())),
      ]),
      this.#workers(),
    ]);
    const healthy =
      services.every((one) => one.status === 'ok') && workers.every((one) => one.healthy) && workers.length > 0;
    const gateway = { service: 'gateway', status: 'ok' as const, latencyMs: 0, error: '' };
    return {
      status: healthy ? 'ok' : 'degraded',
      services: [gateway, ...services],
      workers: workers.map((one) => ({
        workerId: one.workerId,
        healthy: one.healthy,
        shards: one.last?.shards.length ?? 0,
      })),
    };
  }

  async stats() {
    const [{ collections }, users, workers] = await Promise.all([
      this.backends.placement.listCollections({ tenantId: '' }, probe()),
      this.backends.authInternal.stats({}, probe()),
      this.#workers(),
    ]);
    const shards = collections.flatMap((one) => one.shards);
    const total = (of: (shard: placement.Shard) => number | undefined) =>
      shards.reduce((sum, shard) => sum + (of(shard) ?? 0), 0);
    const requests = await this.sum.requests();
    return {
      collections: collections.length,
      shards: shards.length,
      points: total((shard) => shard.metrics?.livePoints),
      indexLag: total((shard) => shard.metrics?.tailPoints),
      shardMemoryBytes: total((shard) => shard.metrics?.memoryBytes),
      shardDiskBytes: total((shard) => shard.metrics?.diskBytes),
      users: users.users,
      apiKeys: users.apiKeys,
      workers: workers.length,
      healthyWorkers: workers.filter((one) => one.healthy).length,
      queriesPerSecond: workers.reduce((sum, one) => sum + (one.last?.queriesPerSecond ?? 0), 0),
      gateway: {
        uptimeSeconds: Math.round(process.uptime()),
        memoryBytes: process.memoryUsage.rss(),
        requests: requests.reduce((sum, one) => sum + one.value, 0),
        failedRequests: requests.filter((one) => one.labels.code !== 'OK').reduce((sum, one) => sum + one.value, 0),
      },
    };
  }

  async workers(): Promise<WorkerView[]> {
    return (await this.#workers()).map(({ last, state, stateChanges, ...worker }) => ({
      ...worker,
      state: stateName(state),
      stateChanges: stateChanges.map((change) => ({ ...change, state: stateName(change.state) })),
      cpuUsagePercent: last?.cpuUsagePercent ?? 0,
      memoryBytes: last?.memoryBytes ?? 0,
      diskUsedBytes: last?.diskUsedBytes ?? 0,
      queriesPerSecond: last?.queriesPerSecond ?? 0,
      shards: (last?.shards ?? []).map(shardView),
    }));
  }

  /** The slowest of the requests that the gateways of this process kept as slow, slowest first, at most `limit`. */
  async slowQueries(limit: number): Promise<admin.ListSlowQueriesResponse> {
    return { ...this.slow.slowest(limit), thresholdMs: this.config.slowQueryMs };
  }

  async collections() {
    const { collections } = await this.backends.placement.listCollections({ tenantId: '' }, probe());
    return collections.map((one) => {
      const info = collectionInfo(one);
      return {
        ...info,
        tenantId: one.tenantId,
        ready: one.shards.every((shard) => shard.ready),
      };
    });
  }

  /** Brings the gauges of collections and shards up to date before a scrape. */
  async scrape(): Promise<string> {
    const gauges = [
      ...(['points', 'indexLag', 'shardBytes', 'shardSnapshots', 'replicas'] as const),
      ...(['collectionPoints', 'collectionRecall'] as const),
    ] as const;
    for (const gauge of gauges) this.metrics[gauge].reset();
    const listed = await this.backends.placement.listCollections({ tenantId: '' }, probe()).catch(() => undefined);
    // Without a placement driver nothing is known of now, and what was counted stays.
    if (listed === undefined) return this.sum.text();
    const { collections } = listed;
    const points = new Map(collections.map((one) => [one, pointsOf(one)]));
    // What a tenant makes must not make the answer, nor what stores it, as large as it likes.
    const shown = collections.sort((a, b) => (points.get(b) ?? 0) - (points.get(a) ?? 0));
    const others = shown.splice(this.config.metricsCollections);
    this.#countRecalls(shown, others);
    this.#countSearches(shown, others);
    for (const [at, one] of shown.entries()) {
      if (at % AT_ONCE === 0) await setImmediate();
      const { name: collection, tenantId: tenant, shards } = one;
      this.metrics.collectionPoints.set({ collection, tenant }, points.get(one) ?? 0);
      for (const shard of shards) this.#shard({ shard: String(shard.shardId), collection, tenant }, shard);
      for (const { using: vector, estimate } of leastEstimates(shards)) {
        this.metrics.collectionRecall.set({ collection, tenant, vector }, estimate);
      }
    }
    for (const [at, one] of others.entries()) {
      if (at % AT_ONCE === 0) await setImmediate();
      this.metrics.collectionPoints.inc({ collection: OTHERS, tenant: OTHERS }, points.get(one) ?? 0);
      for (const shard of one.shards) this.#shard({ shard: OTHERS, collection: OTHERS, tenant: OTHERS }, shard);
    }
    return this.sum.text();
  }

  /** Adds a shard to the gauges of its labels. */
  #shard(labels: { shard: string; collection: string; tenant: string }, { metrics, replicas }: placement.Shard): void {
    this.metrics.points.inc(labels, metrics?.livePoints ?? 0);
    this.metrics.indexLag.inc(labels, metrics?.tailPoints ?? 0);
    this.metrics.shardBytes.inc({ ...labels, where: 'memory' }, metrics?.memoryBytes ?? 0);
    this.metrics.shardBytes.inc({ ...labels, where: 'disk' }, metrics?.diskBytes ?? 0);
    const snapshots = replicas.reduce((sum, one) => sum + (one.metrics?.snapshots ?? 0), 0);
    this.metrics.shardSnapshots.inc(labels, snapshots);
    this.metrics.replicas.inc(labels, replicas.filter((one) => one.metrics?.damage === '').length);
  }

  #countRecalls(shown: readonly placement.Collection[], others: readonly placement.Collection[]): void {
    const names = new Set(shown.map(({ tenantId, name }) => `${tenantId}/${name}`));
    const shows = (one: Pick<ReplicaRecalls, 'tenantId' | 'collection'>) =>
      names.has(`${one.tenantId}/${one.collection}`);
    const totals = this.#recalls.look([...shown, ...others].flatMap(replicaRecalls), shows);
    const { recallAsked, recallUnmet } = this.metrics;
    recallAsked.reset();
    recallUnmet.reset();
    const count = (labels: Record<'collection' | 'tenant' | 'vector', string>, asked: number, unmet: number) => {
      recallAsked.inc(labels, asked);
      recallUnmet.inc(labels, unmet);
    };
    for (const { collection, tenantId: tenant, using: vector, asked, unmet } of totals.shown) {
      count({ collection, tenant, vector }, asked, unmet);
    }
    if (others.length === 0) return;
    count({ collection: OTHERS, tenant: OTHERS, vector: OTHERS }, totals.others.asked, totals.others.unmet);
  }

  #countSearches(shown: readonly placement.Collection[], others: readonly placement.Collection[]): void {
    const totals = this.#searches.look(shown, others);
    const { shardSearches } = this.metrics;
    shardSearches.reset();
    for (const { labels, searches } of totals.shown) shardSearches.inc(labels, searches);
    if (others.length > 0) shardSearches.inc({ shard: OTHERS, collection: OTHERS, tenant: OTHERS }, totals.others);
  }

  /** Workers with their last heartbeats, but for those that were removed. */
  workerInfos(): Promise<placement.WorkerInfo[]> {
    return this.#workers();
  }

  /** Requests of the gateways of this process since a minute ago, or since it started. */
  async lastMinute(): Promise<{ all: number; failed: number }> {
    const values = await this.sum.requests();
    const now = { atMs: Date.now(), all: 0, failed: 0 };
    for (const { value, labels } of values) {
      now.all += value;
      if (ITS_OWN_FAULT.has(String(labels.code))) now.failed += value;
    }
    this.#counts.push(now);
    while (this.#counts.length > 1 && this.#counts[0].atMs < now.atMs - MINUTE_MS) this.#counts.shift();
    const before = this.#counts[0];
    return { all: now.all - before.all, failed: now.failed - before.failed };
  }

  async #workers(): Promise<placement.WorkerInfo[]> {
    try {
      const { workers } = await this.backends.placement.listWorkers({}, probe());
      return workers.filter(({ state }) => state !== placement.WorkerState.WORKER_STATE_REMOVED);
    } catch {
      // Without a placement driver the health answer says so in its own row; there are no workers to list.
      return [];
    }
  }
}

const replicaRecalls = ({ tenantId, name: collection, shards }: placement.Collection): ReplicaRecalls[] =>
  shards.flatMap(({ shardId, replicas }) =>
    replicas.map(({ number: worker, metrics }) => ({
      ...{ tenantId, collection, shardId, worker },
      recalls: metrics?.recalls ?? [],
    })),
  );

/** The least estimate of the shards' leaders in each space that all of them have measured. */
function leastEstimates(shards: readonly placement.Shard[]): { using: string; estimate: number }[] {
  const bySpace = new Map<string, number[]>();
  for (const { using, estimate } of shards.flatMap(({ metrics }) => metrics?.recalls ?? [])) {
    if (estimate !== undefined) bySpace.set(using, [...(bySpace.get(using) ?? []), estimate]);
  }
  return [...bySpace]
    .filter(([, estimates]) => estimates.length === shards.length)
    .map(([using, estimates]) => ({ using, estimate: Math.min(...estimates) }));
}

const pointsOf = ({ shards }: placement.Collection): number =>
  shards.reduce((sum, { metrics }) => sum + (metrics?.livePoints ?? 0), 0);

async function timed(service: string, ask: () => Promise<unknown>) {
  const started = performance.now();
  try {
    await ask();
    return { service, status: 'ok' as const, latencyMs: performance.now() - started, error: '' };
  } catch (error) {
    return {
      service,
      status: 'down' as const,
      latencyMs: performance.now() - started,
      error: toVectronError(error).code,
    };
  }
}

type ShardMetricsView = ReturnType<typeof shardView>;

/** Metrics of a replica as JSON has them: ids and log indexes as numbers. */
function shardView({ voters, learners, ...metrics }: worker.ShardMetrics) {
  return {
    ...metrics,
    appliedIndex: Number(metrics.appliedIndex),
    committedIndex: Number(metrics.committedIndex),
    term: Number(metrics.term),
    replicaId: Number(metrics.replicaId),
    leaderReplicaId: Number(metrics.leaderReplicaId),
    voters: voters.map(Number),
    learners: learners.map(Number),
  };
}

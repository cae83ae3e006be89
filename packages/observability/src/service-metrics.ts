import { Counter, Gauge, Histogram } from 'prom-client';
import { countedHistogram } from './counted-elsewhere.js';
import type { ProcessMetrics } from './process-metrics.js';

/** Calls of a listener for services of the cluster. `observe`: path of the method, error code or `OK`, seconds. */
export function rpcMetrics({ registry }: ProcessMetrics) {
  const registers = [registry];
  const requests = new Counter({
    name: 'vectron_rpc_requests_total',
    help: 'Calls of one service by another, by service, method and outcome (OK or error code). Streams count when they end.',
    labelNames: ['rpc_service', 'method', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'vectron_rpc_seconds',
    help: 'Duration of calls that are not streams, in seconds.',
    labelNames: ['rpc_service', 'method'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  /** `paths`: of the methods that are served, each with whether it is a stream. */
  return (paths: ReadonlyMap<string, boolean>) => {
    const known = new Map(
      [...paths].map(([path, isStream]) => {
        const [, name = '', method = ''] = path.split('/');
        const labels = { rpc_service: name.split('.').at(-1) ?? '', method };
        return [path, { labels, time: isStream ? undefined : seconds.labels(labels) }] as const;
      }),
    );
    return (path: string, code: string, took: number) => {
      const one = known.get(path);
      if (one === undefined) return;
      requests.inc({ ...one.labels, code });
      one.time?.observe(took);
    };
  };
}

/** What a worker tells of its shards, its engine and its disk. None of it names a collection or a tenant. */
export function workerMetrics({ registry }: ProcessMetrics) {
  const registers = [registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge<L>({ name, help, labelNames, registers });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  return {
    replicas: gauge('vectron_worker_replicas', 'Replicas of shards on this worker by Raft role.', ['role']),
    damaged: gauge('vectron_worker_replicas_damaged', 'Replicas that are out of service for good.'),
    points: gauge(
      'vectron_worker_points',
      'Points of the replicas: live, dead (not reclaimed yet), tail (not indexed yet).',
      ['state'],
    ),
    memory: gauge('vectron_worker_shard_memory_bytes', 'Memory of the replicas.'),
    stored: gauge('vectron_worker_shard_disk_bytes', 'Bytes of the replicas on disk.'),
    snapshots: gauge('vectron_worker_snapshots', 'Open snapshots that the replicas hold.'),
    searches: counter('vectron_worker_searches_total', 'Searches that the replicas have answered.'),
    applied: counter('vectron_raft_applied_entries_total', 'Entries of Raft logs that the replicas have applied.'),
    terms: counter(
      'vectron_raft_term_changes_total',
      'Times that a replica came to a later term: elections that were begun.',
    ),
    leaders: counter('vectron_raft_leader_changes_total', 'Times that a replica saw another leader than before.'),
    unapplied: gauge(
      'vectron_raft_unapplied_entries',
      'Committed entries that a replica has not applied: of all, and the most of one.',
      ['of'],
    ),
    leaderless: gauge('vectron_raft_replicas_without_leader', 'Replicas that know no leader.'),
    withoutQuorum: gauge('vectron_raft_leaders_without_quorum', 'Leaders that no majority has answered lately.'),
    operations: gauge(
      'vectron_engine_operations',
      'Operations of the engine by lane (usual; costly: reads that take long) and state (waiting for a thread; running).',
      ['lane', 'state'],
    ),
    threads: gauge(
      'vectron_engine_threads',
      'Threads of the engine by what they do: operations (so many for each lane) or index.',
      ['kind'],
    ),
    maxWaiting: gauge(
      'vectron_engine_waiting_limit',
      'Operations that may wait for a thread; more are refused with OVERLOADED.',
    ),
    syncs: countedHistogram(
      'vectron_log_sync_seconds',
      'Duration of the writes of the Raft log that wait for their fsync, in seconds. One carries all proposals that were waiting.',
      registers,
    ),
    commits: countedHistogram(
      'vectron_raft_commit_seconds',
      'Duration of client writes on the leader from the proposal until they are applied, in seconds.',
      registers,
    ),
    databases: gauge(
      'vectron_rocksdb_databases',
      'Databases of RocksDB that are open: the log, and the larger replicas.',
    ),
    rocksdbJobs: gauge('vectron_rocksdb_jobs_running', 'Background work of RocksDB in progress.', ['kind']),
    rocksdbPending: gauge(
      'vectron_rocksdb_pending_compaction_bytes',
      'Estimated bytes that compactions have to rewrite.',
    ),
    rocksdbLimited: gauge(
      'vectron_rocksdb_writes_limited',
      'Databases that slow down or have stopped writes because compactions or flushes are behind.',
      ['state'],
    ),
    rocksdbMemory: gauge('vectron_rocksdb_memory_bytes', 'Memory of RocksDB by what it is for.', ['use']),
    rocksdbCacheLimit: gauge('vectron_rocksdb_block_cache_limit_bytes', 'Size that the block cache may reach.'),
    diskSize: gauge('vectron_disk_size_bytes', 'Size of the disk of the data directory.'),
    diskFree: gauge('vectron_disk_free_bytes', 'Bytes that are free on it.'),
    diskLowWater: gauge('vectron_disk_low_water_bytes', 'Upserts are refused when less is free.'),
  };
}

/** What a placement driver tells of the catalogue. */
export function placementMetrics({ registry }: ProcessMetrics) {
  const registers = [registry];
  return {
    leads: new Gauge({
      name: 'vectron_placement_leads',
      help: '1 while this placement driver is the leader, which does the background work.',
      registers,
    }),
    collections: new Gauge({ name: 'vectron_placement_collections', help: 'Collections in the catalogue.', registers }),
    shards: new Gauge({
      name: 'vectron_placement_shards',
      help: 'Shards by state: full (as many healthy voters as wanted, and a leader), degraded (fewer) or leaderless.',
      labelNames: ['state'],
      registers,
    }),
    workers: new Gauge({
      name: 'vectron_placement_workers',
      help: 'Workers by state.',
      labelNames: ['state'],
      registers,
    }),
    running: new Gauge({
      name: 'vectron_placement_operations_running',
      help: 'Moves and splits in progress.',
      labelNames: ['kind'],
      registers,
    }),
    ended: new Counter({
      name: 'vectron_placement_operations_total',
      help: 'Moves and splits that this placement driver completed, by outcome.',
      labelNames: ['kind', 'outcome'],
      registers,
    }),
  };
}

/** What a reranker tells of its answers. */
export function rerankerMetrics({ registry }: ProcessMetrics) {
  const registers = [registry];
  return {
    answers: new Counter({
      name: 'vectron_reranker_answers_total',
      help: 'Answers by where they came from: cache or rules.',
      labelNames: ['from'],
      registers,
    }),
    candidates: new Counter({
      name: 'vectron_reranker_candidates_total',
      help: 'Candidates of the answers that were computed by the rules.',
      registers,
    }),
    cached: new Gauge({
      name: 'vectron_reranker_cached_answers',
      help: 'Answers that are cached in memory.',
      registers,
    }),
  };
}

export type WorkerMetrics = ReturnType<typeof workerMetrics>;
export type PlacementMetrics = ReturnType<typeof placementMetrics>;
export type RerankerMetrics = ReturnType<typeof rerankerMetrics>;

import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerMetrics } from '@vectron/observability';
import type { worker } from '@vectron/proto';
import type { WorkerConfig } from './config.js';
import type { ShardService } from './shard-service.js';

/** What is counted of each replica from one look to the next. */
type Counted = Pick<worker.ShardMetrics, 'searches' | 'appliedIndex' | 'term' | 'leaderReplicaId'>;

export interface ReplicaProgress {
  readonly searches: number;
  readonly applied: number;
  readonly terms: number;
  readonly leaders: number;
}

const NOTHING: ReplicaProgress = { searches: 0, applied: 0, terms: 0, leaders: 0 };
const LEAST_LOW_WATER = 16 << 20;
const ROLES = ['leader', 'follower', 'candidate', 'learner', 'stopped'];

/**
 * What replicas have done, as counts that only grow: a replica that is closed takes nothing back, and one that is opened again begins
 * anew. Log indexes and terms count from where a replica was first seen.
 */
export class ReplicaTotals {
  #known = new Map<string, Counted>();
  #sum = NOTHING;

  look(replicas: readonly worker.ShardMetrics[]): ReplicaProgress {
    const before = this.#known;
    this.#known = new Map();
    let { searches, applied, terms, leaders } = this.#sum;
    for (const now of replicas) {
      const name = `${now.shardId}/${now.replicaId}`;
      this.#known.set(name, now);
      const last = before.get(name);
      searches += now.searches >= (last?.searches ?? 0) ? now.searches - (last?.searches ?? 0) : now.searches;
      if (last === undefined) continue;
      applied += Math.max(0, Number(now.appliedIndex - last.appliedIndex));
      terms += Math.max(0, Number(now.term - last.term));
      // That a leader is lost is no change to another one; that the next is found is.
      if (now.leaderReplicaId === 0n) this.#known.set(name, { ...now, leaderReplicaId: last.leaderReplicaId });
      else if (last.leaderReplicaId !== 0n && now.leaderReplicaId !== last.leaderReplicaId) leaders += 1;
    }
    this.#sum = { searches, applied, terms, leaders };
    return this.#sum;
  }
}

/** Has a worker's shards, engine and disk looked at whenever its metrics are read. */
export function reportWorker(
  shards: Pick<ShardService, 'metrics' | 'operations' | 'storage'>,
  config: Pick<WorkerConfig, 'data' | 'threads' | 'indexThreads' | 'maxWaiting' | 'lowWater'>,
  metrics: WorkerMetrics,
  collectors: (() => void)[],
): void {
  const totals = new ReplicaTotals();
  totals.look(shards.metrics());
  metrics.threads.set({ kind: 'operations' }, config.threads);
  metrics.threads.set({ kind: 'index' }, config.indexThreads);
  metrics.maxWaiting.set(config.maxWaiting);
  const dir = join(config.data, 'worker');
  collectors.push(() => {
    const replicas = shards.metrics();
    reportReplicas(replicas, metrics);
    const { searches, applied, terms, leaders } = totals.look(replicas);
    for (const [counter, value] of [
      [metrics.searches, searches],
      [metrics.applied, applied],
      [metrics.terms, terms],
      [metrics.leaders, leaders],
    ] as const) {
      counter.reset();
      counter.inc(value);
    }
    for (const [lane, { waiting, running }] of Object.entries(shards.operations())) {
      metrics.operations.set({ lane, state: 'waiting' }, waiting);
      metrics.operations.set({ lane, state: 'running' }, running);
    }
    reportStorage(shards.storage(), metrics);
    const disk = statfsSync(dir);
    const size = disk.blocks * disk.bsize;
    metrics.diskSize.set(size);
    metrics.diskFree.set(disk.bavail * disk.bsize);
    metrics.diskLowWater.set(lowWaterOf(size, config.lowWater));
  });
}

/** As crates/vectron-raft/src/node.rs has it: of a small disk less is kept free. */
export const lowWaterOf = (diskBytes: number, lowWater: number): number =>
  Math.min(Math.max(diskBytes / 20, LEAST_LOW_WATER), Math.max(lowWater, LEAST_LOW_WATER));

function reportStorage(storage: ReturnType<ShardService['storage']>, metrics: WorkerMetrics): void {
  metrics.syncs.set(storage.syncs);
  metrics.commits.set(storage.commits);
  metrics.databases.set(storage.databases);
  metrics.rocksdbJobs.set({ kind: 'compaction' }, storage.runningCompactions);
  metrics.rocksdbJobs.set({ kind: 'flush' }, storage.runningFlushes);
  metrics.rocksdbPending.set(storage.pendingCompactionBytes);
  metrics.rocksdbLimited.set({ state: 'slowed' }, storage.slowed);
  metrics.rocksdbLimited.set({ state: 'stopped' }, storage.stopped);
  metrics.rocksdbMemory.set({ use: 'memtables' }, storage.memtableBytes);
  metrics.rocksdbMemory.set({ use: 'table_readers' }, storage.tableReaderBytes);
  metrics.rocksdbMemory.set({ use: 'block_cache' }, storage.blockCacheBytes);
  metrics.rocksdbCacheLimit.set(storage.blockCacheLimit);
}

function reportReplicas(replicas: readonly worker.ShardMetrics[], metrics: WorkerMetrics): void {
  const sum = (of: (replica: worker.ShardMetrics) => number) => replicas.reduce((all, one) => all + of(one), 0);
  for (const role of ROLES)
    metrics.replicas.set(
      { role },
      sum((one) => (one.role === role ? 1 : 0)),
    );
  metrics.damaged.set(sum(({ damage }) => (damage === '' ? 0 : 1)));
  metrics.points.set(
    { state: 'live' },
    sum(({ livePoints }) => livePoints),
  );
  metrics.points.set(
    { state: 'dead' },
    sum(({ deadPoints }) => deadPoints),
  );
  metrics.points.set(
    { state: 'tail' },
    sum(({ tailPoints }) => tailPoints),
  );
  metrics.memory.set(sum(({ memoryBytes }) => memoryBytes));
  metrics.stored.set(sum(({ diskBytes }) => diskBytes));
  metrics.snapshots.set(sum(({ snapshots }) => snapshots));
  const behind = replicas.map(({ committedIndex, appliedIndex }) => Math.max(0, Number(committedIndex - appliedIndex)));
  metrics.unapplied.set(
    { of: 'all' },
    behind.reduce((all, one) => all + one, 0),
  );
  metrics.unapplied.set(
    { of: 'most' },
    behind.reduce((most, one) => Math.max(most, one), 0),
  );
  metrics.leaderless.set(sum(({ leaderReplicaId, role }) => (leaderReplicaId === 0n && role !== 'stopped' ? 1 : 0)));
  metrics.withoutQuorum.set(sum(({ role, hasQuorum }) => (role === 'leader' && !hasQuorum ? 1 : 0)));
}

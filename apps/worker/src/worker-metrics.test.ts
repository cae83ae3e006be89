import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createProcessMetrics, exposition, workerMetrics } from '@vectron/observability';
import { worker } from '@vectron/proto';
import { lowWaterOf, ReplicaTotals, reportWorker } from './worker-metrics.js';

const replica = (values: Partial<worker.ShardMetrics>) =>
  worker.ShardMetrics.fromPartial({ role: 'leader', leaderReplicaId: 1n, hasQuorum: true, ...values });

it('counts what replicas did as sums that only grow, whatever becomes of the replicas', () => {
  const totals = new ReplicaTotals();
  const one = { shardId: 1, replicaId: 1n };
  const two = { shardId: 2, replicaId: 1n };
  totals.look([replica({ ...one, searches: 5, appliedIndex: 1_000n, term: 7n })]);
  // Another one is opened: its searches are of this process, its log is older.
  const second = totals.look([
    replica({ ...one, searches: 8, appliedIndex: 1_010n, term: 7n }),
    replica({ ...two, searches: 2, appliedIndex: 500n, term: 3n }),
  ]);
  expect(second).toEqual({ searches: 10, applied: 10, terms: 0, leaders: 0 });
  // The first is closed, the other loses its leader and finds the next.
  expect(totals.look([replica({ ...two, searches: 3, appliedIndex: 501n, term: 4n, leaderReplicaId: 0n })])).toEqual({
    searches: 11,
    applied: 11,
    terms: 1,
    leaders: 0,
  });
  expect(totals.look([replica({ ...two, searches: 3, appliedIndex: 501n, term: 4n, leaderReplicaId: 2n })])).toEqual({
    searches: 11,
    applied: 11,
    terms: 1,
    leaders: 1,
  });
  // Opened again: it begins at nothing, and the sum does not.
  expect(totals.look([replica({ ...two, searches: 1, appliedIndex: 400n, term: 4n, leaderReplicaId: 2n })])).toEqual({
    searches: 12,
    applied: 11,
    terms: 1,
    leaders: 1,
  });
});

it('tells of ten thousand replicas in as many lines as of one, and names no collection', async () => {
  const data = mkdtempSync(join(tmpdir(), 'vectron-worker-metrics-'));
  mkdirSync(join(data, 'worker'));
  let replicas = [replica({ shardId: 1, replicaId: 1n })];
  const operations = () => ({ usual: { waiting: 3, running: 2 }, costly: { waiting: 0, running: 1 } });
  const durations = { bounds: [0.01, 1], counts: [5, 6], count: 7, seconds: 9.5 };
  const storage = () => ({
    ...{ syncs: durations, commits: { ...durations, count: 8 }, databases: 3 },
    ...{ runningCompactions: 1, runningFlushes: 2, pendingCompactionBytes: 4_000, slowed: 1, stopped: 0 },
    ...{ memtableBytes: 10, tableReaderBytes: 20, blockCacheBytes: 30, blockCacheLimit: 40 },
  });
  const exposed = createProcessMetrics({ service: 'worker' });
  const config = { data, threads: 4, indexThreads: 2, maxWaiting: 100, lowWater: 1 << 30 };
  reportWorker({ metrics: () => replicas, operations, storage }, config, workerMetrics(exposed), exposed.collectors);
  const linesOf = (text: string) =>
    text.split('\n').filter((line) => /^vectron_(?:worker|raft|engine|disk|log|rocksdb)_/.test(line));
  const few = linesOf(await exposition(exposed));
  replicas = Array.from({ length: 10_000 }, (_, at) =>
    replica({
      ...{
        shardId: at + 1,
        replicaId: 1n,
        searches: 2,
        livePoints: 10,
        tailPoints: 1,
        memoryBytes: 100,
        diskBytes: 200,
      },
      ...{ appliedIndex: 5n, committedIndex: at === 0 ? 50n : 5n, damage: at === 7 ? 'differs' : '' },
      ...(at % 2 === 0 ? {} : { role: 'follower', leaderReplicaId: at === 1 ? 0n : 1n }),
    }),
  );
  const many = linesOf(await exposition(exposed));
  expect(many.length).toBe(few.length);
  for (const line of [
    'vectron_worker_replicas{role="leader"} 5000',
    'vectron_worker_replicas{role="follower"} 5000',
    'vectron_worker_replicas{role="learner"} 0',
    'vectron_worker_replicas_damaged 1',
    'vectron_worker_points{state="live"} 100000',
    'vectron_worker_points{state="tail"} 10000',
    'vectron_worker_shard_memory_bytes 1000000',
    'vectron_worker_shard_disk_bytes 2000000',
    'vectron_worker_searches_total 20000',
    'vectron_raft_unapplied_entries{of="all"} 45',
    'vectron_raft_unapplied_entries{of="most"} 45',
    'vectron_raft_replicas_without_leader 1',
    'vectron_engine_operations{lane="usual",state="waiting"} 3',
    'vectron_engine_operations{lane="costly",state="running"} 1',
    'vectron_engine_threads{kind="operations"} 4',
    'vectron_engine_waiting_limit 100',
    'vectron_log_sync_seconds_bucket{le="0.01"} 5',
    'vectron_log_sync_seconds_bucket{le="+Inf"} 7',
    'vectron_log_sync_seconds_sum 9.5',
    'vectron_raft_commit_seconds_count 8',
    'vectron_rocksdb_databases 3',
    'vectron_rocksdb_jobs_running{kind="compaction"} 1',
    'vectron_rocksdb_jobs_running{kind="flush"} 2',
    'vectron_rocksdb_pending_compaction_bytes 4000',
    'vectron_rocksdb_writes_limited{state="slowed"} 1',
    'vectron_rocksdb_writes_limited{state="stopped"} 0',
    'vectron_rocksdb_memory_bytes{use="block_cache"} 30',
    'vectron_rocksdb_block_cache_limit_bytes 40',
  ]) {
    expect(many).toContain(line);
  }
  const free = Number(/^vectron_disk_free_bytes (\d+)/m.exec(many.join('\n'))?.[1]);
  expect(free).toBeGreaterThan(0);
});

it('knows the mark below which upserts are refused as the engine does', () => {
  const [mib, gib] = [1 << 20, 2 ** 30];
  expect(lowWaterOf(100 * gib, gib)).toBe(gib);
  expect(lowWaterOf(10 * gib, gib)).toBe(gib / 2);
  expect(lowWaterOf(100 * mib, gib)).toBe(16 * mib);
  expect(lowWaterOf(100 * gib, 0)).toBe(16 * mib);
});

import type { Heartbeats } from './heartbeats.js';
import { busyWorkers, middleOf } from './operations.js';
import type { PlanShard, PlanState, PlanWorker } from './planner.js';
import {
  type CollectionRecord,
  capacityScore,
  replicaId,
  type ShardRecord,
  stateOf,
  type WorkerRecord,
} from './records.js';

export interface PlanSources {
  readonly collections: readonly CollectionRecord[];
  readonly workers: readonly WorkerRecord[];
  readonly heartbeats: Pick<Heartbeats, 'isHealthy' | 'isStopping' | 'last' | 'leader' | 'shard'>;
  readonly nowMs: number;
  readonly repairMs: number;
  /** Entries that a replica may lack and still be no risk. */
  readonly behind: bigint;
  /** When the shard's lead was last moved. */
  readonly transferredMs: (shardId: number) => number | undefined;
  readonly transferRestMs: number;
}

/** A shard that has just been made finds its leader first. */
const SETTLE_MS = 5_000;

/** What the planner looks at, from the records and the heartbeats. */
export function buildPlanState(sources: PlanSources): PlanState {
  const moving = new Map<string, number>();
  let running = 0;
  const shards = sources.collections.flatMap((collection) =>
    collection.shards.map((shard) => {
      if (shard.operation !== undefined) {
        running += 1;
        for (const id of busyWorkers(shard.operation)) moving.set(id, (moving.get(id) ?? 0) + 1);
      }
      return planShard(collection, shard, sources);
    }),
  );
  return {
    nowMs: sources.nowMs,
    workers: sources.workers.map((one) => planWorker(one, sources)),
    shards,
    moving,
    running,
  };
}

function planWorker(worker: WorkerRecord, { heartbeats, nowMs, repairMs }: PlanSources): PlanWorker {
  const { state, atMs } = stateOf(worker);
  const lost = state === 'REMOVED' || (state === 'UNHEALTHY' && nowMs - atMs >= repairMs);
  const beat = heartbeats.last(worker.id);
  const { id, number, rack, zone, region } = worker;
  return {
    id,
    number,
    rack,
    zone,
    region,
    leave: lost ? 'lost' : worker.draining ? 'drain' : undefined,
    takes:
      (state === 'READY' || state === 'ACTIVE') && !worker.draining && !worker.searchOnly && !heartbeats.isStopping(id),
    alive: heartbeats.isHealthy(id) && state !== 'REMOVED',
    capacity: Math.max(capacityScore(worker), 1),
    cpuPercent: beat?.request.cpuUsagePercent ?? 0,
  };
}

function planShard(collection: CollectionRecord, shard: ShardRecord, sources: PlanSources): PlanShard {
  const { heartbeats, behind, transferredMs, transferRestMs } = sources;
  const found = heartbeats.leader(shard.shardId);
  const isVoter = found !== undefined && shard.replicas.some(({ workerId }) => workerId === found.workerId);
  const leader = found?.metrics.hasQuorum && isVoter ? found : undefined;
  let load = 0;
  const synced: string[] = [];
  const viewed: string[] = [];
  for (const replica of shard.replicas) {
    const said = heartbeats.shard(replica.workerId, shard.shardId);
    if (said === undefined) continue;
    if (said.snapshots > 0) viewed.push(replica.workerId);
    load += said.queriesPerSecond + said.writesPerSecond;
    const current =
      said.replicaId === replicaId(replica) && said.damage === '' && heartbeats.isHealthy(replica.workerId);
    if (current && said.appliedIndex + behind >= (leader?.metrics.committedIndex ?? 0n)) synced.push(replica.workerId);
  }
  const transferred = transferredMs(shard.shardId);
  return {
    shardId: shard.shardId,
    collection: collection.name,
    voters: shard.replicas.map(({ workerId }) => workerId),
    leader: leader?.workerId,
    synced,
    viewed,
    bytes: leader?.metrics.memoryBytes ?? 0,
    load,
    busy: shard.operation !== undefined,
    restingUntilMs: Math.max(
      shard.backOff?.untilMs ?? 0,
      transferred === undefined ? 0 : transferred + transferRestMs,
      collection.createdAtMs + SETTLE_MS,
    ),
    siblings: collection.shards.length,
    divisible: middleOf(shard) !== undefined,
  };
}

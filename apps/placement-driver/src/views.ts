import { placement, worker as workers } from '@vectron/proto';
import type { Heartbeats } from './heartbeats.js';
import {
  type CollectionRecord,
  capacityScore,
  type EndedOperation,
  type OperationRecord,
  type ReplicaRecord,
  replicaId,
  type StateChange,
  stateOf,
  type WorkerRecord,
} from './records.js';

/** A replica that a worker shall hold. */
export interface HeldReplica {
  readonly shardId: number;
  readonly replicaId: bigint;
}

/** Records and heartbeats as the contract has them. */
export class Views {
  constructor(
    private readonly heartbeats: Heartbeats,
    private readonly worker: (id: string) => WorkerRecord | undefined,
  ) {}

  collection(record: CollectionRecord): placement.Collection {
    const shards = record.shards.map((shard): placement.Shard => {
      const leader = this.heartbeats.leader(shard.shardId);
      const replica = (one: ReplicaRecord, learner: boolean): placement.Replica => {
        const said = this.heartbeats.shard(one.workerId, shard.shardId);
        return {
          workerId: one.workerId,
          number: one.number,
          replicaId: replicaId(one),
          address: this.worker(one.workerId)?.address ?? '',
          learner,
          metrics: said?.replicaId === replicaId(one) ? said : undefined,
        };
      };
      // The new replica of a move is nobody's to read from before it has caught up.
      const joining = shard.operation?.kind === 'move' ? replicaId(shard.operation.add) : 0n;
      return {
        shardId: shard.shardId,
        epoch: shard.epoch,
        firstHash: BigInt(`0x${shard.firstHash}`),
        lastHash: BigInt(`0x${shard.lastHash}`),
        replicas: [
          ...shard.replicas.map((one) => replica(one, false)),
          ...shard.learners.filter((one) => replicaId(one) !== joining).map((one) => replica(one, true)),
        ],
        leaderWorkerId: leader?.workerId ?? '',
        leaderAddress: leader === undefined ? '' : (this.worker(leader.workerId)?.address ?? ''),
        ready: leader?.metrics.hasQuorum ?? false,
        metrics: leader?.metrics,
        splitFromShardId: shard.splitFrom?.shardId ?? 0,
        splitIndex: BigInt(shard.splitFrom?.index ?? 0),
        operation: shard.operation && this.operation(shard.operation, shard.shardId, record),
      };
    });
    const rerank = record.rerank && { ...record.rerank, fieldBoosts: new Map(record.rerank.fieldBoosts) };
    return { ...record, shards, rerank };
  }

  operation(
    operation: OperationRecord,
    shardId: number,
    { tenantId, name }: Pick<CollectionRecord, 'tenantId' | 'name'>,
  ): placement.Operation {
    const { id, kind, step, cause, reason, startedMs, stepMs } = operation;
    const { add, remove } = operation.kind === 'move' ? operation : {};
    const upperShardId = operation.kind === 'split' ? operation.upperShardId : 0;
    return {
      ...{ id, kind, step, cause, reason, startedMs, stepMs, shardId, tenantId, collection: name, upperShardId },
      from: remove?.workerId ?? '',
      to: add?.workerId ?? '',
      detail: '',
    };
  }

  ended({ operation, shardId, tenantId, collection, outcome, detail, endedMs }: EndedOperation): placement.Operation {
    const shown = this.operation(operation, shardId, { tenantId, name: collection });
    return { ...shown, step: outcome, stepMs: endedMs, detail };
  }

  /**
   * `held`: the replicas that the worker shall hold. What it says of them, and which of them lead, is what collections show of the same
   * replicas; of one that it has not spoken of yet there is its name alone.
   */
  workerInfo(worker: WorkerRecord, held: readonly HeldReplica[]): placement.WorkerInfo {
    const beat = this.heartbeats.last(worker.id);
    const leads = ({ shardId }: HeldReplica) => this.heartbeats.leader(shardId)?.workerId === worker.id;
    const shards = held.map((one) => {
      const said = this.heartbeats.shard(worker.id, one.shardId);
      if (said?.replicaId !== one.replicaId) return workers.ShardMetrics.fromPartial({ ...one });
      // It has lost the lead since, or cannot be heard.
      return said.role === 'leader' && !leads(one) ? { ...said, role: '' } : said;
    });
    const { state, atMs, reason } = stateOf(worker);
    return {
      workerId: worker.id,
      grpcAddress: worker.address,
      lastHeartbeatMs: beat?.atMs ?? 0,
      healthy: this.heartbeats.isHealthy(worker.id) && state !== 'REMOVED',
      state: STATES[state],
      cpuCores: worker.cpuCores,
      memoryTotalBytes: worker.memoryBytes,
      diskTotalBytes: worker.diskBytes,
      rack: worker.rack,
      zone: worker.zone,
      region: worker.region,
      number: worker.number,
      searchOnly: worker.searchOnly,
      last: { ...placement.HeartbeatRequest.fromPartial({ workerId: worker.id }), ...beat?.request, shards },
      stateSinceMs: atMs,
      stateReason: reason,
      stateChanges: (worker.states ?? []).map((change) => ({ ...change, state: STATES[change.state] })),
      capacityScore: capacityScore(worker),
      replicas: held.length,
      leads: shards.filter(({ role }) => role === 'leader').length,
    };
  }
}

const STATES: Record<StateChange['state'], placement.WorkerState> = {
  JOINING: placement.WorkerState.WORKER_STATE_JOINING,
  READY: placement.WorkerState.WORKER_STATE_READY,
  ACTIVE: placement.WorkerState.WORKER_STATE_ACTIVE,
  STANDBY: placement.WorkerState.WORKER_STATE_STANDBY,
  UNHEALTHY: placement.WorkerState.WORKER_STATE_UNHEALTHY,
  DRAINING: placement.WorkerState.WORKER_STATE_DRAINING,
  ERROR: placement.WorkerState.WORKER_STATE_ERROR,
  RETRY: placement.WorkerState.WORKER_STATE_RETRY,
  REMOVED: placement.WorkerState.WORKER_STATE_REMOVED,
};

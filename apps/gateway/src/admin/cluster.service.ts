import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { placement, type worker } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { BACKENDS, type Backends } from '../backends.js';

const TIMEOUT_MS = 10_000;
const call = () => callContext({ timeoutMs: TIMEOUT_MS });

/** A worker's state without its prefix: `ACTIVE`. */
export const stateName = (state: placement.WorkerState): string =>
  placement.workerStateToJSON(state).replace('WORKER_STATE_', '');

export interface ShardView {
  shardId: number;
  collection: string;
  tenantId: string;
  epoch: number;
  /** Hexadecimal, both included. */
  firstHash: string;
  lastHash: string;
  leader: number;
  ready: boolean;
  points: number;
  memoryBytes: number;
  queriesPerSecond: number;
  replicas: {
    worker: number;
    role: string;
    appliedIndex: number;
    learner: boolean;
    damage: string;
    recalls: worker.SpaceRecall[];
  }[];
  /** Replicas that vote and are heard of, of how many. */
  healthyReplicas: number;
  voters: number;
  operation?: placement.Operation;
}

export interface ClusterStatus {
  /** Address of the placement driver that does the background work; empty: none does at the moment. */
  placementLeader: string;
  placementNodes: string[];
  workers: number;
  workersByState: Record<string, number>;
  shards: number;
  /** With a leader that a majority follows. */
  shardsReady: number;
  shardsFullyReplicated: number;
  points: number;
  /** Under way. */
  operations: placement.Operation[];
}

/** What operators see and do of the cluster. */
@Injectable()
export class ClusterService {
  constructor(@Inject(BACKENDS) private readonly backends: Backends) {}

  async status(): Promise<ClusterStatus> {
    const [leader, { workers }, shards, operations] = await Promise.all([
      this.backends.placement.getLeader({}, call()),
      this.backends.placement.listWorkers({}, call()),
      this.shards(),
      this.operations(5),
    ]);
    return {
      placementLeader: leader.leaderAddress,
      placementNodes: leader.nodeAddresses,
      workers: workers.length,
      workersByState: countBy(workers.map(({ state }) => stateName(state))),
      shards: shards.length,
      shardsReady: shards.filter(({ ready }) => ready).length,
      shardsFullyReplicated: shards.filter(({ healthyReplicas, voters }) => healthyReplicas === voters).length,
      points: shards.reduce((sum, { points }) => sum + points, 0),
      operations: operations.running,
    };
  }

  async shards(): Promise<ShardView[]> {
    const { collections } = await this.backends.placement.listCollections({ tenantId: '' }, call());
    return collections.flatMap(({ name: collection, tenantId, shards }) =>
      shards.map((shard) => {
        const replicas = shard.replicas.map(({ number: worker, learner, metrics }) => ({
          worker,
          learner,
          role: metrics?.role ?? '',
          appliedIndex: Number(metrics?.appliedIndex ?? 0n),
          damage: metrics?.damage ?? '',
          recalls: metrics?.recalls ?? [],
        }));
        const voters = shard.replicas.filter(({ learner }) => !learner);
        // As the leader has it: what a majority counts on.
        const members = shard.metrics?.voters ?? [];
        const near = (shard.metrics?.committedIndex ?? 0n) - 1_000n;
        return {
          shardId: shard.shardId,
          collection,
          tenantId,
          epoch: shard.epoch,
          firstHash: hex(shard.firstHash),
          lastHash: hex(shard.lastHash),
          leader: shard.replicas.find(({ workerId }) => workerId === shard.leaderWorkerId)?.number ?? 0,
          ready: shard.ready,
          points: shard.metrics?.livePoints ?? 0,
          memoryBytes: shard.metrics?.memoryBytes ?? 0,
          queriesPerSecond: shard.replicas.reduce((sum, one) => sum + (one.metrics?.queriesPerSecond ?? 0), 0),
          replicas,
          healthyReplicas: voters.filter(
            ({ replicaId, metrics }) =>
              members.includes(replicaId) && metrics?.damage === '' && metrics.appliedIndex >= near,
          ).length,
          voters: voters.length,
          operation: shard.operation,
        };
      }),
    );
  }

  operations(limit: number): Promise<placement.ListOperationsResponse> {
    return this.backends.placement.listOperations({ limit }, call());
  }

  async drain(worker: string, cancel: boolean): Promise<void> {
    await this.backends.placement.drainWorker({ workerId: await this.#workerId(worker), cancel }, call());
  }

  async remove(worker: string): Promise<void> {
    await this.backends.placement.removeWorker({ workerId: await this.#workerId(worker) }, call());
  }

  rebalance(dryRun: boolean): Promise<placement.RebalanceResponse> {
    return this.backends.placement.rebalance({ dryRun }, call());
  }

  async move(shardId: number, from: string, to: string): Promise<placement.Operation> {
    const request = { shardId, from: await this.#workerId(from), to: await this.#workerId(to) };
    return (await this.backends.placement.moveReplica(request, call())).operation as placement.Operation;
  }

  async split(shardId: number): Promise<placement.Operation> {
    return (await this.backends.placement.splitShard({ shardId }, call())).operation as placement.Operation;
  }

  /** Operators name workers by number; programs may by id. */
  async #workerId(worker: string): Promise<string> {
    const { workers } = await this.backends.placement.listWorkers({}, call());
    const found = workers.find(({ number, workerId }) => String(number) === worker || workerId === worker);
    if (found === undefined) throw new VectronError('NOT_FOUND', `there is no worker ${worker} in this cluster`);
    return found.workerId;
  }
}

const hex = (hash: bigint) => hash.toString(16).padStart(16, '0');

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

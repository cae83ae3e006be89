import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';
import { collectionSettings, Route } from '@vectron/model';
import { placement } from '@vectron/proto';
import { type Api, type CallContext, GrpcService } from '@vectron/rpc';
import { ALL, Catalog } from './catalog.js';
import { type CollectionRecord, type ReplicaRecord, replicaId, type WorkerRecord } from './collection-record.js';
import { Heartbeats } from './heartbeats.js';
import { planShards } from './planner.js';
import { followEverything, replaceDamaged } from './repair.js';
import { RerankerRegistry } from './reranker-registry.js';

export const META = Symbol('MetaStore');
/** How long a new collection's shards may take to open before the call returns without them. */
const OPEN_TIMEOUT_MS = 10_000;

const unbuilt = (what: string) => new VectronError('UNIMPLEMENTED', `${what} is not built yet`);

/** vectron.placementdriver.v1. */
@Controller()
@GrpcService(placement.PlacementServiceService)
export class PlacementController implements Api<typeof placement.PlacementServiceService> {
  constructor(
    @Inject(META) private readonly meta: MetaStore,
    @Inject(Catalog) private readonly catalog: Catalog,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
    @Inject(RerankerRegistry) private readonly rerankers: RerankerRegistry,
  ) {}

  async createCollection(request: placement.CreateCollectionRequest): Promise<placement.CreateCollectionResponse> {
    if (request.collection === undefined) throw VectronError.invalid('collection', 'the collection is missing');
    const settings = collectionSettings(request.collection);
    const { tenantId } = request;
    const { shards, replicas } = request.collection;
    const { targets, searchOnly } = await this.#targets();
    const record = await this.catalog.createCollection(tenantId, settings.name, (firstShardId) => ({
      ...settings,
      id: randomUUID(),
      tenantId,
      createdAtMs: Date.now(),
      shards: planShards({ shards, replicas, firstShardId }, targets, searchOnly),
    }));
    const open = () => record.shards.every(({ shardId }) => this.heartbeats.leader(shardId)?.metrics.hasQuorum);
    await this.heartbeats.until(open, OPEN_TIMEOUT_MS);
    return { collection: await this.#view(record) };
  }

  async deleteCollection(request: placement.DeleteCollectionRequest): Promise<placement.DeleteCollectionResponse> {
    await this.catalog.deleteCollection(request.tenantId, request.name);
    return {};
  }

  async listCollections(request: placement.ListCollectionsRequest): Promise<placement.ListCollectionsResponse> {
    const workers = await this.#workers();
    const records = await this.catalog.collections(request.tenantId);
    return { collections: await Promise.all(records.map((record) => this.#view(record, workers))) };
  }

  async getCollectionStatus(
    request: placement.GetCollectionStatusRequest,
  ): Promise<placement.GetCollectionStatusResponse> {
    return { collection: await this.#view(await this.catalog.collection(request.tenantId, request.name)) };
  }

  async getWorker(request: placement.GetWorkerRequest): Promise<placement.GetWorkerResponse> {
    const record = await this.catalog.collection(request.tenantId, request.collection);
    const shard = new Route(await this.#view(record)).shardOf(request.vectorId);
    return { grpcAddress: shard.leaderAddress, shardId: shard.shardId, shardEpoch: shard.epoch };
  }

  async listWorkersForCollection(
    request: placement.ListWorkersForCollectionRequest,
  ): Promise<placement.ListWorkersForCollectionResponse> {
    const view = await this.#view(await this.catalog.collection(request.tenantId, request.collection));
    const addresses = view.shards.flatMap((shard) => shard.replicas.map((replica) => replica.address));
    return { grpcAddresses: [...new Set(addresses)] };
  }

  async registerWorker(request: placement.RegisterWorkerRequest): Promise<placement.RegisterWorkerResponse> {
    const { workerId, grpcAddress: address, ...capacity } = request;
    const worker = await this.catalog.registerWorker(workerId, { ...capacity, address });
    if (worker.searchOnly) await followEverything(worker, this.catalog);
    return { workerId: worker.id, number: worker.number, clusterId: await this.catalog.clusterId() };
  }

  async heartbeat(request: placement.HeartbeatRequest): Promise<placement.HeartbeatResponse> {
    this.heartbeats.record(request);
    await replaceDamaged(request, this.catalog, this.heartbeats);
    return { ok: true };
  }

  async listWorkers(): Promise<placement.ListWorkersResponse> {
    const workers = await this.catalog.workers();
    return { workers: workers.map((worker) => this.#workerInfo(worker)) };
  }

  async removeWorker(request: placement.RemoveWorkerRequest): Promise<placement.RemoveWorkerResponse> {
    await this.catalog.removeWorker(request.workerId);
    return {};
  }

  async drainWorker(): Promise<never> {
    throw unbuilt('draining a worker (moving shards between workers)');
  }

  async rebalance(): Promise<never> {
    throw unbuilt('rebalancing (moving shards between workers)');
  }

  async registerReranker(request: placement.RegisterRerankerRequest): Promise<placement.RegisterRerankerResponse> {
    return { rerankerId: this.rerankers.register(request.rerankerId, request.grpcAddress) };
  }

  async rerankerHeartbeat(request: placement.RerankerHeartbeatRequest): Promise<placement.RerankerHeartbeatResponse> {
    return { ok: this.rerankers.beat(request.rerankerId) };
  }

  async listRerankers(): Promise<placement.ListRerankersResponse> {
    return { rerankers: this.rerankers.list() };
  }

  async getReranker(): Promise<placement.GetRerankerResponse> {
    const healthy = this.rerankers.list().find((reranker) => reranker.healthy);
    if (healthy === undefined) throw new VectronError('UNAVAILABLE', 'no reranker is registered');
    return { rerankerId: healthy.rerankerId, grpcAddress: healthy.grpcAddress };
  }

  /** This node serves every call itself: its metadata is not shared. */
  async getLeader(): Promise<placement.GetLeaderResponse> {
    return { leaderAddress: '' };
  }

  async *watchAssignments(
    request: placement.WatchAssignmentsRequest,
    _context: CallContext,
  ): AsyncIterable<placement.Assignments> {
    const stop = new AbortController();
    try {
      const { revision } = await this.meta.range(ALL);
      let last = await this.#assignments(request.workerId);
      yield last;
      for await (const _ of this.meta.watch(ALL, revision, stop.signal)) {
        const now = await this.#assignments(request.workerId);
        if (isDeepStrictEqual(now, last)) continue;
        last = now;
        yield now;
      }
    } finally {
      stop.abort();
    }
  }

  async #assignments(workerId: string): Promise<placement.Assignments> {
    const records = await this.catalog.collections('');
    const shards = records.flatMap((record) =>
      record.shards.flatMap(({ shardId, epoch, replicas, learners, first }) => {
        const own = [...replicas, ...learners].find((replica) => replica.workerId === workerId);
        if (own === undefined) return [];
        const group = { voters: replicas.map(replicaId), learners: learners.map(replicaId), first };
        return [
          { ...record, shardId, epoch, replicaId: replicaId(own), ...group, relaxed: record.durability === 'relaxed' },
        ];
      }),
    );
    const peers = (await this.catalog.workers())
      .filter((worker) => worker.id !== workerId && worker.raftAddress !== '')
      .map(({ number, raftAddress }) => ({ number, raftAddress }));
    return { shards, peers, clusterId: await this.catalog.clusterId() };
  }

  async #targets() {
    const held = (await this.catalog.collections('')).flatMap((record) =>
      record.shards.flatMap((shard) => shard.replicas.map(({ workerId }) => workerId)),
    );
    const workers = await this.catalog.workers();
    const voting = workers.filter((worker) => !worker.searchOnly && this.heartbeats.isHealthy(worker.id));
    return {
      targets: voting.map(({ id, number }) => ({
        workerId: id,
        number,
        replicas: held.filter((holder) => holder === id).length,
      })),
      searchOnly: workers.filter((worker) => worker.searchOnly).map(({ id, number }) => ({ workerId: id, number })),
    };
  }

  async #workers(): Promise<Map<string, WorkerRecord>> {
    return new Map((await this.catalog.workers()).map((worker) => [worker.id, worker]));
  }

  async #view(record: CollectionRecord, known?: Map<string, WorkerRecord>): Promise<placement.Collection> {
    const workers = known ?? (await this.#workers());
    const shards = record.shards.map((shard) => {
      const leader = this.heartbeats.leader(shard.shardId);
      const replica = (one: ReplicaRecord, learner: boolean) => {
        const said = this.heartbeats.shard(one.workerId, shard.shardId);
        return {
          workerId: one.workerId,
          number: one.number,
          replicaId: replicaId(one),
          address: workers.get(one.workerId)?.address ?? '',
          learner,
          metrics: said?.replicaId === replicaId(one) ? said : undefined,
        };
      };
      return {
        shardId: shard.shardId,
        epoch: shard.epoch,
        firstHash: BigInt(`0x${shard.firstHash}`),
        lastHash: BigInt(`0x${shard.lastHash}`),
        replicas: [
          ...shard.replicas.map((one) => replica(one, false)),
          ...shard.learners.map((one) => replica(one, true)),
        ],
        leaderWorkerId: leader?.workerId ?? '',
        leaderAddress: leader === undefined ? '' : (workers.get(leader.workerId)?.address ?? ''),
        ready: leader?.metrics.hasQuorum ?? false,
        metrics: leader?.metrics,
      };
    });
    const rerank = record.rerank && { ...record.rerank, fieldBoosts: new Map(record.rerank.fieldBoosts) };
    return { ...record, shards, rerank };
  }

  #workerInfo(worker: WorkerRecord): placement.WorkerInfo {
    const beat = this.heartbeats.last(worker.id);
    const healthy = this.heartbeats.isHealthy(worker.id);
    const { WORKER_STATE_READY, WORKER_STATE_UNHEALTHY, WORKER_STATE_JOINING } = placement.WorkerState;
    const down = beat === undefined ? WORKER_STATE_JOINING : WORKER_STATE_UNHEALTHY;
    return {
      workerId: worker.id,
      grpcAddress: worker.address,
      lastHeartbeatMs: beat?.atMs ?? 0,
      healthy,
      state: healthy ? WORKER_STATE_READY : down,
      cpuCores: worker.cpuCores,
      memoryTotalBytes: worker.memoryBytes,
      diskTotalBytes: worker.diskBytes,
      rack: worker.rack,
      zone: worker.zone,
      region: worker.region,
      number: worker.number,
      searchOnly: worker.searchOnly,
      last: beat?.request,
    };
  }
}

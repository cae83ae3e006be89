import { randomUUID } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';
import { collectionSettings, Route } from '@vectron/model';
import { placement } from '@vectron/proto';
import { type Api, type CallContext, GrpcService } from '@vectron/rpc';
import { Catalog, COLLECTIONS } from './catalog.js';
import type { CollectionRecord, WorkerRecord } from './collection-record.js';
import { Heartbeats } from './heartbeats.js';
import { planShards } from './planner.js';
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
    const { shards } = request.collection;
    const targets = await this.#targets();
    const record = await this.catalog.createCollection(tenantId, settings.name, (firstShardId) => ({
      ...settings,
      id: randomUUID(),
      tenantId,
      createdAtMs: Date.now(),
      shards: planShards(shards, firstShardId, targets),
    }));
    const open = () => record.shards.every(({ shardId, replicas }) => this.heartbeats.shard(replicas[0], shardId));
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
    return { grpcAddresses: [...new Set(view.shards.map((shard) => shard.leaderAddress))] };
  }

  async registerWorker(request: placement.RegisterWorkerRequest): Promise<placement.RegisterWorkerResponse> {
    const { workerId, grpcAddress: address, cpuCores, memoryBytes, diskBytes, rack, zone, region } = request;
    const capacity = { address, cpuCores, memoryBytes, diskBytes, rack, zone, region };
    const worker = await this.catalog.registerWorker(workerId, capacity);
    return { workerId: worker.id, clusterId: await this.catalog.clusterId() };
  }

  async heartbeat(request: placement.HeartbeatRequest): Promise<placement.HeartbeatResponse> {
    this.heartbeats.record(request);
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
      const { revision } = await this.meta.range(COLLECTIONS);
      yield await this.#assignments(request.workerId);
      for await (const _ of this.meta.watch(COLLECTIONS, revision, stop.signal)) {
        yield await this.#assignments(request.workerId);
      }
    } finally {
      stop.abort();
    }
  }

  async #assignments(workerId: string): Promise<placement.Assignments> {
    const records = await this.catalog.collections('');
    const shards = records.flatMap((record) =>
      record.shards
        .filter((shard) => shard.replicas.includes(workerId))
        .map(({ shardId, epoch }) => ({ ...record, shardId, epoch })),
    );
    return { shards, clusterId: await this.catalog.clusterId() };
  }

  async #targets() {
    const held = (await this.catalog.collections('')).flatMap((record) =>
      record.shards.flatMap((shard) => shard.replicas),
    );
    const workers = await this.catalog.workers();
    return workers
      .filter((worker) => this.heartbeats.isHealthy(worker.id))
      .map(({ id }) => ({ workerId: id, shards: held.filter((holder) => holder === id).length }));
  }

  async #workers(): Promise<Map<string, WorkerRecord>> {
    return new Map((await this.catalog.workers()).map((worker) => [worker.id, worker]));
  }

  async #view(record: CollectionRecord, known?: Map<string, WorkerRecord>): Promise<placement.Collection> {
    const workers = known ?? (await this.#workers());
    const shards = record.shards.map((shard) => {
      const leader = shard.replicas[0];
      const metrics = this.heartbeats.shard(leader, shard.shardId);
      return {
        shardId: shard.shardId,
        epoch: shard.epoch,
        firstHash: BigInt(`0x${shard.firstHash}`),
        lastHash: BigInt(`0x${shard.lastHash}`),
        replicas: shard.replicas.map((workerId) => ({ workerId, number: workers.get(workerId)?.number ?? 0 })),
        leaderWorkerId: leader,
        leaderAddress: workers.get(leader)?.address ?? '',
        ready: metrics !== undefined && this.heartbeats.isHealthy(leader),
        metrics,
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
      last: beat?.request,
    };
  }
}

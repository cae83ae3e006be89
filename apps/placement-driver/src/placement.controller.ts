import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { changedSettings, checkAliasChanges, collectionSettings, Route } from '@vectron/model';
import { placement } from '@vectron/proto';
import { type Api, abortSignalOf, type CallContext, GrpcService } from '@vectron/rpc';
import { ALIASES, Catalog, COLLECTIONS, WORKERS } from './catalog.js';
import { CatalogView } from './catalog-view.js';
import { ControlLoop } from './control-loop.js';
import { planShards } from './first-placement.js';
import { Heartbeats } from './heartbeats.js';
import { PlacementNode } from './placement-node.js';
import type { Action } from './planner.js';
import {
  type CollectionRecord,
  capacityScore,
  heldReplicas,
  replicaId,
  stateOf,
  type WorkerRecord,
} from './records.js';
import { RerankerRegistry } from './reranker-registry.js';
import { Views } from './views.js';

/** How long a new collection's shards may take to open before the call returns without them. */
const OPEN_TIMEOUT_MS = 10_000;
const DEFAULT_HISTORY = 100;
/** Collections that are shown between two chances for requests. */
const AT_ONCE = 50;

/** vectron.placementdriver.v1. Every node serves every call: each change is one transaction of the MetaStore. */
@Controller()
@GrpcService(placement.PlacementServiceService)
export class PlacementController implements Api<typeof placement.PlacementServiceService> {
  readonly #views: Views;

  constructor(
    @Inject(Catalog) private readonly catalog: Catalog,
    @Inject(CatalogView) private readonly view: CatalogView,
    @Inject(Heartbeats) private readonly heartbeats: Heartbeats,
    @Inject(RerankerRegistry) private readonly rerankers: RerankerRegistry,
    @Inject(PlacementNode) private readonly node: PlacementNode,
    @Inject(ControlLoop) private readonly loop: ControlLoop,
  ) {
    this.#views = new Views(heartbeats, (id) => view.workers.get(WORKERS + id)?.record);
  }

  async createCollection(request: placement.CreateCollectionRequest): Promise<placement.CreateCollectionResponse> {
    if (request.collection === undefined) throw VectronError.invalid('collection', 'the collection is missing');
    const settings = collectionSettings(request.collection);
    const { tenantId } = request;
    const { shards, replicas } = request.collection;
    const { targets, searchOnly } = await this.#targets();
    const plan = (firstShardId: number) => ({
      ...settings,
      id: randomUUID(),
      tenantId,
      createdAtMs: Date.now(),
      shards: planShards({ shards, replicas, firstShardId }, targets, searchOnly),
    });
    const record = await this.catalog.createCollection(tenantId, settings.name, plan, request.limits);
    const open = () => record.shards.every(({ shardId }) => this.heartbeats.leader(shardId)?.metrics.hasQuorum);
    await this.heartbeats.until(open, OPEN_TIMEOUT_MS);
    return { collection: this.#views.collection(record) };
  }

  async deleteCollection(request: placement.DeleteCollectionRequest): Promise<placement.DeleteCollectionResponse> {
    await this.catalog.deleteCollection(request.tenantId, request.name, request.collectionId);
    return {};
  }

  async listCollections(request: placement.ListCollectionsRequest): Promise<placement.ListCollectionsResponse> {
    const records = await this.catalog.collections(request.tenantId);
    const collections: placement.Collection[] = [];
    for (const [at, record] of records.entries()) {
      if (at % AT_ONCE === AT_ONCE - 1) await setImmediate();
      collections.push(this.#views.collection(record));
    }
    return { collections };
  }

  async getTenantUsage({ tenantId }: placement.GetTenantUsageRequest): Promise<placement.GetTenantUsageResponse> {
    const records = this.view.collectionsOf(tenantId);
    const shards = records.flatMap((record) => record.shards);
    let [points, diskBytes] = [0, 0];
    for (const { shardId } of shards) {
      const metrics = this.heartbeats.leader(shardId)?.metrics;
      points += metrics?.livePoints ?? 0;
      diskBytes += metrics?.diskBytes ?? 0;
    }
    return {
      collections: BigInt(records.length),
      shards: BigInt(shards.length),
      points: BigInt(points),
      diskBytes: BigInt(diskBytes),
    };
  }

  async getCollectionStatus(
    request: placement.GetCollectionStatusRequest,
  ): Promise<placement.GetCollectionStatusResponse> {
    return { collection: this.#views.collection(await this.catalog.resolve(request.tenantId, request.name)) };
  }

  async updateCollection({
    tenantId,
    change,
  }: placement.UpdateCollectionRequest): Promise<placement.UpdateCollectionResponse> {
    if (change === undefined) throw VectronError.invalid('change', 'the change is missing');
    const { name } = await this.catalog.resolve(tenantId, change.name);
    const changed = await this.catalog.updateCollection(tenantId, name, (record) => changedSettings(record, change));
    return { collection: this.#views.collection(changed) };
  }

  async transferCollections({
    fromTenantId,
    toTenantId,
  }: placement.TransferCollectionsRequest): Promise<placement.TransferCollectionsResponse> {
    for (const [field, value] of Object.entries({ from_tenant_id: fromTenantId, to_tenant_id: toTenantId })) {
      if (value === '') throw VectronError.invalid(field, 'the tenant is missing');
    }
    if (fromTenantId === toTenantId) throw VectronError.invalid('to_tenant_id', 'to_tenant_id must be another tenant');
    return { collections: await this.catalog.transferCollections(fromTenantId, toTenantId) };
  }

  async listAliases({ tenantId }: placement.ListAliasesRequest): Promise<placement.ListAliasesResponse> {
    return { aliases: await this.catalog.aliases(tenantId) };
  }

  async updateAliases(request: placement.UpdateAliasesRequest): Promise<placement.UpdateAliasesResponse> {
    const { tenantId, set, delete: gone, limits } = request;
    checkAliasChanges(set, gone);
    await this.catalog.updateAliases(tenantId, set, gone, limits);
    return {};
  }

  async getWorker(request: placement.GetWorkerRequest): Promise<placement.GetWorkerResponse> {
    const record = await this.catalog.collection(request.tenantId, request.collection);
    const shard = new Route(this.#views.collection(record)).shardOf(request.vectorId);
    return { grpcAddress: shard.leaderAddress, shardId: shard.shardId, shardEpoch: shard.epoch };
  }

  async listWorkersForCollection(
    request: placement.ListWorkersForCollectionRequest,
  ): Promise<placement.ListWorkersForCollectionResponse> {
    const view = this.#views.collection(await this.catalog.collection(request.tenantId, request.collection));
    const addresses = view.shards.flatMap((shard) => shard.replicas.map((replica) => replica.address));
    return { grpcAddresses: [...new Set(addresses)] };
  }

  async registerWorker(request: placement.RegisterWorkerRequest): Promise<placement.RegisterWorkerResponse> {
    const { workerId, grpcAddress: address, ...capacity } = request;
    const worker = await this.catalog.registerWorker(workerId, { ...capacity, address }, Date.now());
    return { workerId: worker.id, number: worker.number, clusterId: await this.catalog.clusterId() };
  }

  async heartbeat(request: placement.HeartbeatRequest): Promise<placement.HeartbeatResponse> {
    this.heartbeats.record(request);
    return { ok: true };
  }

  async listWorkers(): Promise<placement.ListWorkersResponse> {
    const workers = await this.catalog.workers();
    return { workers: workers.map((worker) => this.#views.workerInfo(worker, this.view.replicasHeldBy(worker.id))) };
  }

  async drainWorker(request: placement.DrainWorkerRequest): Promise<placement.DrainWorkerResponse> {
    await this.catalog.updateWorker(request.workerId, (record) => {
      if (stateOf(record).state === 'REMOVED')
        throw new VectronError('NOT_FOUND', `worker ${record.number} was removed`);
      return { ...record, draining: !request.cancel };
    });
    return {};
  }

  async removeWorker(request: placement.RemoveWorkerRequest): Promise<placement.RemoveWorkerResponse> {
    await this.catalog.removeWorker(request.workerId, Date.now());
    return {};
  }

  async rebalance(request: placement.RebalanceRequest): Promise<placement.RebalanceResponse> {
    const { actions, blocked } = this.loop.plan('all');
    const begun: Action[] = [];
    const refused: string[] = [];
    for (const action of actions) {
      const why = request.dryRun ? undefined : await this.loop.begin(action);
      if (why === undefined) begun.push(action);
      else refused.push(`the ${action.kind} of shard ${action.shardId} could not begin: ${why}`);
    }
    const planned = begun.map((action) => {
      const { collection } = this.loop.find(action.shardId);
      const { from, to } = action.kind === 'split' ? { from: '', to: '' } : action;
      return { ...action, from, to, collection: collection.record.name };
    });
    return { actions: planned, blocked: [...blocked, ...refused] };
  }

  async moveReplica(request: placement.MoveReplicaRequest): Promise<placement.MoveReplicaResponse> {
    const operation = await this.loop.beginMove({ ...request, cause: 'asked', reason: 'asked for by an operator' });
    const { collection } = this.loop.find(request.shardId);
    return { operation: this.#views.operation(operation, request.shardId, collection.record) };
  }

  async splitShard(request: placement.SplitShardRequest): Promise<placement.SplitShardResponse> {
    const operation = await this.loop.beginSplit({ ...request, cause: 'asked', reason: 'asked for by an operator' });
    const { collection } = this.loop.find(request.shardId);
    return { operation: this.#views.operation(operation, request.shardId, collection.record) };
  }

  async listOperations(request: placement.ListOperationsRequest): Promise<placement.ListOperationsResponse> {
    const records = [...this.view.collections.values()].map(({ record }) => record);
    const running = records.flatMap((record) =>
      record.shards.flatMap(({ shardId, operation }) =>
        operation === undefined ? [] : [this.#views.operation(operation, shardId, record)],
      ),
    );
    const ended = await this.catalog.history(request.limit || DEFAULT_HISTORY);
    return { running, ended: ended.map((one) => this.#views.ended(one)) };
  }

  async registerReranker(request: placement.RegisterRerankerRequest): Promise<placement.RegisterRerankerResponse> {
    return { rerankerId: await this.rerankers.register(request.rerankerId, request.grpcAddress) };
  }

  async rerankerHeartbeat(request: placement.RerankerHeartbeatRequest): Promise<placement.RerankerHeartbeatResponse> {
    return { ok: await this.rerankers.beat(request.rerankerId) };
  }

  async listRerankers(): Promise<placement.ListRerankersResponse> {
    return { rerankers: await this.rerankers.list() };
  }

  async getReranker(): Promise<placement.GetRerankerResponse> {
    const healthy = (await this.rerankers.list()).find((reranker) => reranker.healthy);
    if (healthy === undefined) throw new VectronError('UNAVAILABLE', 'no reranker is registered');
    return { rerankerId: healthy.rerankerId, grpcAddress: healthy.grpcAddress };
  }

  async getLeader(): Promise<placement.GetLeaderResponse> {
    return { leaderAddress: await this.node.leader(), nodeAddresses: await this.catalog.nodes() };
  }

  async *watchAssignments(
    request: placement.WatchAssignmentsRequest,
    context: CallContext,
  ): AsyncIterable<placement.Assignments> {
    const signal = abortSignalOf(context.signal);
    const clusterId = await this.catalog.clusterId();
    await this.view.synced(signal);
    let mine = new Set<string>();
    let last: placement.Assignments | undefined;
    let { version } = this.view;
    let touched: Set<string> | undefined;
    for (;;) {
      const held = this.view.heldBy(request.workerId);
      const concerns = [...(touched ?? [])].some((key) => key.startsWith(WORKERS) || mine.has(key) || held.has(key));
      if (touched === undefined || concerns) {
        mine = new Set(held);
        const now = this.#assignments(request.workerId, clusterId);
        // The revision alone is no news.
        if (!isDeepStrictEqual({ ...now, revision: 0n }, last && { ...last, revision: 0n })) yield now;
        last = now;
      }
      touched = await this.view.touchedSince(version, signal);
      if (signal.aborted) return;
      ({ version } = this.view);
    }
  }

  async *watchRoutes(
    _request: placement.WatchRoutesRequest,
    context: CallContext,
  ): AsyncIterable<placement.RouteChanges> {
    const signal = abortSignalOf(context.signal);
    await this.view.synced(signal);
    let { version } = this.view;
    // What was missed before is not known: all of it.
    yield {
      changes: [...this.view.collections.values()].map(({ record: { tenantId, name } }) => ({ tenantId, name })),
    };
    for (;;) {
      const touched = await this.view.touchedSince(version, signal);
      if (signal.aborted) return;
      ({ version } = this.view);
      const all = touched === undefined || [...touched].some((key) => key.startsWith(WORKERS));
      const keys = all ? [...this.view.collections.keys()] : [...touched];
      const changes = keys
        .filter((key) => key.startsWith(COLLECTIONS) || key.startsWith(ALIASES))
        .map((key) => {
          const prefix = key.startsWith(ALIASES) ? ALIASES : COLLECTIONS;
          const [tenantId, name] = key.slice(prefix.length).split('/');
          return { tenantId, name };
        });
      if (changes.length > 0) yield { changes };
    }
  }

  #assignments(workerId: string, clusterId: string): placement.Assignments {
    const records = [...this.view.heldBy(workerId)].flatMap((key) => this.view.collections.get(key)?.record ?? []);
    const known = new Set<number>();
    const shards = records.flatMap((record) =>
      record.shards.flatMap((shard): placement.Assignment[] => {
        // A collection that is being given to another tenant is there under both of its keys.
        if (known.has(shard.shardId)) return [];
        known.add(shard.shardId);
        const own = heldReplicas(shard).find((replica) => replica.workerId === workerId);
        if (own === undefined) return [];
        const { shardId, epoch, replicas, learners, first, splitFrom } = shard;
        return [
          {
            ...settingsOf(record),
            shardId,
            epoch,
            replicaId: replicaId(own),
            voters: replicas.map(replicaId),
            learners: learners.map(replicaId),
            first: first.map(BigInt),
            relaxed: record.durability === 'relaxed',
            splitFromShardId: splitFrom?.shardId ?? 0,
            splitEpoch: splitFrom?.epoch ?? 0,
          },
        ];
      }),
    );
    const peers = [...this.view.workers.values()].flatMap(({ record: { id, number, raftAddress } }) =>
      id !== workerId && raftAddress !== '' ? [{ number, raftAddress }] : [],
    );
    shards.sort((a, b) => a.shardId - b.shardId);
    peers.sort((a, b) => a.number - b.number);
    return { shards, peers, clusterId, revision: BigInt(this.view.revision) };
  }

  async #targets() {
    const workers = await this.catalog.workers();
    const takes = (worker: WorkerRecord) =>
      !worker.searchOnly &&
      !worker.draining &&
      !['REMOVED', 'ERROR', 'RETRY'].includes(stateOf(worker).state) &&
      this.heartbeats.isHealthy(worker.id) &&
      !this.heartbeats.isStopping(worker.id);
    return {
      targets: workers.filter(takes).map((worker) => ({
        workerId: worker.id,
        number: worker.number,
        replicas: this.view.replicasOf(worker.id),
        capacity: Math.max(capacityScore(worker), 1),
        rack: worker.rack,
        zone: worker.zone,
        region: worker.region,
      })),
      searchOnly: workers
        .filter((worker) => worker.searchOnly && stateOf(worker).state !== 'REMOVED')
        .map(({ id, number }) => ({ workerId: id, number })),
    };
  }
}

function settingsOf({ dimension, distance, hnswM, hnswEfConstruction, vectors }: CollectionRecord) {
  return { dimension, distance, hnswM, hnswEfConstruction, vectors };
}

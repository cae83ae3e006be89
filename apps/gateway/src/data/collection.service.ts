import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkCollectionName, initialDeclarations, requestOf, type ShardCounts } from '@vectron/model';
import type { gateway, placement } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import type { Principal } from '../edge/access.js';
import { BACKENDS, type Backends } from '../backends.js';
import { EmbeddingService } from './embedding.service.js';
import { RouteTable } from '../shards/routes.js';
import { SchemaService } from './schema.service.js';
import { TenantQuota } from '../edge/tenant-quota.js';

const PD_TIMEOUT_MS = 15_000;

/** Collections of the caller's tenant. */
@Injectable()
export class CollectionService {
  constructor(
    @Inject(BACKENDS) private readonly backends: Backends,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(TenantQuota) private readonly quota: TenantQuota,
    @Inject(SchemaService) private readonly schema: SchemaService,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
  ) {}

  async create(
    principal: Principal,
    request: gateway.CreateCollectionRequest,
  ): Promise<gateway.CreateCollectionResponse> {
    // Before there is anything that a wrong one would leave behind.
    initialDeclarations(request);
    if (request.embedding !== undefined) this.embeddings.check(request.embedding.provider);
    const { tenantId } = principal;
    const limits = this.quota.limits(principal);
    const made = { tenantId, collection: request, limits };
    const { collection } = await this.backends.placement.createCollection(made, pd());
    // What is known of one that had the name before is no route to this one.
    this.routes.forget(tenantId, request.name);
    try {
      await this.schema.declareAll(principal, request);
    } catch (refusal) {
      throw await this.#takenBack(tenantId, request.name, collection?.id ?? '', toVectronError(refusal));
    }
    return { success: true };
  }

  /**
   * A collection whose shards refuse what it declares, or cannot be asked, is not made. Gives the error that says so. Only
   * the one that was made is deleted, not one that somebody else has made under the name meanwhile.
   */
  async #takenBack(tenantId: string, name: string, collectionId: string, refusal: VectronError): Promise<VectronError> {
    try {
      await this.backends.placement.deleteCollection({ tenantId, name, collectionId }, pd());
    } catch (cause) {
      const error = toVectronError(cause);
      if (error.code !== 'COLLECTION_NOT_FOUND') {
        const { code, message, details } = refusal;
        const left = `collection ${name} was made without what it declares, and could not be deleted again (${error.message}): delete it`;
        return new VectronError(code, `${message}; ${left}`, { details, cause });
      }
    } finally {
      this.routes.forget(tenantId, name);
    }
    return refusal;
  }

  async delete(principal: Principal, name: string): Promise<gateway.DeleteCollectionResponse> {
    checkCollectionName(name, 'name');
    const { tenantId } = principal;
    await this.backends.placement.deleteCollection({ tenantId, name, collectionId: '' }, pd());
    this.routes.forget(tenantId, name);
    return { success: true };
  }

  async update(
    principal: Principal,
    change: gateway.UpdateCollectionRequest,
  ): Promise<gateway.UpdateCollectionResponse> {
    checkCollectionName(change.name, 'name');
    if (change.embedding !== undefined) this.embeddings.check(change.embedding.provider);
    const { tenantId } = principal;
    const { collection } = await this.backends.placement.updateCollection({ tenantId, change }, pd());
    // The change is made, whether or not the route can be read now: the placement drivers push it as well.
    await this.routes.refresh(tenantId, collection?.name ?? change.name).catch(() => undefined);
    return { settings: collection && requestOf(collection) };
  }

  async list(principal: Principal): Promise<gateway.ListCollectionsResponse> {
    const { tenantId } = principal;
    const { collections } = await this.backends.placement.listCollections({ tenantId }, pd());
    const own = collections.filter(
      ({ name }) => principal.collections.length === 0 || principal.collections.includes(name),
    );
    return { collections: own.map((one) => one.name), details: own.map(collectionInfo) };
  }

  async status(principal: Principal, name: string): Promise<gateway.GetCollectionStatusResponse> {
    checkCollectionName(name, 'name');
    const { tenantId } = principal;
    const { collection } = await this.backends.placement.getCollectionStatus({ tenantId, name }, pd());
    const shards = (collection as placement.Collection).shards;
    const counts = await this.schema.counts(principal, name).catch((cause: unknown) => {
      const none = { points: 0n, indexLag: 0n, errorCode: toVectronError(cause).code };
      return new Map(shards.map(({ shardId }) => [shardId, none]));
    });
    return collectionStatus(collection as placement.Collection, counts);
  }
}

const pd = () => callContext({ timeoutMs: PD_TIMEOUT_MS });
const sum = (shards: placement.Shard[], field: 'livePoints' | 'memoryBytes' | 'diskBytes') =>
  BigInt(shards.reduce((total, shard) => total + (shard.metrics?.[field] ?? 0), 0));

export function collectionInfo(collection: placement.Collection): gateway.CollectionInfo {
  return {
    name: collection.name,
    dimension: collection.dimension,
    distance: collection.distance,
    shards: collection.shards.length,
    points: sum(collection.shards, 'livePoints'),
    createdAt: BigInt(Math.floor(collection.createdAtMs / 1000)),
  };
}

/** fsync; or relaxed, which is UNSAFE when the power fails, with how long a write may wait for its fsync. */
function durability({ durability: policy, shards }: placement.Collection): string {
  if (policy !== 'relaxed') return 'fsync';
  const longest = Math.max(0, ...shards.map(({ metrics }) => metrics?.relaxedMs ?? 0));
  return `relaxed (unsafe: fsync within ${longest} ms)`;
}

/** A shard that a split has made meanwhile was not asked. */
const NOT_ASKED: ShardCounts = { points: 0n, indexLag: 0n, errorCode: 'STALE_EPOCH' };

/** `counts`: of its points, by shard; all else is as of the workers' last heartbeats. */
function collectionStatus(
  collection: placement.Collection,
  counts: ReadonlyMap<number, ShardCounts>,
): gateway.GetCollectionStatusResponse {
  const { shards } = collection;
  const countsOf = ({ shardId }: placement.Shard) => counts.get(shardId) ?? NOT_ASKED;
  const total = (field: 'points' | 'indexLag') => shards.reduce((all, shard) => all + countsOf(shard)[field], 0n);
  return {
    name: collection.name,
    dimension: collection.dimension,
    distance: collection.distance,
    shards: shards.map((shard) => ({
      shardId: shard.shardId,
      replicas: shard.replicas.map((replica) => BigInt(replica.number)),
      leaderId: BigInt(shard.replicas.find((replica) => replica.workerId === shard.leaderWorkerId)?.number ?? 0),
      ready: shard.ready,
      ...countsOf(shard),
      appliedIndex: shard.metrics?.appliedIndex ?? 0n,
      term: shard.metrics?.term ?? 0n,
      replicaStatus: shard.replicas.map(({ number, metrics }) => ({
        worker: BigInt(number),
        role: metrics?.role ?? '',
        appliedIndex: metrics?.appliedIndex ?? 0n,
        damage: metrics?.damage ?? '',
      })),
    })),
    points: total('points'),
    indexLag: total('indexLag'),
    durability: durability(collection),
    rerank: collection.rerank,
    embedding: collection.embedding,
    settings: requestOf(collection),
    memoryBytes: sum(shards, 'memoryBytes'),
    diskBytes: sum(shards, 'diskBytes'),
  };
}

import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import {
  changePoints,
  checkPointId,
  encodePoints,
  type Part,
  type PointInput,
  type PointsChange,
  pagePoints,
  payloadChange,
  readPlan,
  suspectUpserts,
  WriteOrigins,
  writeParts,
  writeToken,
} from '@vectron/model';
import type { gateway, placement, workerData } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import { CONFIG } from '../backends.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import type { GatewayConfig } from '../config.js';
import { EmbeddingService } from './embedding.service.js';
import { ResultCache } from './result-cache.js';
import { ShardCaller } from '../shards/shard-caller.js';
import { TenantQuota } from '../edge/tenant-quota.js';

/** Points of one collection, one by one and in batches. */
@Injectable()
export class PointService {
  readonly #origins = new WriteOrigins();

  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(ResultCache) private readonly cache: ResultCache,
    @Inject(TenantQuota) private readonly quota: TenantQuota,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
  ) {}

  /**
   * Writes all points or, when one of them is wrong, none. Acknowledged: every shard has its part as durable as the
   * collection promises. When a shard fails, others may have written theirs; the error says so, and the same request
   * may be sent again.
   */
  async upsert(
    principal: Principal,
    name: string,
    inputs: readonly PointInput[],
    origin?: gateway.WriteOrigin,
    limits: CallLimits = {},
  ): Promise<gateway.UpsertResponse> {
    await this.quota.checkRoom(principal, inputs.length);
    const deadlineMs = deadlineOf(this.config.writeTimeoutMs, limits);
    const points = await this.embeddings.points(principal.tenantId, name, inputs, limits.signal);
    const { writes, count } = await this.#named(origin, (named) =>
      this.shards.following(principal.tenantId, name, deadlineMs, async (route) => {
        const encoded = encodePoints(points, route.collection, this.config.maxBatch);
        const parts = [...route.byShard(encoded)];
        const suspects = await suspectUpserts(parts, this.shards.asker(route, { deadlineMs, signal: limits.signal }));
        const write = async ([shard, batch]: Part<workerData.PointData>): Promise<gateway.ShardWrite> => {
          const op = { $case: 'upsert' as const, value: { points: [...batch] } };
          const { outcome } = await this.shards.call(route, shard, op, { deadlineMs, origin: named });
          const logIndex = outcome.$case === 'written' ? outcome.value.index : 0n;
          return { shardId: shard.shardId, upserted: batch.length, logIndex, errorCode: '' };
        };
        const writes = await writeParts(parts, suspects, write).finally(() =>
          this.cache.written(route.collection.id),
        );
        return { writes, count: encoded.length };
      }),
    );
    return { upserted: count, shards: writes, writeToken: writes.length > 0 ? writeToken(writes) : '' };
  }

  /** Throws POINT_NOT_FOUND. */
  async get(
    principal: Principal,
    name: string,
    id: string,
    consistency?: gateway.ReadConsistency,
    limits: CallLimits = {},
  ): Promise<{ point: workerData.PointData; appliedIndex: bigint }> {
    checkPointId(id, 'id');
    const plan = readPlan(consistency);
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    const op = { $case: 'get' as const, value: { ids: [id] } };
    const read = { plan, deadlineMs, signal: limits.signal, work: limits.work };
    const { outcome, appliedIndex } = await this.shards.reading(principal.tenantId, name, read, (route, ask) =>
      ask(route.shardOf(id), op),
    );
    const point = outcome.$case === 'points' ? outcome.value.points[0] : undefined;
    if (point === undefined) throw new VectronError('POINT_NOT_FOUND', `there is no point ${id} in collection ${name}`);
    return { point, appliedIndex };
  }

  /** Deleting what is not there succeeds. */
  async delete(
    principal: Principal,
    name: string,
    id: string,
    origin?: gateway.WriteOrigin,
    limits: CallLimits = {},
  ): Promise<gateway.DeleteResponse> {
    checkPointId(id, 'id');
    const deadlineMs = deadlineOf(this.config.writeTimeoutMs, limits);
    const op = { $case: 'delete' as const, value: { ids: [id] } };
    const { outcome, shardId } = await this.#named(origin, (named) =>
      this.shards.following(principal.tenantId, name, deadlineMs, async (route) => {
        const shard = route.shardOf(id);
        const { outcome } = await this.shards
          .call(route, shard, op, { deadlineMs, origin: named })
          // One whose outcome is not known may have been made.
          .finally(() => this.cache.written(route.collection.id));
        return { outcome, shardId: shard.shardId };
      }),
    );
    const { index: logIndex, affected } = outcome.$case === 'written' ? outcome.value : { index: 0n, affected: 0 };
    return { existed: affected > 0, writeToken: writeToken([{ shardId, logIndex }]) };
  }

  /** Points after the cursor, by id (byte order) or as the request orders them, over all shards. */
  async list(
    principal: Principal,
    request: gateway.ListPointsRequest,
    limits: CallLimits = {},
  ): Promise<{ points: workerData.PointData[]; nextCursor: string }> {
    const plan = readPlan(request.consistency);
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    const read = { plan, deadlineMs, signal: limits.signal, work: limits.work };
    return this.shards.reading(principal.tenantId, request.collection, read, (route, ask) =>
      pagePoints(route, request, ask),
    );
  }

  /** Changes payloads. A filter's points are changed in steps: an error in between leaves those before changed. */
  async update(
    principal: Principal,
    request: gateway.UpdatePointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.UpdatePointsResponse> {
    const change = { ...request, action: payloadChange(request) };
    const { affected, token } = await this.#change(principal, request.collection, change, request.origin, limits);
    return { updated: affected, writeToken: token };
  }

  /** Deletes points; see [update] for those that a filter chooses. */
  async deleteMany(
    principal: Principal,
    request: gateway.DeletePointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.DeletePointsResponse> {
    const change = { ...request, action: { $case: 'delete', value: true } as const };
    const { affected, token } = await this.#change(principal, request.collection, change, request.origin, limits);
    return { deleted: affected, writeToken: token };
  }

  async #change(
    principal: Principal,
    name: string,
    change: PointsChange,
    origin: gateway.WriteOrigin | undefined,
    limits: CallLimits,
  ): Promise<{ affected: bigint; token: string }> {
    if (origin !== undefined && change.ids.length === 0) {
      throw VectronError.invalid('origin', 'origin identifies a single write and cannot be combined with a filter, which takes several');
    }
    const deadlineMs = deadlineOf(this.config.writeTimeoutMs, limits);
    // Each step is a write of its own; what is repeated because a shard was split changes nothing twice.
    const { affected, writes } = await this.shards.reading(principal.tenantId, name, { deadlineMs }, (route, ask) => {
      const write = (shard: placement.Shard, mutation: workerData.Mutation) =>
        this.#named(origin, async (named) => {
          const op = { $case: 'mutate', value: mutation } as const;
          const { outcome } = await this.shards.call(route, shard, op, { deadlineMs, origin: named });
          if (outcome.$case !== 'written') throw new VectronError('INTERNAL', 'the worker sent an answer of an unexpected type');
          return outcome.value;
        });
      return changePoints(route, change, ask, write).finally(() => this.cache.written(route.collection.id));
    });
    return { affected, token: writes.length > 0 ? writeToken(writes) : '' };
  }

  /** Runs a write under the name its client gave it, or one of this process. */
  #named<T>(origin: gateway.WriteOrigin | undefined, write: (origin: workerData.Origin) => Promise<T>): Promise<T> {
    if (origin === undefined) return this.#origins.run(write);
    if (origin.pendingFrom > origin.sequence) {
      throw VectronError.invalid('origin', 'origin requires a pending_from that is not larger than its sequence');
    }
    return write(origin);
  }
}

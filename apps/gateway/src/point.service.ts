import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkLimit, checkPointId, encodePoints, type PointInput } from '@vectron/model';
import type { gateway, workerData } from '@vectron/proto';
import { type Principal, requireCollection, requireWrite } from './access.js';
import { CONFIG } from './backends.js';
import type { GatewayConfig } from './config.js';
import { RouteTable } from './routes.js';
import { ShardCaller } from './shard-caller.js';

/** Points of one collection, one by one and in batches. */
@Injectable()
export class PointService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
  ) {}

  /**
   * Writes all points or, when one of them is wrong, none. Acknowledged: every shard has its part on disk. When a
   * shard fails, others may have written theirs; the error says so, and the same request may be sent again.
   */
  async upsert(principal: Principal, name: string, points: readonly PointInput[]): Promise<gateway.UpsertResponse> {
    requireWrite(principal);
    requireCollection(principal, name);
    const route = await this.routes.get(principal.tenantId, name);
    const encoded = encodePoints(points, route.collection, this.config.maxBatch);
    const deadlineMs = Date.now() + this.config.writeTimeoutMs;
    const writes = await Promise.all(
      [...route.byShard(encoded)].map(
        async ([shard, batch]): Promise<gateway.ShardWrite & { error?: VectronError }> => {
          try {
            const outcome = await this.shards.call(
              route,
              shard,
              { $case: 'upsert', value: { points: batch } },
              deadlineMs,
            );
            const logIndex = outcome.$case === 'written' ? outcome.value.index : 0n;
            return { shardId: shard.shardId, upserted: batch.length, logIndex, errorCode: '' };
          } catch (cause) {
            const error = toVectronError(cause);
            return { shardId: shard.shardId, upserted: 0, logIndex: 0n, errorCode: error.code, error };
          }
        },
      ),
    );
    const failed = writes.filter((write) => write.error !== undefined);
    if (failed.length > 0) {
      const { code, message } = failed[0].error as VectronError;
      const partly =
        failed.length < writes.length
          ? `; ${writes.length - failed.length} of ${writes.length} shards have written their part, send the request again`
          : '';
      throw new VectronError(code, `shard ${failed[0].shardId}: ${message}${partly}`);
    }
    return { upserted: encoded.length, shards: writes };
  }

  /** Throws POINT_NOT_FOUND. */
  async get(principal: Principal, name: string, id: string): Promise<workerData.PointData> {
    requireCollection(principal, name);
    checkPointId(id, 'id');
    const route = await this.routes.get(principal.tenantId, name);
    const deadlineMs = Date.now() + this.config.searchTimeoutMs;
    const outcome = await this.shards.call(
      route,
      route.shardOf(id),
      { $case: 'get', value: { ids: [id] } },
      deadlineMs,
    );
    const point = outcome.$case === 'points' ? outcome.value.points[0] : undefined;
    if (point === undefined) throw new VectronError('POINT_NOT_FOUND', `no point ${id} in ${name}`);
    return point;
  }

  /** Deleting what is not there succeeds. */
  async delete(principal: Principal, name: string, id: string): Promise<void> {
    requireWrite(principal);
    requireCollection(principal, name);
    checkPointId(id, 'id');
    const route = await this.routes.get(principal.tenantId, name);
    const deadlineMs = Date.now() + this.config.writeTimeoutMs;
    await this.shards.call(route, route.shardOf(id), { $case: 'delete', value: { ids: [id] } }, deadlineMs);
  }

  /** Points with ids after the cursor, by id (byte order) over all shards. */
  async list(
    principal: Principal,
    request: gateway.ListPointsRequest,
  ): Promise<{ points: workerData.PointData[]; nextCursor: string }> {
    requireCollection(principal, request.collection);
    const limit = checkLimit(request.limit);
    const route = await this.routes.get(principal.tenantId, request.collection);
    const deadlineMs = Date.now() + this.config.searchTimeoutMs;
    const page = { after: request.cursor, limit };
    const pages = await Promise.all(
      route.shards.map((shard) => this.shards.call(route, shard, { $case: 'scroll', value: page }, deadlineMs)),
    );
    const points = pages.flatMap((outcome) => (outcome.$case === 'points' ? outcome.value.points : []));
    points.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    const shown = points.slice(0, limit);
    return { points: shown, nextCursor: shown.length === limit ? shown[limit - 1].id : '' };
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { type AskWorker, closeSnapshot, openSnapshot, pageSnapshot, parseSnapshot, type Route } from '@vectron/model';
import type { gateway, workerData } from '@vectron/proto';
import { CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import type { Principal } from '../edge/access.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import { RouteTable } from '../shards/routes.js';
import { ShardCaller } from '../shards/shard-caller.js';

/** Snapshots of one moment: their views are in the workers, and which they are is in what the client has of them. */
@Injectable()
export class SnapshotService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
  ) {}

  /** Every write that was acknowledged before is in it. */
  open(principal: Principal, name: string, limits: CallLimits = {}): Promise<gateway.OpenSnapshotResponse> {
    const { tenantId, apiKeyId, userId } = principal;
    const { signal } = limits;
    const deadlineMs = deadlineOf(this.config.writeTimeoutMs, limits);
    const of = { owner: tenantId, key: apiKeyId || userId };
    const consistency: workerData.Consistency = { level: { $case: 'linearizable', value: true } };
    return this.shards.following(tenantId, name, deadlineMs, (route) =>
      openSnapshot(
        route,
        of,
        (shard, op) => this.shards.call(route, shard, op, { deadlineMs, consistency, signal }),
        this.#ask(route, limits),
      ),
    );
  }

  /** A page of `request.snapshot`. */
  async list(
    principal: Principal,
    request: gateway.ListPointsRequest,
    limits: CallLimits = {},
  ): Promise<{ points: workerData.PointData[]; nextCursor: string }> {
    const { route, views } = await this.#views(principal, request);
    return pageSnapshot(views, request, this.#ask(route, limits));
  }

  async close(
    principal: Principal,
    request: gateway.CloseSnapshotRequest,
    limits: CallLimits = {},
  ): Promise<gateway.CloseSnapshotResponse> {
    const ask: AskWorker = async (...asked) =>
      this.#ask(await this.routes.get(principal.tenantId, request.collection), limits)(...asked);
    const find = async () => (await this.#views(principal, request)).views;
    return { existed: await closeSnapshot(find, ask) };
  }

  async #views(
    { tenantId }: Principal,
    { collection: name, snapshot }: Pick<gateway.CloseSnapshotRequest, 'collection' | 'snapshot'>,
  ): Promise<{ route: Route; views: readonly workerData.ShardView[] }> {
    const known = await this.routes.get(tenantId, name);
    try {
      return { route: known, views: parseSnapshot(snapshot, known.collection) };
    } catch {
      // Another gateway may have opened it, of an incarnation that this one does not know yet.
      const route = await this.routes.refresh(tenantId, name);
      return { route, views: parseSnapshot(snapshot, route.collection) };
    }
  }

  #ask(route: Route, limits: CallLimits): AskWorker {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    return (shardId, worker, op) =>
      this.shards.callWorker(route, shardId, worker, op, { deadlineMs, signal: limits.signal, work: limits.work });
  }
}

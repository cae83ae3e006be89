import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { changeCursor, changesOf, MAX_CHANGES_WAIT_MS, parseChangeCursor } from '@vectron/model';
import type { gateway, workerData } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import type { CallLimits } from '../edge/call-limits.js';
import { RouteTable } from '../shards/routes.js';
import { ShardCaller } from '../shards/shard-caller.js';

/** Beyond the wait, for the answer to come. */
const ANSWER_MS = 5_000;

export interface PointChange {
  readonly shardId: number;
  readonly change: workerData.Change;
}

/** What happened to a collection's points, for applications that follow it. */
@Injectable()
export class ChangeService {
  constructor(
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
  ) {}

  /**
   * Changes after the cursor, in log order a shard, without a gap; waits for one when there is none. CHANGES_GONE when
   * the cursor is older than the log that is kept.
   */
  async list(
    principal: Principal,
    request: gateway.ListChangesRequest,
    { signal }: CallLimits = {},
  ): Promise<{ changes: PointChange[]; nextCursor: string }> {
    if (request.waitMs > MAX_CHANGES_WAIT_MS)
      throw VectronError.invalid('wait_ms', `wait_ms must be at most ${MAX_CHANGES_WAIT_MS}`);
    const route = await this.routes.get(principal.tenantId, request.collection);
    const { collection } = route;
    const from = parseChangeCursor(request.cursor, collection);
    // Changes of a shard that was split off follow those before the split, which are the other half's to tell.
    const begun = route.shards.filter(
      (shard) =>
        from.has(shard.shardId) ||
        shard.splitFromShardId === 0 ||
        (from.get(shard.splitFromShardId) ?? 0n) > BigInt(shard.splitIndex),
    );
    const batches = await changesOf(begun, request.waitMs, async (shard, waitMs, next) => {
      const first = shard.splitIndex === 0 ? 0n : BigInt(shard.splitIndex) + 1n;
      const op = { $case: 'changes', value: { fromIndex: next ?? from.get(shard.shardId) ?? first, waitMs } } as const;
      const call = { deadlineMs: Date.now() + waitMs + ANSWER_MS, anyReplica: true, signal };
      const { outcome } = await this.shards.call(route, shard, op, call);
      if (outcome.$case !== 'changes') throw new VectronError('INTERNAL', 'the worker answered something else');
      return outcome.value;
    });
    return {
      changes: batches.flatMap(({ shardId, batch }) => batch.changes.map((change) => ({ shardId, change }))),
      nextCursor: changeCursor(collection, batches),
    };
  }
}

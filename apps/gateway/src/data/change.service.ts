import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { type FeedHome, listChanges, parseChangeCursor, type Route, type ShardChange } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { anyOf, type StopSignal } from '@vectron/rpc';
import type { Principal } from '../edge/access.js';
import type { CallLimits } from '../edge/call-limits.js';
import { RouteTable } from '../shards/routes.js';
import { ShardCaller } from '../shards/shard-caller.js';

/** Beyond the wait, for the answer to come. */
const ANSWER_MS = 5_000;

/** What happened to a collection's points, for applications that follow it. */
@Injectable()
export class ChangeService {
  constructor(
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
  ) {}

  /** See `listChanges` of packages/model. */
  async list(
    principal: Principal,
    request: gateway.ListChangesRequest,
    { signal }: CallLimits = {},
  ): Promise<{ changes: ShardChange[]; nextCursor: string }> {
    const { tenantId } = principal;
    const deadlineMs = Date.now() + request.waitMs + ANSWER_MS;
    await this.#follow(tenantId, request);
    return this.shards.following(tenantId, request.collection, deadlineMs, (route) =>
      listChanges(route, request, this.#home(route, deadlineMs, signal)),
    );
  }

  /** Another gateway may have given the cursor, and know of a split or of a new incarnation that this one does not. */
  async #follow(tenantId: string, { collection: name, cursor }: gateway.ListChangesRequest): Promise<void> {
    if (cursor === '') return;
    const { collection, shards } = await this.routes.get(tenantId, name);
    try {
      parseChangeCursor(cursor, collection, shards);
    } catch {
      await this.routes.refresh(tenantId, name);
    }
  }

  #home(route: Route, deadlineMs: number, signal: StopSignal | undefined): FeedHome {
    return {
      ask: this.shards.asker(route, { deadlineMs, signal }),
      read: async (shard, op, round) => {
        // Where the feed stands now is what a majority has; what it tells, any replica may.
        const how = op.now
          ? { consistency: { level: { $case: 'linearizable', value: true } as const } }
          : { anyReplica: true };
        const call = { deadlineMs, ...how, signal: anyOf(signal, round) };
        const { outcome } = await this.shards.call(route, shard, { $case: 'changes', value: op }, call);
        if (outcome.$case !== 'changes') throw new VectronError('INTERNAL', 'the worker sent an answer of an unexpected type');
        return outcome.value;
      },
    };
  }
}

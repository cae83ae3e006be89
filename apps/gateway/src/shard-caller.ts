import { toVectronError, VectronError } from '@vectron/errors';
import { type placement, workerData } from '@vectron/proto';
import type { Route } from '@vectron/routing';
import type { Backends } from './backends.js';
import type { RouteTable } from './routes.js';

type Op = NonNullable<workerData.ShardOp['op']>;
export type Outcome = NonNullable<workerData.ShardOutcome['outcome']>;

/** Codes after which a fresh route may help. */
const MOVED = new Set(['STALE_EPOCH', 'NOT_LEADER', 'SHARD_NOT_FOUND']);
const REFRESH_PAUSE_MS = 50;

/** Sends one operation to one shard; a route that turns out stale is refreshed until the deadline. */
export class ShardCaller {
  constructor(
    private readonly backends: Backends,
    private readonly routes: RouteTable,
  ) {}

  async call(route: Route, shard: placement.Shard, op: Op, deadlineMs: number): Promise<Outcome> {
    let target = shard;
    for (;;) {
      try {
        return await this.#once(target, op, deadlineMs);
      } catch (cause) {
        const error = toVectronError(cause);
        if (!MOVED.has(error.code) || Date.now() + REFRESH_PAUSE_MS >= deadlineMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, REFRESH_PAUSE_MS));
        const { tenantId, name, id } = route.collection;
        const fresh = await this.routes.refresh(tenantId, name);
        if (fresh.collection.id !== id)
          throw new VectronError('COLLECTION_NOT_FOUND', `collection ${name} was replaced`);
        target = fresh.shards.find((one) => one.shardId === shard.shardId) ?? target;
      }
    }
  }

  async #once(shard: placement.Shard, op: Op, deadlineMs: number): Promise<Outcome> {
    const timeoutMs = deadlineMs - Date.now();
    if (timeoutMs <= 0) throw new VectronError('DEADLINE_EXCEEDED', 'the time budget is used up');
    const encoded = workerData.ShardOp.encode({ shardId: shard.shardId, shardEpoch: shard.epoch, op }).finish();
    const answer = await this.backends.workers.submit(
      { workerId: shard.leaderWorkerId, address: shard.leaderAddress },
      Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength),
      { write: op.$case === 'upsert' || op.$case === 'delete', timeoutMs },
    );
    const { errorCode, errorMessage, outcome } = workerData.ShardOutcome.decode(answer);
    if (errorCode !== '') throw VectronError.fromWire(errorCode, errorMessage);
    if (outcome === undefined) throw new VectronError('INTERNAL', 'the worker answered nothing');
    return outcome;
  }
}

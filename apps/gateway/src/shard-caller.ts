import { toVectronError, VectronError } from '@vectron/errors';
import type { Route } from '@vectron/model';
import { type placement, workerData } from '@vectron/proto';
import type { Backends } from './backends.js';
import type { RouteTable } from './routes.js';

type Op = NonNullable<workerData.ShardOp['op']>;
export type Outcome = NonNullable<workerData.ShardOutcome['outcome']>;

/** The shard is elsewhere, or will be in a moment: ask again until the deadline. */
const MOVED = new Set(['STALE_EPOCH', 'NOT_LEADER', 'SHARD_NOT_FOUND']);
const REFRESH_PAUSE_MS = 50;

/**
 * Sends one operation to one shard and follows it when it has moved. A worker that cannot be reached is tried at its
 * new address if it has one; every operation may be sent twice, because writing or deleting twice is the same as once.
 */
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
        const moved = MOVED.has(error.code);
        if (!(moved || error.code === 'UNAVAILABLE') || Date.now() + REFRESH_PAUSE_MS >= deadlineMs) throw error;
        if (moved) await new Promise((resolve) => setTimeout(resolve, REFRESH_PAUSE_MS));
        const fresh = await this.#whereNow(route, shard.shardId);
        if (!moved && fresh.leaderAddress === target.leaderAddress) throw error;
        target = fresh;
      }
    }
  }

  async #whereNow({ collection }: Route, shardId: number): Promise<placement.Shard> {
    const { tenantId, name, id } = collection;
    const fresh = await this.routes.refresh(tenantId, name);
    const shard = fresh.shards.find((one) => one.shardId === shardId);
    if (fresh.collection.id !== id || shard === undefined) {
      throw new VectronError('COLLECTION_NOT_FOUND', `collection ${name} was replaced`);
    }
    return shard;
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

import { toVectronError, VectronError } from '@vectron/errors';
import type { Route } from '@vectron/model';
import { type placement, workerData } from '@vectron/proto';
import type { Backends } from './backends.js';
import type { RouteTable } from './routes.js';

type Op = NonNullable<workerData.ShardOp['op']>;
export type Outcome = NonNullable<workerData.ShardOutcome['outcome']>;

export interface ShardCall {
  readonly deadlineMs: number;
  /** Of a read. */
  readonly consistency?: workerData.Consistency;
  /** A replica that does not lead may answer, and one without a vote is asked first. */
  readonly anyReplica?: boolean;
  /** Of a write: it may be sent again, and has the effect of once. */
  readonly origin?: workerData.Origin;
}

/** An outcome, the log index as of which a read was answered, and the replica that answered. */
export interface ShardAnswer {
  readonly outcome: Outcome;
  readonly appliedIndex: bigint;
  readonly worker: number;
}

/** The replica cannot answer, another one may, or this one in a moment: ask on until the deadline. */
const ELSEWHERE = new Set([
  'STALE_EPOCH',
  'NOT_LEADER',
  'SHARD_NOT_FOUND',
  'COMMIT_UNKNOWN',
  'DATA_DAMAGED',
  'SHARD_POISONED',
  'TOO_STALE',
  'NOT_CAUGHT_UP',
  'UNAVAILABLE',
]);
const PAUSE_MS = 50;

/** One replica as a call may be sent to it. */
interface Target {
  readonly workerId: string;
  readonly address: string;
  readonly number: number;
}

/**
 * Sends one operation to the replica of a shard that should answer it, and follows the shard when it has moved, lost
 * its leader or cannot be reached, until the deadline. A route that cannot be refreshed is used as it is.
 */
export class ShardCaller {
  #turn = 0;

  constructor(
    private readonly backends: Backends,
    private readonly routes: RouteTable,
  ) {}

  async call(route: Route, shard: placement.Shard, op: Op, options: ShardCall): Promise<ShardAnswer> {
    const write = op.$case === 'upsert' || op.$case === 'delete';
    let known = shard;
    let hint = 0;
    const failed = new Set<string>();
    for (;;) {
      const target = this.#choose(known, write, options, hint, failed);
      hint = 0;
      try {
        return await this.#once(known, target, op, write, options);
      } catch (cause) {
        const error = toVectronError(cause);
        if (!ELSEWHERE.has(error.code)) throw error;
        const alone = known.replicas.filter(({ address }) => address !== '').length <= 1;
        if (target !== undefined && error.code === 'NOT_LEADER') hint = (cause as NotLeader).leader ?? 0;
        if (target !== undefined) failed.add(target.address);
        const others = !write && known.replicas.some(({ address }) => address !== '' && !failed.has(address));
        if (hint === 0 && !(others && error.code !== 'STALE_EPOCH')) {
          if (Date.now() + PAUSE_MS >= options.deadlineMs) throw error;
          if (error.code !== 'UNAVAILABLE' || !alone) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
          const fresh = await this.#whereNow(route, known);
          // The only replica, and it is still where it could not be reached.
          if (alone && error.code === 'UNAVAILABLE' && fresh.leaderAddress === known.leaderAddress) throw error;
          if (alone && error.code === 'DATA_DAMAGED') throw error;
          known = fresh;
          failed.clear();
        }
      }
    }
  }

  #choose(
    shard: placement.Shard,
    write: boolean,
    { consistency, anyReplica }: ShardCall,
    hint: number,
    failed: ReadonlySet<string>,
  ): Target | undefined {
    const all = shard.replicas.filter(({ address }) => address !== '');
    const hinted = all.find(({ number }) => number === hint);
    if (hinted !== undefined) return hinted;
    const voters = all.filter(({ learner }) => !learner);
    const leader = all.find(({ workerId }) => workerId === shard.leaderWorkerId);
    if (write) return leader ?? this.#oneOf(voters);
    const usable = all.filter(({ address }) => !failed.has(address));
    if (anyReplica) {
      const learners = usable.filter(({ learner }) => learner);
      if (learners.length > 0) return this.#oneOf(learners);
    }
    if (leader !== undefined && !failed.has(leader.address)) return leader;
    const strong = consistency?.level?.$case === 'linearizable';
    const left = strong ? usable.filter(({ learner }) => !learner) : usable;
    return this.#oneOf(left.length > 0 ? left : voters);
  }

  #oneOf(replicas: readonly Target[]): Target | undefined {
    this.#turn = (this.#turn + 1) % 0xffff;
    return replicas[this.#turn % Math.max(1, replicas.length)];
  }

  async #whereNow({ collection }: Route, shard: placement.Shard): Promise<placement.Shard> {
    const { tenantId, name, id } = collection;
    const fresh = await this.routes.refresh(tenantId, name);
    const now = fresh.shards.find(({ shardId }) => shardId === shard.shardId);
    if (fresh.collection.id !== id || now === undefined) {
      throw new VectronError('COLLECTION_NOT_FOUND', `collection ${name} was replaced`);
    }
    return now;
  }

  async #once(
    shard: placement.Shard,
    target: Target | undefined,
    op: Op,
    write: boolean,
    { deadlineMs, consistency, origin }: ShardCall,
  ): Promise<ShardAnswer> {
    const timeoutMs = Math.ceil(deadlineMs - Date.now());
    if (timeoutMs <= 0) throw new VectronError('DEADLINE_EXCEEDED', 'the time budget is used up');
    if (target === undefined) throw new VectronError('UNAVAILABLE', `no worker holds shard ${shard.shardId} yet`);
    const message = { shardId: shard.shardId, shardEpoch: shard.epoch, op, consistency, origin, timeoutMs };
    const encoded = workerData.ShardOp.encode(message).finish();
    const answer = await this.backends.workers.submit(
      { workerId: target.workerId, address: target.address },
      Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength),
      { write, timeoutMs },
    );
    const { errorCode, errorMessage, outcome, leader, appliedIndex } = workerData.ShardOutcome.decode(answer);
    if (errorCode !== '') {
      throw Object.assign(VectronError.fromWire(errorCode, errorMessage), { leader: Number(leader) });
    }
    if (outcome === undefined) throw new VectronError('INTERNAL', 'the worker answered nothing');
    return { outcome, appliedIndex, worker: target.number };
  }
}

type NotLeader = VectronError & { readonly leader?: number };

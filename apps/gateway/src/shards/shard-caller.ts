import { toVectronError, VectronError } from '@vectron/errors';
import {
  type AskShard,
  outcomeOf,
  type ReadPlan,
  type Route,
  RouteChanged,
  type ShardAnswer,
  type ShardFailure,
  type ShardOperation,
} from '@vectron/model';
import { inSpan, type Metrics } from '@vectron/observability';
import { encoder, type placement, workerData } from '@vectron/proto';
import { anyOf, Stop, type StopSignal, type Work } from '@vectron/rpc';
import type { Backends } from '../backends.js';
import { AnswerRoom } from './answer-room.js';
import { askWithin } from './large-answers.js';
import type { RouteTable } from './routes.js';

export interface ShardCall {
  readonly deadlineMs: number;
  /** Of a read. */
  readonly consistency?: workerData.Consistency;
  /** A replica that does not lead may answer, and one without a vote is asked first. */
  readonly anyReplica?: boolean;
  /** Of a write: it may be sent again, and has the effect of once. */
  readonly origin?: workerData.Origin;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: StopSignal;
  /** Of the request: how it is to be done, and what it has cost. */
  readonly work?: Work;
}

/** What the reads that answer one request have in common. */
export interface ReadLimits extends Pick<ShardCall, 'deadlineMs' | 'signal' | 'work'> {
  /** The freshness of each shard that was asked for; undefined: any. */
  readonly plan?: ReadPlan;
}

/** One replica has not answered for a while; another may. */
class NoAnswer extends VectronError {
  constructor(shardId: number, worker: number, afterMs: number) {
    super('UNAVAILABLE', `worker ${worker} has not answered for shard ${shardId} within ${afterMs} ms`);
  }
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
  // It is not a voter yet, or not any more.
  'SEARCH_ONLY',
  'UNAVAILABLE',
]);
const WRITES: ReadonlySet<ShardOperation['$case']> = new Set(['upsert', 'delete', 'mutate', 'declare'] as const);
const encodeShardOp = encoder(workerData.ShardOp.encode);
const DEFAULT_ANSWER_BYTES = 64 << 20;
const PAUSE_MS = 50;
/** How long one replica may take before another is asked, the first time; twice as long each time after. */
const READ_PATIENCE_MS = 1_000;
const WRITE_PATIENCE_MS = 3_000;
/** Hedged reads that may be made at once after a quiet time, and how many more each read allows. */
const MAX_HEDGES = 10;
const HEDGE_SHARE = 0.1;
/** How long a replica that cannot be reached is passed over, while there are others. */
const UNREACHABLE_MS = 500;

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
  readonly #room: AnswerRoom;
  #hedges = MAX_HEDGES;

  /** `hedgeMs`: how long a read waits for one replica before another is asked too; 0: it never is. */
  constructor(
    private readonly backends: Backends,
    private readonly routes: RouteTable,
    private readonly hedgeMs = 0,
    private readonly metrics?: Metrics,
    /** Bytes of the large answers that are made at once. */
    answerBytes = DEFAULT_ANSWER_BYTES,
  ) {
    this.#room = new AnswerRoom(answerBytes);
  }

  /**
   * A read that asks a second replica when the first takes long, and takes the answer that comes first. At most a tenth
   * of the reads are hedged: when everything is slow, asking twice makes it slower.
   */
  async read(route: Route, shard: placement.Shard, op: ShardOperation, options: ShardCall): Promise<ShardAnswer> {
    const others = shard.replicas.filter(({ address }) => address !== '').length > 1;
    if (this.hedgeMs === 0 || !others) return this.call(route, shard, op, options);
    this.#hedges = Math.min(MAX_HEDGES, this.#hedges + HEDGE_SHARE);
    const [first, second] = [new Stop(), new Stop()];
    const calling = (own: Stop, avoid: Set<string>) =>
      this.call(route, shard, op, { ...options, signal: anyOf(own, options.signal) }, avoid);
    const asked = this.#choose(shard, false, options, 0, new Set(), new Map());
    const one = calling(first, new Set()).then((answer) => ({ answer, won: 'first' }));
    const slow = Symbol('slow');
    const timer = new Promise<typeof slow>((resolve) => setTimeout(resolve, this.hedgeMs, slow).unref());
    const early = await Promise.race([one, timer]);
    if (early !== slow) return early.answer;
    if (this.#hedges < 1 || asked === undefined) return (await one).answer;
    this.#hedges -= 1;
    const two = calling(second, new Set([asked.address])).then((answer) => ({ answer, won: 'second' }));
    try {
      const { answer, won } = await Promise.any([one, two]);
      this.metrics?.hedges.inc({ won });
      return answer;
    } catch (error) {
      throw error instanceof AggregateError ? error.errors[0] : error;
    } finally {
      first.abort();
      second.abort();
    }
  }

  /** Runs `work` with the collection's route, and again with the next one when a shard was split meanwhile. */
  async following<T>(
    tenantId: string,
    name: string,
    deadlineMs: number,
    work: (route: Route) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await work(await this.routes.get(tenantId, name));
      } catch (error) {
        throwUnlessStale(error, deadlineMs);
      }
    }
  }

  /** As `following`, for work that reads: `ask` asks a shard of the route within the limits, and for a large answer when there is room. */
  async reading<T>(
    tenantId: string,
    name: string,
    limits: ReadLimits,
    work: (route: Route, ask: AskShard) => Promise<T>,
  ): Promise<T> {
    const lease = this.#room.lease(limits);
    try {
      return await this.following(tenantId, name, limits.deadlineMs, (route) =>
        work(route, askWithin(this.asker(route, limits), route.shards.length, lease)),
      );
    } finally {
      lease.end();
    }
  }

  /** As `reading`, for work that gives more than one answer. With the next route it begins anew, and so do its answers. */
  async *readingStream<T>(
    tenantId: string,
    name: string,
    limits: ReadLimits,
    work: (route: Route, ask: AskShard) => AsyncIterable<T>,
  ): AsyncIterable<T> {
    const lease = this.#room.lease(limits);
    try {
      for (;;) {
        try {
          const route = await this.routes.get(tenantId, name);
          yield* work(route, askWithin(this.asker(route, limits), route.shards.length, lease));
          return;
        } catch (error) {
          throwUnlessStale(error, limits.deadlineMs);
        }
      }
    } finally {
      lease.end();
    }
  }

  /** Asks shards of the route within the limits. */
  asker(route: Route, { plan, deadlineMs, signal, work }: ReadLimits): AskShard {
    const anyReplica = plan?.anyReplica;
    return (shard, op) => {
      const call = { deadlineMs, consistency: plan?.of(shard.shardId), anyReplica, signal, work };
      return inSpan('gateway.shard', { 'vectron.shard': shard.shardId }, () => this.read(route, shard, op, call));
    };
  }

  /** Throws RouteChanged when the shard has another range now than in `route`. */
  async call(
    route: Route,
    shard: placement.Shard,
    op: ShardOperation,
    options: ShardCall,
    failed = new Set<string>(),
  ): Promise<ShardAnswer> {
    const write = WRITES.has(op.$case);
    let known = shard;
    let hint = 0;
    // Replicas that did not answer or could not be reached, and until when others are asked instead.
    const silent = new Map<string, number>();
    let patienceMs = write ? WRITE_PATIENCE_MS : READ_PATIENCE_MS;
    let oldestGone: ShardFailure | undefined;
    for (;;) {
      const target = this.#choose(known, write, options, hint, failed, silent);
      hint = 0;
      try {
        return await this.#once(known, target, op, write, { ...options, patienceMs });
      } catch (cause) {
        const error = toVectronError(cause);
        if (error.code === 'CHANGES_GONE' && target !== undefined) {
          oldestGone = older(error as ShardFailure, oldestGone);
          failed.add(target.address);
          // Each replica cuts its log by itself: another one may have what this one has not.
          if (known.replicas.some(({ address }) => address !== '' && !failed.has(address))) continue;
          throw oldestGone;
        }
        if (!ELSEWHERE.has(error.code)) throw error;
        const alone = known.replicas.filter(({ address }) => address !== '').length <= 1;
        if (target !== undefined && error.code === 'NOT_LEADER') hint = (cause as Partial<ShardFailure>).leader ?? 0;
        if (target !== undefined) failed.add(target.address);
        if (cause instanceof NoAnswer) patienceMs *= 2;
        // Others may know who leads now, when nobody else does.
        if (target !== undefined && error.code === 'UNAVAILABLE')
          silent.set(target.address, Date.now() + (cause instanceof NoAnswer ? patienceMs : UNREACHABLE_MS));
        const others = !write && known.replicas.some(({ address }) => address !== '' && !failed.has(address));
        if (hint === 0 && !(others && error.code !== 'STALE_EPOCH')) {
          if (Date.now() + PAUSE_MS >= options.deadlineMs) throw final(error, known);
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

  /**
   * Asks the replica on one worker, which alone has what is asked for, in whichever ranges the shards are now. SNAPSHOT_GONE: it
   * does not hold the shard any more.
   */
  async callWorker(
    { collection }: Route,
    shardId: number,
    worker: number,
    op: ShardOperation,
    options: Pick<ShardCall, 'deadlineMs' | 'signal' | 'work'>,
  ): Promise<ShardAnswer> {
    const { tenantId, name, id } = collection;
    for (let route = await this.routes.get(tenantId, name); ; route = await this.routes.refresh(tenantId, name)) {
      const shard = route.shards.find((one) => one.shardId === shardId);
      const target = shard?.replicas.find(({ number }) => number === worker);
      if (shard === undefined || target === undefined || route.collection.id !== id) {
        throw new VectronError(
          'SNAPSHOT_GONE',
          `worker ${worker} no longer holds shard ${shardId} of ${name}; open a new snapshot`,
        );
      }
      const timeLeft = () => Date.now() + PAUSE_MS < options.deadlineMs;
      if (target.address !== '' || !timeLeft()) {
        try {
          return await this.#once(shard, target, op, false, { ...options, patienceMs: Number.POSITIVE_INFINITY });
        } catch (cause) {
          const error = toVectronError(cause);
          // It is being restarted: then it will say that it has no view.
          if (!['UNAVAILABLE', 'SHARD_NOT_FOUND'].includes(error.code) || !timeLeft()) throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #choose(
    shard: placement.Shard,
    write: boolean,
    { consistency, anyReplica }: ShardCall,
    hint: number,
    failed: ReadonlySet<string>,
    silent: ReadonlyMap<string, number>,
  ): Target | undefined {
    const known = shard.replicas.filter(({ address }) => address !== '');
    const speaking = known.filter(({ address }) => (silent.get(address) ?? 0) <= Date.now());
    const all = speaking.length > 0 ? speaking : known;
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
    if (now.firstHash !== shard.firstHash || now.lastHash !== shard.lastHash) throw new RouteChanged(name);
    return now;
  }

  async #once(
    shard: placement.Shard,
    target: Target | undefined,
    op: ShardOperation,
    write: boolean,
    { deadlineMs, consistency, origin, signal, work, patienceMs }: ShardCall & { patienceMs: number },
  ): Promise<ShardAnswer> {
    const leftMs = Math.ceil(deadlineMs - Date.now());
    // A worker that stands still does not say so. The only one there is may take its time.
    const alone = shard.replicas.filter(({ address }) => address !== '').length <= 1;
    const timeoutMs = alone ? leftMs : Math.min(leftMs, patienceMs);
    if (timeoutMs <= 0)
      throw new VectronError('DEADLINE_EXCEEDED', 'the time limit of the request is reached; increase timeout_ms');
    if (target === undefined)
      throw new VectronError('UNAVAILABLE', `no worker holds shard ${shard.shardId} yet; try again later`);
    const { shardId, epoch: shardEpoch } = shard;
    const message = { shardId, shardEpoch, op, consistency, origin, timeoutMs, costly: work?.isLong };
    const answer = await this.backends.workers
      .submit({ workerId: target.workerId, address: target.address }, encodeShardOp(message), {
        write,
        timeoutMs,
        signal,
      })
      .catch((error: unknown) => {
        const late = toVectronError(error).code === 'DEADLINE_EXCEEDED' && timeoutMs < leftMs;
        throw late ? new NoAnswer(shard.shardId, target.number, timeoutMs) : error;
      });
    const decoded = workerData.ShardOutcome.decode(answer);
    if (work !== undefined) work.cpuUs += decoded.cpuUs;
    return { outcome: outcomeOf(decoded), appliedIndex: decoded.appliedIndex, worker: target.number };
  }
}

/** The work is done again with the next route when the route was old, and there is time. */
function throwUnlessStale(error: unknown, deadlineMs: number): void {
  if (!(error instanceof RouteChanged) || Date.now() >= deadlineMs) throw error;
}

/** A shard that has voters is not search-only: the right one did not answer in time, and may the next time. */
function final(error: VectronError, { shardId, replicas }: placement.Shard): VectronError {
  if (error.code !== 'SEARCH_ONLY' || replicas.every(({ learner }) => learner)) return error;
  return new VectronError('UNAVAILABLE', `no voting replica of shard ${shardId} answered in time; try again`, {
    cause: error,
  });
}

const older = (one: ShardFailure, other: ShardFailure = one): ShardFailure =>
  one.firstIndex < other.firstIndex ? one : other;

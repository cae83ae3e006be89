import { toVectronError, type VectronError } from '@vectron/errors';
import { type gateway, type placement, workerData } from '@vectron/proto';
import { type AskShard, otherOutcome, RouteChanged, type ShardOperation, type ShardOutcome } from './ask-shard.js';
import type { Branch } from './branch.js';
import { mergeHits } from './hits.js';
import { leastRecall, type RecallReport, shardRecall } from './recall-report.js';
import type { Route } from './route.js';

/** What one shard found for every branch, in their order; nothing and an error when it did not answer. */
export interface ShardReport {
  readonly shard: placement.Shard;
  readonly found: readonly workerData.SearchFound[];
  /** Number of the worker that answered; 0: none did. */
  readonly worker: number;
  /** From the question to the answer, as its asker saw it. */
  readonly milliseconds: number;
  readonly error?: VectronError;
}

/** Each of the shards is asked all branches in one call, all at once. Gives one promise a shard, in their order. */
export function askShards(
  shards: readonly placement.Shard[],
  branches: readonly Branch[],
  ask: AskShard,
): Promise<ShardReport>[] {
  const op: ShardOperation =
    branches.length === 1
      ? { $case: 'search', value: branches[0].op }
      : { $case: 'batch', value: { searches: branches.map((branch) => branch.op) } };
  return shards.map((shard) => askOne(shard, op, ask));
}

async function askOne(shard: placement.Shard, op: ShardOperation, ask: AskShard): Promise<ShardReport> {
  const started = performance.now();
  try {
    const { outcome, worker } = await ask(shard, op);
    return { shard, found: foundOf(outcome), worker, milliseconds: performance.now() - started };
  } catch (cause) {
    return failed(shard, cause, performance.now() - started);
  }
}

/** Throws RouteChanged and what is wrong on every shard; a failure that may pass is the shard's own, and is reported. */
export function failed(shard: placement.Shard, cause: unknown, milliseconds: number): ShardReport {
  const error = toVectronError(cause);
  if (error instanceof RouteChanged || !error.spec.retryable) throw error;
  return { shard, found: [], worker: 0, milliseconds, error };
}

function foundOf(outcome: ShardOutcome): readonly workerData.SearchFound[] {
  if (outcome.$case === 'search') return [outcome.value];
  if (outcome.$case === 'searches') return outcome.value.results;
  throw otherOutcome(outcome);
}

/** The hits of every branch over the shards that have answered so far. */
export class Gathering {
  readonly reports: ShardReport[] = [];
  readonly #lists: workerData.Hit[][];

  constructor(
    private readonly route: Route,
    private readonly branches: readonly Branch[],
  ) {
    this.#lists = branches.map(() => []);
  }

  /** All at once is cheaper than one after the other: the hits are sorted once. */
  add(reports: readonly ShardReport[]): void {
    this.reports.push(...reports);
    for (let at = 0; at < this.branches.length; at++) {
      const { excluded, limit } = this.branches[at];
      const lists = this.#lists[at].length === 0 ? [] : [this.#lists[at]];
      for (const { found } of reports) if (found.length > 0) lists.push(without(found[at].hits, excluded));
      this.#lists[at] = mergeHits(lists, limit);
    }
  }

  /** Each branch's best hits, in the order of the branches. */
  get lists(): readonly workerData.Hit[][] {
    return this.#lists;
  }

  get shardsAsked(): number {
    return this.route.shards.length;
  }

  get shardsAnswered(): number {
    return this.reports.reduce((sum, { error }) => (error === undefined ? sum + 1 : sum), 0);
  }

  /** Whether every shard has answered every branch within its time. */
  get complete(): boolean {
    const whole = ({ error, found }: ShardReport) => error === undefined && !found.some(({ stopped }) => stopped);
    return this.reports.length === this.shardsAsked && this.reports.every(whole);
  }

  /** Whether every shard has answered this branch within its time. */
  isComplete(branch: number): boolean {
    const whole = ({ error, found }: ShardReport) => error === undefined && !found[branch].stopped;
    return this.reports.length === this.shardsAsked && this.reports.every(whole);
  }

  /** What the shards that have answered say of a branch's recall. */
  recallOf(branch: number): RecallReport {
    return leastRecall(this.reports.filter(({ error }) => error === undefined).map(({ found }) => found[branch]));
  }

  /** Throws the first shard's failure when all of them have failed: there is nothing to answer with. */
  throwIfNoneAnswered(): void {
    const failure = this.reports[0]?.error;
    if (failure !== undefined && this.shardsAnswered === 0) throw failure;
  }
}

const without = (hits: workerData.Hit[], excluded: ReadonlySet<string>) =>
  excluded.size === 0 ? hits : hits.filter(({ id }) => !excluded.has(id));

const NOTHING: workerData.SearchFound = workerData.SearchFound.fromPartial({});

/** What a shard reported of the branch `at`. */
export function shardRead({ shard, found, worker, milliseconds, error }: ShardReport, at = 0): gateway.ShardRead {
  const one = found[at] ?? NOTHING;
  const { recallEstimate, recallInterval } = shardRecall(one);
  // One literal, as of a branch's operation.
  return {
    shardId: shard.shardId,
    appliedIndex: one.appliedIndex,
    indexLag: one.tail,
    ef: one.ef,
    errorCode: error?.code ?? '',
    recallEstimate,
    visited: one.visited,
    distances: one.distances,
    rescored: one.rescored,
    stopped: one.stopped,
    replica: BigInt(worker),
    milliseconds,
    plan: one.plan,
    matching: one.matching,
    unindexed: one.unindexed,
    recallInterval,
    slack: one.slack,
  };
}

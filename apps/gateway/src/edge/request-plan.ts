import { type FieldContract, type gateway, type MethodContract, messageOf } from '@vectron/proto';
import { printable } from './audit-target.js';

/** Shards, and branches, that a line tells of one by one: those that took longest, and the first. */
const MAX_SHARDS = 8;
const MAX_BRANCHES = 8;
const MAX_PLANS = 8;

/** What answers to reads have of how they were found: SearchAnswer, QueryAnswer, and several of either. */
type Found = Partial<
  Pick<
    gateway.SearchResponse,
    'complete' | 'shardsAsked' | 'shardsAnswered' | 'shards' | 'servedFrom' | 'rerankedBy' | 'rerankSkipped'
  > &
    Pick<gateway.QueryResponse, 'branches'>
>;

/** What is shown of a field: a number, that it is true or present, or the length of a list. */
export type Shown = number | true | { readonly length: number };

/**
 * What a request asked for, without what is in it: its numbers and yes-or-nos, how long its lists are, and which of its messages are
 * there. No text, and no number within a message or a list.
 */
export function askedOf(method: MethodContract, request: object | undefined): (readonly [string, Shown])[] {
  if (request === undefined) return [];
  const values = request as Record<string, unknown>;
  return messageOf(method.request).fields.flatMap((field) => {
    const shown = shownOf(field, values[field.json]);
    return shown === undefined ? [] : [[field.json, shown] as const];
  });
}

/** The same as a part of a line of the log. undefined: the request was not read. */
export function shapeOf(method: MethodContract, request: object | undefined): Record<string, unknown> | undefined {
  if (request === undefined) return undefined;
  const asked = askedOf(method, request);
  return Object.fromEntries(
    asked.map(([field, shown]) => [field, typeof shown === 'object' ? `${shown.length} of them` : shown]),
  );
}

function shownOf({ list, key, type }: FieldContract, value: unknown): Shown | undefined {
  if (value === undefined || value === null) return undefined;
  if (list) return Array.isArray(value) && value.length > 0 ? { length: value.length } : undefined;
  if (key !== undefined) return true;
  if (type === 'message') return true;
  if (typeof value === 'number' || typeof value === 'boolean') return value || undefined;
  if (typeof value === 'bigint') return value === 0n ? undefined : Number(value);
  return undefined;
}

/** How an answer was found, bounded: its own texts cut, the slowest of its shards, the first of its branches. */
export interface FoundPlan {
  /** Answers of a batch, of which the rest is about the slowest; 0: it is no batch. */
  readonly answers: number;
  /** Of the shard that took longest, milliseconds; 0: no shard is known. */
  readonly slowestMs: number;
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  readonly servedFrom: string;
  readonly rerankedBy: string;
  readonly rerankSkipped: string;
  readonly shards: readonly gateway.ShardRead[];
  readonly branches: readonly gateway.BranchReport[];
}

/** How an answer was found, as it says itself: nothing is measured or asked for again. undefined: it does not say. */
export function foundOf(found: object | undefined): FoundPlan | undefined {
  if (found === undefined) return undefined;
  if (Array.isArray(found)) {
    const slowest = found.length === 0 ? undefined : foundOf(slowestOf(found));
    return slowest && { ...slowest, answers: found.length };
  }
  const answer = found as Found;
  const { complete = false, shardsAsked = 0, shardsAnswered = 0, shards = [], branches = [] } = answer;
  return {
    answers: 0,
    slowestMs: longest(answer),
    ...{ complete, shardsAsked, shardsAnswered },
    servedFrom: answer.servedFrom ?? '',
    rerankedBy: printable(answer.rerankedBy ?? ''),
    rerankSkipped: printable(answer.rerankSkipped ?? ''),
    shards: bySlowness(shards).slice(0, MAX_SHARDS),
    branches: branches.slice(0, MAX_BRANCHES).map((one) => ({ ...one, plans: one.plans.slice(0, MAX_PLANS) })),
  };
}

/** The same as a part of a line of the log, which leaves out what is empty. */
export function planOf(found: object | undefined): object | undefined {
  const plan = foundOf(found);
  if (plan === undefined) return undefined;
  const { answers, complete, shardsAsked, shardsAnswered, servedFrom, rerankedBy, rerankSkipped } = plan;
  const line = {
    ...{ complete, shardsAsked, shardsAnswered },
    ...(servedFrom && { servedFrom }),
    ...(rerankedBy && { rerankedBy }),
    ...(rerankSkipped && { rerankSkipped }),
    ...(plan.shards.length > 0 && { shards: plan.shards.map(shardOf) }),
    ...(plan.branches.length > 0 && { branches: plan.branches.map(branchOf) }),
  };
  return answers === 0 ? line : { answers, slowest: line };
}

const bySlowness = (shards: readonly gateway.ShardRead[]) =>
  shards.toSorted((one, other) => other.milliseconds - one.milliseconds);
const longest = ({ shards = [] }: Found) => shards.reduce((most, { milliseconds }) => Math.max(most, milliseconds), 0);
const slowestOf = (answers: readonly Found[]): Found =>
  answers.reduce((slowest, one) => (longest(one) > longest(slowest) ? one : slowest), answers[0]);

function shardOf(shard: gateway.ShardRead): object {
  const { shardId, replica, milliseconds, plan, ef, visited, distances, rescored, indexLag } = shard;
  const { matching, unindexed, stopped, errorCode, slack } = shard;
  return {
    shard: shardId,
    worker: Number(replica),
    ms: Math.round(milliseconds * 100) / 100,
    ...(errorCode !== '' && { error: errorCode }),
    ...(plan !== '' && { plan }),
    ...{ ef, visited, distances, rescored, indexLag },
    ...(slack !== undefined && { slack }),
    ...(matching !== 0n && { matching: Number(matching) }),
    ...(unindexed && { unindexed }),
    ...(stopped && { stopped }),
  };
}

const branchOf = ({ candidates, plans, unindexed }: gateway.BranchReport) => ({
  candidates,
  plans,
  ...(unindexed && { unindexed }),
});

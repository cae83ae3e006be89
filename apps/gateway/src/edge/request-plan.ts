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

/**
 * What a request asked for, without what is in it: its numbers and yes-or-nos, how long its lists are, and which of its messages are
 * there. No text, and no number within a message or a list.
 */
export function shapeOf(method: MethodContract, request: object | undefined): Record<string, unknown> | undefined {
  if (request === undefined) return undefined;
  const values = request as Record<string, unknown>;
  const shape = messageOf(method.request).fields.flatMap((field) => {
    const shown = shownOf(field, values[field.json]);
    return shown === undefined ? [] : [[field.json, shown] as const];
  });
  return Object.fromEntries(shape);
}

function shownOf({ list, key, type }: FieldContract, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  if (list) return Array.isArray(value) && value.length > 0 ? `${value.length} of them` : undefined;
  if (key !== undefined) return true;
  if (type === 'message') return true;
  if (typeof value === 'number' || typeof value === 'boolean') return value || undefined;
  if (typeof value === 'bigint') return value === 0n ? undefined : Number(value);
  return undefined;
}

/** How an answer was found, as it says itself: nothing is measured or asked for again. undefined: it does not say. */
export function planOf(found: object | undefined): object | undefined {
  if (found === undefined) return undefined;
  if (Array.isArray(found))
    return found.length === 0 ? undefined : { answers: found.length, slowest: planOf(slowestOf(found)) };
  const { complete, shardsAsked, shardsAnswered, shards, branches, servedFrom, rerankedBy, rerankSkipped } =
    found as Found;
  return {
    complete,
    shardsAsked,
    shardsAnswered,
    ...(servedFrom && { servedFrom }),
    ...(rerankedBy && { rerankedBy: printable(rerankedBy) }),
    ...(rerankSkipped && { rerankSkipped: printable(rerankSkipped) }),
    ...(shards && shards.length > 0 && { shards: bySlowness(shards).slice(0, MAX_SHARDS).map(shardOf) }),
    ...(branches && branches.length > 0 && { branches: branches.slice(0, MAX_BRANCHES).map(branchOf) }),
  };
}

const bySlowness = (shards: readonly gateway.ShardRead[]) =>
  shards.toSorted((one, other) => other.milliseconds - one.milliseconds);
const longest = ({ shards = [] }: Found) => Math.max(0, ...shards.map(({ milliseconds }) => milliseconds));
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
  plans: plans.slice(0, MAX_PLANS),
  ...(unindexed && { unindexed }),
});

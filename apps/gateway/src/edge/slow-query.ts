import type { admin, gateway, MethodContract } from '@vectron/proto';
import { collectionsOf, printable } from './audit-target.js';
import type { EndedRequest } from './ended-request.js';
import { askedOf, foundOf, type Shown } from './request-plan.js';

/** A slow request as an administrator sees it in the list. All of its texts are bounded, and none is from a request's contents. */
export function slowQueryOf(one: EndedRequest): admin.SlowQuery {
  const { wire, operation, method, code, seconds, requestId, principal, work, request } = one;
  const found = foundOf(work?.found);
  const asked = method === undefined ? [] : askedOf(method, request());
  return {
    ...{ requestId, wire, code, operation: printable(operation) },
    at: new Date().toISOString(),
    tenantId: principal?.tenantId ?? '',
    caller: principal === undefined ? '' : principal.apiKeyId || principal.userId,
    collection: method === undefined ? '' : collectionsOf(method, request()),
    lane: laneOf(method, work?.isLong),
    milliseconds: rounded(seconds * 1_000),
    queueMilliseconds: rounded(work?.queuedMs ?? 0),
    shardMilliseconds: rounded(found?.slowestMs ?? 0),
    cpuMilliseconds: rounded((work?.cpuUs ?? 0) / 1_000),
    asked: asked.map(textOf),
    plan: found && {
      answers: found.answers,
      complete: found.complete,
      ...{ shardsAsked: found.shardsAsked, shardsAnswered: found.shardsAnswered },
      ...{ servedFrom: found.servedFrom, rerankedBy: found.rerankedBy, rerankSkipped: found.rerankSkipped },
      shards: found.shards.map(shardOf),
      branches: found.branches.map(({ candidates, plans, unindexed }) => ({ candidates, plans, unindexed })),
    },
  };
}

export const laneOf = (method: MethodContract | undefined, isLong: boolean | undefined): string =>
  isLong === true ? 'scan' : (method?.admission ?? '');

const textOf = ([field, shown]: readonly [string, Shown]): string => {
  if (shown === true) return field;
  return `${field}=${typeof shown === 'number' ? shown : shown.length}`;
};

function shardOf(shard: gateway.ShardRead): admin.SlowQueryShard {
  const { shardId, replica, plan, ef, visited, distances, rescored, indexLag, unindexed, stopped, errorCode } = shard;
  return {
    ...{ shardId, worker: Number(replica), milliseconds: rounded(shard.milliseconds), plan },
    ...{ ef, visited, distances, rescored, indexLag, matching: Number(shard.matching), unindexed, stopped, errorCode },
  };
}

export const rounded = (ms: number): number => Math.round(ms * 100) / 100;

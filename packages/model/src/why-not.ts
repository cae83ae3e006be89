import type { filters, gateway, workerData } from '@vectron/proto';
import { type AskShard, askFor } from './ask-shard.js';
import { filterOfRead } from './empty-filter.js';
import { checkPointId } from './point-id.js';
import type { Route } from './route.js';
import { runSearch, type SearchRequest, type SearchRun } from './search.js';
import { DEFAULT_TOP_K, MAX_TOP_K } from './search-limits.js';

/** What an answer says that bears on a point which is not in it. */
export interface Answered {
  readonly hits: readonly Pick<workerData.Hit, 'id' | 'score'>[];
  readonly shards: readonly gateway.ShardRead[];
  /** Strategy that reordered the hits; empty: none. */
  readonly rerankedBy: string;
}

/**
 * Tells which step of a search the point did not get past, in the order of the steps. Makes the search once more, exactly,
 * for the point's place among all points.
 */
export async function whyNot(
  route: Route,
  request: SearchRequest,
  id: string,
  answer: Answered,
  ask: AskShard,
  { timeoutMs, vector }: SearchRun,
): Promise<gateway.WhyNot> {
  checkPointId(id, 'why_not');
  const because = (step: string, reason: string, score = 0, exactRank = 0): gateway.WhyNot => ({
    id,
    step,
    reason,
    score,
    exactRank,
  });
  const found = answer.hits.findIndex((hit) => hit.id === id);
  if (found >= 0) return because('returned', `it is result ${found + 1}`, answer.hits[found].score, found + 1);
  const shard = route.shardOf(id);
  const { points } = await askFor(ask, shard, { $case: 'get', value: { ids: [id] } }, 'points');
  if (points.length === 0) return because('not_stored', 'the collection holds no such point');
  const { shardId } = shard;
  if (answer.shards.some((read) => read.shardId === shardId && read.errorCode !== '')) {
    return because('shard_did_not_answer', `shard ${shardId}, which holds it, did not answer within the budget`);
  }
  const filter = filterOfRead(request.filter);
  if (filter !== undefined) {
    const value = {
      after: '',
      limit: 1,
      filter: both(id, filter),
      orderBy: undefined,
      idsOnly: true,
      view: 0n,
      maxBytes: 0,
    };
    const passing = await askFor(ask, shard, { $case: 'scroll', value }, 'page');
    if (passing.points.length === 0) return because('filtered_out', 'it does not pass the filter');
  }
  const { rank, score } = await exactPlace(route, request, id, ask, { timeoutMs, vector });
  if (rank === 0) return because('beyond_top_k', `it is not among the ${MAX_TOP_K} nearest points`);
  const [step, reason] = missedStep(request, answer, shardId, rank, score);
  return because(step, reason, score, rank);
}

/** Points with the id that pass the filter. */
const both = (id: string, filter: filters.Filter): filters.Filter => {
  const own: filters.Filter = { condition: { $case: 'ids', value: { ids: [id] } } };
  return { condition: { $case: 'all', value: { filters: [own, filter] } } };
};

/** The point's place among all points that pass the filter, from 1, and its score; 0 beyond the first 10,000. */
async function exactPlace(route: Route, request: SearchRequest, id: string, ask: AskShard, run: SearchRun) {
  const bare = { includeMetadata: false, includeVectors: false, payloadFields: false };
  const exact = { topK: MAX_TOP_K, ef: 0, recall: 0, exact: true, scoreThreshold: undefined };
  const { hits } = await runSearch(route, { ...request, ...bare, ...exact }, ask, { ...run, measuring: true });
  const at = hits.findIndex((hit) => hit.id === id);
  return { rank: at + 1, score: at < 0 ? 0 : hits[at].score };
}

function missedStep(
  request: SearchRequest,
  answer: Answered,
  shardId: number,
  rank: number,
  score: number,
): [string, string] {
  const { scoreThreshold } = request;
  const topK = request.topK || DEFAULT_TOP_K;
  const place = `by exact score it is number ${rank}`;
  if (scoreThreshold !== undefined && score < scoreThreshold) {
    return ['below_threshold', `its score ${score} is below the threshold ${scoreThreshold}`];
  }
  if (answer.rerankedBy !== '') return ['reranked_out', `${place}; the reranker preferred others`];
  if (rank > topK) return ['beyond_top_k', `${place}, and top_k is ${topK}`];
  const read = answer.shards.find((one) => one.shardId === shardId);
  const how = read === undefined ? '' : ` (${wayOf(read)})`;
  const advice = `the search of its shard${how} did not come past it: ask for a recall, for a greater ef, or for exact`;
  return ['not_visited', `${place}; ${advice}`];
}

/** `graph, ef 100`; with the distance-adaptive stop `graph, ef at most 1024, slack 0.09`; `scan_codes` without a walk. */
function wayOf({ plan, ef, slack }: gateway.ShardRead): string {
  if (slack !== undefined) return `${plan}, ef at most ${ef}, slack ${Number(slack.toPrecision(6))}`;
  return ef === 0 ? plan : `${plan}, ef ${ef}`;
}

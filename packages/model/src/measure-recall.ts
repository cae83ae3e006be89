import { toVectronError, VectronError } from '@vectron/errors';
import type { gateway, workerData } from '@vectron/proto';
import { type AskShard, RouteChanged } from './ask-shard.js';
import { checkRules } from './contract/rules.js';
import { recallInterval } from './recall-interval.js';
import { type SampledQuery, sampleQueries } from './recall-sample.js';
import type { Route } from './route.js';
import { runSearch, type SearchOutcome, type SearchRequest } from './search.js';
import { checkSearch, DEFAULT_TOP_K } from './search-limits.js';

const DEFAULT_QUERIES = 100;
const DEFAULT_TIMEOUT_MS = 10_000;

/** How a home makes the searches of one measurement. */
export interface MeasuringRun {
  /** When it must be answered, milliseconds since 1970. */
  readonly deadlineMs: number;
  /** What one shard may take from now on; 0: no limit. */
  readonly timeoutMs: () => number;
  /** Makes one search when its time has come. Throws what keeps it from being made. */
  readonly turn: <T>(search: () => Promise<T>) => Promise<T>;
}

/** Throws INVALID_ARGUMENT naming the field that is out of range on any route. */
export function checkMeasuring(request: gateway.MeasureRecallRequest): void {
  const { queries, topK, ef, recall, timeoutMs } = request;
  for (const [field, value] of Object.entries({ queries, top_k: topK, ef, timeout_ms: timeoutMs })) {
    if (!(Number.isInteger(value) && value >= 0)) {
      throw VectronError.invalid(field, `${field} must be a whole number, not ${value}`);
    }
  }
  checkRules('vectron.v1.MeasureRecallRequest', request);
  checkSearch({ topK, ef, recall });
}

/** What the measurement may take, milliseconds. */
export const measuringTimeoutMs = ({ timeoutMs }: Pick<gateway.MeasureRecallRequest, 'timeoutMs'>): number =>
  timeoutMs || DEFAULT_TIMEOUT_MS;

/**
 * How much of the true answers searches find: sampled queries are answered as asked and exactly, one search after the other,
 * and compared. What was compared when the time is over, or when a shard cannot be reached any more, is the answer. A query
 * that not every shard answered, or that has no true results, is left out.
 *
 * Throws INVALID_ARGUMENT; FAILED_PRECONDITION when there is nothing to compare; DEADLINE_EXCEEDED, UNAVAILABLE and what
 * `turn` throws when nothing was compared; and RouteChanged when the route is old.
 */
export async function measureRecall(
  route: Route,
  request: gateway.MeasureRecallRequest,
  ask: AskShard,
  run: MeasuringRun,
): Promise<gateway.MeasureRecallResponse> {
  checkMeasuring(request);
  const sampled = await sampleQueries(route, request.using, request.queries || DEFAULT_QUERIES, ask);
  const compared: Compared[] = [];
  let failure: VectronError | undefined;
  for (const query of sampled) {
    if (Date.now() >= run.deadlineMs) {
      failure = new VectronError(
        'DEADLINE_EXCEEDED',
        'no query could be compared within the time limit; increase timeout_ms',
      );
      break;
    }
    try {
      const one = await compare(route, request, query, ask, run);
      if (one !== undefined) compared.push(one);
    } catch (cause) {
      failure = toVectronError(cause);
      if (failure instanceof RouteChanged || !failure.spec.retryable) throw failure;
      break;
    }
  }
  if (compared.length > 0) return summary(compared);
  throw failure ?? new VectronError('FAILED_PRECONDITION', nothingToCompare(route, request, sampled.length));
}

function nothingToCompare({ collection }: Route, { using, filter }: gateway.MeasureRecallRequest, queries: number) {
  if (queries > 0 && filter !== undefined) return `no point of ${collection.name} passes the filter`;
  return `${collection.name} has no points${using === '' ? '' : ` with the vector ${using}`} to compare answers of`;
}

/** One query's two answers, compared. */
interface Compared {
  readonly asked: boolean;
  /** Share of the true results that were found. */
  readonly recall: number;
  /** How many true results there are. */
  readonly results: number;
  readonly promised: number | undefined;
  /** Of each shard. */
  readonly plans: readonly string[];
}

/** undefined: the query has no true results. */
async function compare(
  route: Route,
  { topK, ef, recall, using, filter }: gateway.MeasureRecallRequest,
  { vector, asked }: SampledQuery,
  ask: AskShard,
  { timeoutMs, turn }: MeasuringRun,
): Promise<Compared | undefined> {
  const bare = { likeId: '', includeVectors: false, includeMetadata: false, payloadFields: false };
  const request: SearchRequest = {
    vector,
    topK: topK || DEFAULT_TOP_K,
    ef,
    recall,
    exact: false,
    using,
    filter,
    ...bare,
  };
  const search = (own: SearchRequest) => turn(() => runSearch(route, own, ask, { timeoutMs, measuring: true }));
  const given = whole(await search(request));
  const truth = whole(await search({ ...request, ef: 0, recall: 0, exact: true }));
  if (truth.hits.length === 0) return undefined;
  return {
    asked,
    recall: shareFound(given.hits, truth.hits),
    results: truth.hits.length,
    promised: given.recallEstimate,
    plans: given.shards.map(({ plan }) => plan),
  };
}

/** Throws when a shard did not answer to the end: what is missing then is not the index's fault. */
function whole(outcome: SearchOutcome): SearchOutcome {
  if (outcome.complete) return outcome;
  const failed = outcome.shards.find(({ errorCode }) => errorCode !== '');
  if (failed === undefined)
    throw new VectronError(
      'DEADLINE_EXCEEDED',
      'no query could be compared within the time limit; increase timeout_ms',
    );
  throw VectronError.fromWire(failed.errorCode, `shard ${failed.shardId} did not answer`);
}

type Scored = Pick<workerData.Hit, 'id' | 'score'>;

/** A hit that scores as well as the last true one is as true as it. `truth`: best first, not empty. */
function shareFound(given: readonly Scored[], truth: readonly Scored[]): number {
  const ids = new Set(truth.map(({ id }) => id));
  const least = truth[truth.length - 1].score;
  const found = given.filter(({ id, score }) => ids.has(id) || score >= least).length;
  return Math.min(found, truth.length) / truth.length;
}

function summary(compared: readonly Compared[]): gateway.MeasureRecallResponse {
  const mean = (of: (one: Compared) => number) => compared.reduce((sum, one) => sum + of(one), 0) / compared.length;
  const plans = new Map<string, number>();
  for (const plan of compared.flatMap((one) => one.plans)) plans.set(plan, (plans.get(plan) ?? 0) + 1);
  const promised = compared.every((one) => one.promised !== undefined);
  const recalls = compared.map(({ recall }) => recall);
  return {
    recall: mean(({ recall }) => recall),
    interval: recallInterval(
      recalls,
      mean(({ results }) => results),
    ),
    queries: compared.length,
    asked: compared.filter(({ asked }) => asked).length,
    promised: promised ? mean((one) => one.promised ?? 0) : undefined,
    plans,
  };
}

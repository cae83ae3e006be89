import { randomUUID } from 'node:crypto';
import {
  type AskShard,
  batchVectors,
  checkPointId,
  checkSearch,
  decodeDocument,
  decodeVector,
  type Embed,
  embedSearch,
  type Route,
  readPlan,
  runSearch,
  runSearchBatch,
  SearchTrace,
  whyNot,
} from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { searchHit } from './embedded-answers.js';
import { searchReport, shardReport } from './search-report.js';

/** A search of the shards in this process. Every consistency is the strongest here, once it is one that there is. */
export async function embeddedSearch(
  routeOf: () => Promise<Route>,
  request: gateway.SearchRequest,
  ask: AskShard,
  embed: Embed,
): Promise<api.SearchResult> {
  const trace = request.explain ? new SearchTrace() : undefined;
  readPlan(request.consistency);
  checkSearch(request);
  if (request.whyNot !== '') checkPointId(request.whyNot, 'why_not');
  const started = performance.now();
  const route = await routeOf();
  trace?.step('route', performance.now() - started, { shards: String(route.shards.length) });
  const search = await embedSearch(searchOf(request), route.collection, embed);
  const run = { timeoutMs: () => search.timeoutMs, trace };
  const found = await runSearch(route, search, ask, run);
  const { hits, shards } = found;
  const answer = { hits, shards, rerankedBy: '' };
  const missed = search.whyNot === '' ? undefined : await whyNot(route, search, search.whyNot, answer, ask, run);
  const consistency = search.consistency?.level || 'any';
  const explanation = trace?.explanation(route, { traceId: '', budgetMs: search.timeoutMs, consistency });
  // Literals: an object that is spread together costs ten times as much to make, and lives in a table.
  const result: api.SearchResult = {
    hits: hits.map(searchHit),
    complete: found.complete,
    shardsAsked: found.shardsAsked,
    shardsAnswered: found.shardsAnswered,
    recallEstimate: found.recallEstimate,
    recallInterval: found.recallInterval,
    recallUnmet: found.recallUnmet,
    queryId: randomUUID(),
    rerankedBy: '',
    shards: shards.map(shardReport),
  };
  if (explanation === undefined && missed === undefined) return result;
  return { ...result, ...searchReport({ shards, explanation, whyNot: missed }) };
}

/** Searches that one thread of the core makes at a time, and so many of them at once: one of each thread. */
export async function embeddedSearchBatch(
  route: Route,
  request: gateway.SearchBatchRequest,
  ask: AskShard,
  threads: number,
): Promise<api.SearchBatchResult> {
  const { includeVectors, includeMetadata = true } = request;
  const vectors = batchVectors(
    request.vectors.map(({ vectorF32 }) => vectorF32),
    request.using,
    route.collection,
  );
  const shared = { ...request, includeMetadata, payloadFields: false };
  const run = { timeoutMs: () => request.timeoutMs };
  const places = { atOnce: threads, spare: () => () => {} };
  const outcomes = await runSearchBatch(route, vectors, shared, ask, run, places);
  const hits = outcomes.flatMap((outcome) => outcome.hits);
  return {
    counts: Uint32Array.from(outcomes, (outcome) => outcome.hits.length),
    ids: hits.map(({ id }) => id),
    scores: Float32Array.from(hits, ({ score }) => score),
    payloads: includeMetadata ? hits.map(({ payload }) => decodeDocument(payload)) : [],
    vectors: includeVectors ? hits.map(({ vector }) => Float32Array.from(decodeVector(vector))) : [],
    searches: outcomes.map((outcome) => ({
      complete: outcome.complete,
      shardsAsked: outcome.shardsAsked,
      shardsAnswered: outcome.shardsAnswered,
      recallEstimate: outcome.recallEstimate,
      recallInterval: outcome.recallInterval,
      recallUnmet: outcome.recallUnmet,
      queryId: randomUUID(),
      shards: outcome.shards.map(shardReport),
    })),
  };
}

const searchOf = (request: gateway.SearchRequest) => ({
  vector: request.vectorF32,
  likeId: request.likeId,
  text: request.text,
  using: request.using,
  topK: request.topK,
  ef: request.ef,
  exact: request.exact,
  recall: request.recall,
  scoreThreshold: request.scoreThreshold,
  filter: request.filter,
  includeVectors: request.includeVectors,
  includeMetadata: request.includeMetadata ?? true,
  payloadFields: false,
  timeoutMs: request.timeoutMs,
  consistency: request.consistency,
  whyNot: request.whyNot,
});

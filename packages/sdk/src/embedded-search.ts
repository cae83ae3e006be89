import { randomUUID } from 'node:crypto';
import {
  type AskShard,
  checkPointId,
  checkSearch,
  type Embed,
  embedSearch,
  type Route,
  readPlan,
  runSearch,
  SearchTrace,
  whyNot,
} from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type * as api from './client.js';
import { searchHit } from './embedded-answers.js';
import { searchReport } from './search-report.js';

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
  const includeMetadata = request.includeMetadata ?? true;
  const asked = { ...request, vector: request.vectorF32, includeMetadata, payloadFields: false };
  const search = await embedSearch(asked, route.collection, embed);
  const run = { timeoutMs: () => search.timeoutMs, trace };
  const { hits, shards, ...found } = await runSearch(route, search, ask, run);
  const answer = { hits, shards, rerankedBy: '' };
  const missed = search.whyNot === '' ? undefined : await whyNot(route, search, search.whyNot, answer, ask, run);
  const consistency = search.consistency?.level || 'any';
  const explanation = trace?.explanation(route, { traceId: '', budgetMs: search.timeoutMs, consistency });
  return {
    ...found,
    ...searchReport({ shards, explanation, whyNot: missed }),
    hits: hits.map(searchHit),
    queryId: randomUUID(),
    rerankedBy: '',
  };
}

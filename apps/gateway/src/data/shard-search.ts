import { Inject, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import {
  type AskShard,
  DEFAULT_TOP_K,
  type Route,
  runSearch,
  type SearchRequest,
  type SearchRun,
  streamSearch,
  whyNot,
} from '@vectron/model';
import { currentTraceId } from '@vectron/observability';
import { ShardCaller } from '../shards/shard-caller.js';
import { shardTimeoutMs } from '../shards/shard-timeout.js';
import { Reranking } from './reranking.js';
import { answerOf, type SearchAnswer } from './search-answer.js';
import type { SearchCall } from './search-call.js';

/** Of the vectors in one answer. */
const MAX_VECTOR_BYTES = 32 << 20;

/** A query's vector as the collection's incarnation of that id takes it. */
export interface EncodedVector {
  readonly collectionId: string;
  readonly vector: Buffer;
}

/** Searches over the shards of a collection, on the route that is current: begun again when a shard was split meanwhile. */
@Injectable()
export class ShardSearch {
  constructor(
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(Reranking) private readonly reranking: Reranking,
  ) {}

  /** `known`: the query's vector, where it was encoded before. */
  run(call: SearchCall, known?: EncodedVector): Promise<SearchAnswer> {
    return this.shards.reading(call.tenantId, call.input.collection, call, (route, ask) =>
      this.#on(route, call, ask, known),
    );
  }

  /** What is known so far after each shard's answer; the last one is the final answer. */
  stream(call: SearchCall): AsyncIterable<SearchAnswer> {
    return this.shards.readingStream(call.tenantId, call.input.collection, call, (route, ask) =>
      this.#streamOn(route, call, ask),
    );
  }

  /** Made anew and to the end, with what it took, and with why the point that is missed is not in it. */
  explained(call: SearchCall): Promise<SearchAnswer> {
    const { input, trace, tenantId, budgetMs } = call;
    let sinceMs = performance.now();
    return this.shards.reading(tenantId, input.collection, call, async (route, ask) => {
      trace?.step('route', performance.now() - sinceMs, { shards: String(route.shards.length) });
      try {
        const answer = await this.#on(route, call, ask);
        if (input.whyNot !== '') {
          answer.whyNot = await whyNot(route, input, input.whyNot, answer, ask, runOf(call));
        }
        const consistency = input.consistency?.level || 'any';
        const asked = { traceId: currentTraceId(), budgetMs: Math.round(budgetMs), consistency };
        answer.explanation = trace?.explanation(route, asked);
        return answer;
      } finally {
        sinceMs = performance.now();
      }
    });
  }

  async #on(route: Route, call: SearchCall, ask: AskShard, known?: EncodedVector): Promise<SearchAnswer> {
    const { input } = call;
    checkVectorBytes(route, input);
    const vector = known?.collectionId === route.collection.id ? known.vector : undefined;
    const candidates = this.reranking.candidates(route, input);
    const request = candidates ?? input;
    const outcome = await runSearch(route, request, ask, runOf(call, vector));
    const answer = answerOf(outcome, request.payloadFields);
    return candidates === undefined ? answer : this.#reranked(route, call, answer);
  }

  async *#streamOn(route: Route, call: SearchCall, ask: AskShard): AsyncIterable<SearchAnswer> {
    const { input } = call;
    checkVectorBytes(route, input);
    const candidates = this.reranking.candidates(route, input);
    const request = candidates ?? input;
    for await (const outcome of streamSearch(route, request, ask, runOf(call))) {
      const last = outcome.shards.length === outcome.shardsAsked;
      if (last && candidates !== undefined) {
        yield this.#reranked(route, call, answerOf(outcome, false));
      } else {
        yield answerOf(outcome, request.payloadFields, input.topK || DEFAULT_TOP_K);
      }
    }
  }

  async #reranked(route: Route, call: SearchCall, answer: SearchAnswer): Promise<SearchAnswer> {
    const started = performance.now();
    const reordered = await this.reranking.reorder(route, call, answer);
    const { rerankedBy: by, rerankSkipped: skipped } = reordered;
    call.trace?.step('rerank', performance.now() - started, { by, skipped });
    return reordered;
  }
}

const runOf = ({ deadlineMs, trace }: SearchCall, vector?: Buffer): SearchRun => ({
  timeoutMs: () => shardTimeoutMs(deadlineMs),
  vector,
  trace,
});

/** Refused before any work: an answer that could not be sent. `searches`: of a batch, that have one answer together. */
export function checkVectorBytes(
  { collection: { dimension } }: Route,
  { includeVectors, topK }: Pick<SearchRequest, 'includeVectors' | 'topK'>,
  searches = 1,
): void {
  if (!includeVectors) return;
  const most = Math.floor(MAX_VECTOR_BYTES / (dimension * 4 * searches));
  if ((topK || DEFAULT_TOP_K) > most) {
    const many = searches === 1 ? '' : `${searches} searches and `;
    throw VectronError.invalid('top_k', `with ${many}vectors of ${dimension} dimensions, top_k must be at most ${most}`);
  }
}

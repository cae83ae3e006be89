import { createHash } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { reranker } from '@vectron/proto';
import { type Api, GrpcService } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import { rerankByRules, STRATEGY, WEIGHTS } from './rule-strategy.js';

const MAX_CANDIDATES = 10_000;

export interface CachedAnswer {
  readonly scope: string;
  readonly query: string;
  readonly results: reranker.ScoredCandidate[];
}
export class AnswerCache extends LRUCache<string, CachedAnswer> {}

/** vectron.reranker.v1. */
@Controller()
@GrpcService(reranker.RerankServiceService)
export class RerankerController implements Api<typeof reranker.RerankServiceService> {
  #fromCache = 0;
  #byRules = 0;
  #candidates = 0;

  constructor(@Inject(AnswerCache) private readonly cache: AnswerCache) {}

  /** Answers so far by where they came from, and the candidates of those that the rules made. */
  get counts(): { readonly fromCache: number; readonly byRules: number; readonly candidates: number } {
    return { fromCache: this.#fromCache, byRules: this.#byRules, candidates: this.#candidates };
  }

  async rerank(request: reranker.RerankRequest): Promise<reranker.RerankResponse> {
    if (request.candidates.length > MAX_CANDIDATES) {
      throw VectronError.invalid('candidates', `a request can have at most ${MAX_CANDIDATES} candidates`);
    }
    const started = performance.now();
    const key = createHash('sha256')
      .update(reranker.RerankRequest.encode({ ...request, nowMs: 0 }).finish())
      .digest('base64');
    const cached = this.cache.get(key);
    const results = cached?.results ?? rerankByRules(request);
    if (cached === undefined) {
      this.cache.set(key, { scope: request.scope, query: request.query, results });
      this.#byRules += 1;
      this.#candidates += request.candidates.length;
    } else this.#fromCache += 1;
    return {
      results,
      strategyUsed: STRATEGY.name,
      fromCache: cached !== undefined,
      latencyMs: performance.now() - started,
    };
  }

  async getStrategy(): Promise<reranker.GetStrategyResponse> {
    const config = new Map(Object.entries(WEIGHTS).map(([name, weight]) => [`weight.${name}`, String(weight)]));
    return { strategyName: STRATEGY.name, version: STRATEGY.version, config };
  }

  async invalidateCache(request: reranker.InvalidateCacheRequest): Promise<reranker.InvalidateCacheResponse> {
    let entriesCleared = 0;
    for (const [key, answer] of this.cache.entries()) {
      const named = request.query === '' || answer.query === request.query;
      if (named && (request.scope === '' || answer.scope === request.scope)) {
        this.cache.delete(key);
        entriesCleared += 1;
      }
    }
    return { entriesCleared };
  }
}

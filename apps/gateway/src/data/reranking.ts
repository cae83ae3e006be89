import { Inject, Injectable } from '@nestjs/common';
import { toVectronError } from '@vectron/errors';
import { DEFAULT_TOP_K, type Route } from '@vectron/model';
import { callContext } from '@vectron/rpc';
import { BACKENDS, type Backends, CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import type { Hit, SearchAnswer } from './search-answer.js';
import type { SearchCall } from './search-call.js';
import type { SearchInput } from './search-input.js';

/** Candidates for each result, where the collection does not say. */
const DEFAULT_OVERSAMPLE = 5;
const MAX_CANDIDATES = 500;
const NO_PAYLOAD = Buffer.alloc(0);

/** The step after a search that gives its hits the reranker's order, where the collection enables it. */
@Injectable()
export class Reranking {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(BACKENDS) private readonly backends: Backends,
  ) {}

  /** The search for the candidates: more of them, with the payloads that the reranker reads. undefined: none is due. */
  candidates({ collection }: Route, input: SearchInput): SearchInput | undefined {
    if (input.query === '' || collection.rerank?.enabled !== true) return undefined;
    const topK = input.topK || DEFAULT_TOP_K;
    const most = Math.min(topK * (collection.rerank.oversample || DEFAULT_OVERSAMPLE), MAX_CANDIDATES);
    return { ...input, topK: Math.max(topK, most), includeMetadata: true, payloadFields: false };
  }

  /** The best candidates in the reranker's order; when it fails, in that of the vectors, and the answer says so. */
  async reorder({ collection }: Route, call: SearchCall, answer: SearchAnswer): Promise<SearchAnswer> {
    const { tenantId, input, deadlineMs } = call;
    const topK = input.topK || DEFAULT_TOP_K;
    const { hits } = answer;
    try {
      const timeoutMs = Math.max(1, Math.min(this.config.rerankTimeoutMs, deadlineMs - Date.now()));
      const { results, strategyUsed } = await this.backends.reranker.rerank(
        {
          query: input.query,
          candidates: hits.map(({ id, score, payload }) => ({ id, score, payload })),
          topN: topK,
          settings: collection.rerank,
          scope: `${tenantId}/${collection.id}`,
          nowMs: Date.now(),
        },
        callContext({ timeoutMs }),
      );
      const byId = new Map(hits.map((hit) => [hit.id, hit]));
      const reordered = results.map(({ id, explanation }) => ({ ...(byId.get(id) as Hit), explanation }));
      return { ...answer, hits: shown(reordered, input), rerankedBy: strategyUsed };
    } catch (cause) {
      return { ...answer, hits: shown(hits.slice(0, topK), input), rerankSkipped: toVectronError(cause).code };
    }
  }
}

/** Without the payloads that only the reranker was to read. */
function shown(hits: Hit[], { includeMetadata }: SearchInput): Hit[] {
  if (!includeMetadata) for (const hit of hits) hit.payload = NO_PAYLOAD;
  return hits;
}

import type { SearchOutcome } from '@vectron/model';
import type { gateway, workerData } from '@vectron/proto';

/** An answer to a search, before either wire gives it its form. */
export interface SearchAnswer extends Omit<gateway.SearchResponse, 'results'> {
  readonly hits: Hit[];
  /** Whether the payloads of the hits are fields of a vectron.v1.SearchResult; otherwise they are JSON text. */
  readonly payloadFields: boolean;
}

/** `explanation`: the terms of the reranker's score; empty without reranking. */
export type Hit = workerData.Hit & { explanation: string };

/** The answer that the shards' hits make, or the best `limit` of them. The hits become the answer's own. */
export function answerOf(
  outcome: SearchOutcome,
  payloadFields: boolean,
  limit: number = outcome.hits.length,
): SearchAnswer {
  const hits = (outcome.hits.length > limit ? outcome.hits.slice(0, limit) : outcome.hits) as Hit[];
  for (const hit of hits) hit.explanation = '';
  return {
    hits,
    payloadFields,
    complete: outcome.complete,
    shardsAsked: outcome.shardsAsked,
    shardsAnswered: outcome.shardsAnswered,
    shards: outcome.shards,
    recallEstimate: outcome.recallEstimate,
    recallInterval: outcome.recallInterval,
    recallUnmet: outcome.recallUnmet,
    queryId: '',
    servedFrom: 'shards',
    explanation: undefined,
    whyNot: undefined,
    rerankedBy: '',
    rerankSkipped: '',
  };
}

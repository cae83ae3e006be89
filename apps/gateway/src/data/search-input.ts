import type { SearchRequest } from '@vectron/model';
import type { gateway } from '@vectron/proto';

/** A search as its caller sent it, from either wire. */
export interface SearchInput extends SearchRequest {
  readonly collection: string;
  /** Instead of a vector; empty: none. */
  readonly text: string;
  /** Text for the reranker; empty: the hits are not reranked. */
  readonly query: string;
  /** 0: what the gateway is configured to allow. */
  readonly timeoutMs: number;
  readonly consistency?: gateway.ReadConsistency;
  readonly explain: boolean;
  /** Id of the point whose absence is to be explained; empty: none. */
  readonly whyNot: string;
}

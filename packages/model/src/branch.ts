import type { filters, workerData } from '@vectron/proto';
import { MAX_TOP_K, type SearchLimits } from './search-limits.js';

/** One way to the points, ready to be asked of every shard. A search has one, a query has up to sixteen. */
export interface Branch {
  readonly op: workerData.SearchOp;
  /** How many hits it gives at most, over all shards. */
  readonly limit: number;
  /** Of its hits where several branches are fused. */
  readonly weight: number;
  /** Points that the branch was asked with: they are not among its hits. */
  readonly excluded: ReadonlySet<string>;
}

/** What a branch looks for: one of the three is set. */
export type Sought = Pick<workerData.SearchOp, 'vector' | 'sparse' | 'text'>;

/** How a branch looks for it. */
export interface BranchOptions extends Omit<SearchLimits, 'topK'> {
  readonly exact: boolean;
  /** Name of the dense vector; empty: the first one. */
  readonly using: string;
  readonly filter?: filters.Filter;
}

/** What comes with each hit, and how long one shard may take. */
export type Frame = Pick<workerData.SearchOp, 'includePayload' | 'includeVector' | 'payloadFields' | 'timeoutMs'>;

const NO_POINTS: ReadonlySet<string> = new Set();

export const soughtVector = (vector: Buffer): Sought => ({ vector, sparse: undefined, text: undefined });

export function branchOf(
  { vector, sparse, text }: Sought,
  { ef, recall, exact, scoreThreshold, using, filter }: BranchOptions,
  { includePayload, includeVector, payloadFields, timeoutMs }: Frame,
  { limit, weight = 1, excluded = NO_POINTS }: Pick<Branch, 'limit'> & Partial<Branch>,
): Branch {
  // A shard does not know which of its hits are excluded: it is asked for that many more.
  const k = Math.min(limit + excluded.size, MAX_TOP_K);
  const what = { vector, sparse, text, using, k, ef, recall, exact, scoreThreshold, filter };
  return { op: { ...what, includePayload, includeVector, payloadFields, timeoutMs }, limit, weight, excluded };
}

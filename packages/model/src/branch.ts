import type { filters, workerData } from '@vectron/proto';
import { filterOfRead } from './empty-filter.js';
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
export type Frame = Pick<
  workerData.SearchOp,
  'includePayload' | 'includeVector' | 'payloadFields' | 'timeoutMs' | 'measuring' | 'maxBytes'
>;

const NO_POINTS: ReadonlySet<string> = new Set();

export const soughtVector = (vector: Buffer): Sought => ({ vector, sparse: undefined, text: undefined });

export function branchOf(
  sought: Sought,
  options: BranchOptions,
  frame: Frame,
  { limit, weight = 1, excluded = NO_POINTS }: Pick<Branch, 'limit'> & Partial<Branch>,
): Branch {
  // One literal: an object that is spread together costs ten times as much to make, and its encoder as well.
  const op: workerData.SearchOp = {
    vector: sought.vector,
    // A shard does not know which of its hits are excluded: it is asked for that many more.
    k: Math.min(limit + excluded.size, MAX_TOP_K),
    ef: options.ef,
    exact: options.exact,
    includePayload: frame.includePayload,
    includeVector: frame.includeVector,
    scoreThreshold: options.scoreThreshold,
    recall: options.recall,
    timeoutMs: frame.timeoutMs,
    payloadFields: frame.payloadFields,
    filter: filterOfRead(options.filter),
    sparse: sought.sparse,
    text: sought.text,
    using: options.using,
    measuring: frame.measuring,
    maxBytes: frame.maxBytes,
    statistics: undefined,
  };
  return { op, limit, weight, excluded };
}

/** The same search of an answer of so many bytes; one literal as above. */
export function searchWithin(op: workerData.SearchOp, maxBytes: number): workerData.SearchOp {
  return {
    vector: op.vector,
    k: op.k,
    ef: op.ef,
    exact: op.exact,
    includePayload: op.includePayload,
    includeVector: op.includeVector,
    scoreThreshold: op.scoreThreshold,
    recall: op.recall,
    timeoutMs: op.timeoutMs,
    payloadFields: op.payloadFields,
    filter: op.filter,
    sparse: op.sparse,
    text: op.text,
    using: op.using,
    measuring: op.measuring,
    maxBytes,
    statistics: op.statistics,
  };
}

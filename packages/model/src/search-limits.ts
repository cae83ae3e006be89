import { VectronError } from '@vectron/errors';
import { greatestOf } from '@vectron/proto';
import { floatText } from './contract/scalars.js';

export const DEFAULT_TOP_K = 10;
export const MAX_TOP_K = greatestOf('vectron.v1.SearchRequest', 'top_k');
const MAX_EF = greatestOf('vectron.v1.SearchRequest', 'ef');
const MIN_RECALL = 0.5;
/** The float32 that stands for 0.999, which is a little more. */
const MAX_RECALL = greatestOf('vectron.v1.SearchRequest', 'recall');
const MAX_PAGE = greatestOf('vectron.v1.ListPointsRequest', 'limit');

/** What a search asks of the index; 0: not asked. */
export interface SearchLimits {
  readonly topK: number;
  readonly ef: number;
  readonly recall: number;
  readonly scoreThreshold?: number;
}

/** Throws INVALID_ARGUMENT naming the first value that is out of range. `at`: the place of a branch; empty: of the request. */
export function checkSearch({ topK, ef, recall, scoreThreshold }: SearchLimits, at = ''): void {
  const refuse = (field: string, what: string): never => {
    const place = at === '' ? field : `${at}.${field}`;
    throw VectronError.invalid(place, `${place} ${what}`);
  };
  if (!(topK >= 0 && topK <= MAX_TOP_K)) refuse('top_k', `must be 1 to ${MAX_TOP_K}, not ${topK}`);
  if (!(ef >= 0 && ef <= MAX_EF)) refuse('ef', `must be at most ${MAX_EF}, not ${ef}`);
  if (recall !== 0 && !(recall >= MIN_RECALL && recall <= MAX_RECALL)) {
    // As it was sent, not as the double next to the float32 that came.
    refuse('recall', `must be ${MIN_RECALL} to 0.999, not ${floatText(recall)}`);
  }
  if (recall !== 0 && ef !== 0) refuse('recall', 'cannot be combined with ef: send only one of them');
  if (scoreThreshold !== undefined && !Number.isFinite(scoreThreshold)) {
    refuse('score_threshold', `must be finite, not ${scoreThreshold}`);
  }
}

/** Throws INVALID_ARGUMENT when a search is told in more than one way what to look for. */
export function checkSought(search: {
  readonly vector: ArrayLike<unknown>;
  readonly text: string;
  readonly likeId: string;
}): void {
  const { vector, text, likeId } = search;
  if ([vector.length > 0, text !== '', likeId !== ''].filter(Boolean).length > 1) {
    throw VectronError.invalid('vector', 'a search requires exactly one of vector, text and like_id');
  }
}

/** Points of a page: 20 when not asked. */
export function checkLimit(limit: number): number {
  if (!(limit >= 0 && limit <= MAX_PAGE)) throw VectronError.invalid('limit', `limit must be 1 to ${MAX_PAGE}`);
  return limit || 20;
}

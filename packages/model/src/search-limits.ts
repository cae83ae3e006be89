import { VectronError } from '@vectron/errors';
import { greatestOf } from '@vectron/proto';

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

/** Throws INVALID_ARGUMENT naming the first value that is out of range. */
export function checkSearch({ topK, ef, recall, scoreThreshold }: SearchLimits): void {
  if (!(topK >= 0 && topK <= MAX_TOP_K)) {
    throw VectronError.invalid('top_k', `top_k must be 1 to ${MAX_TOP_K}, not ${topK}`);
  }
  if (!(ef >= 0 && ef <= MAX_EF)) throw VectronError.invalid('ef', `ef must be at most ${MAX_EF}, not ${ef}`);
  if (recall !== 0 && !(recall >= MIN_RECALL && recall <= MAX_RECALL)) {
    throw VectronError.invalid('recall', `recall must be ${MIN_RECALL} to 0.999, not ${recall}`);
  }
  if (recall !== 0 && ef !== 0)
    throw VectronError.invalid('recall', 'send either ef or recall: each says how much work to do');
  if (scoreThreshold !== undefined && Number.isNaN(scoreThreshold)) {
    throw VectronError.invalid('score_threshold', 'score_threshold is not a number');
  }
}

/** Points of a page: 20 when not asked. */
export function checkLimit(limit: number): number {
  if (!(limit >= 0 && limit <= MAX_PAGE)) throw VectronError.invalid('limit', `limit must be 1 to ${MAX_PAGE}`);
  return limit || 20;
}

import { floatText } from '@vectron/model';
import type { QueryHit, SearchResult, StoredPoint } from '@vectron/sdk';

/** Points and results in the form of answers. */

/** The shortest numbers that are these float32 values. */
export const floats = (vector: ArrayLike<number>): number[] => Array.from(vector, (one) => Number(floatText(one)));

export const score = (value: number): number => Number(floatText(value));

/** The keys of `payload` that are asked for; undefined: none are. */
export function selected(payload: object, fields: readonly string[] | undefined): object | undefined {
  if (fields === undefined) return payload;
  if (fields.length === 0) return undefined;
  return Object.fromEntries(Object.entries(payload).filter(([key]) => fields.includes(key)));
}

/** What `toHit` and `toPoint` give of a point. */
export interface Shown {
  readonly fields?: readonly string[];
  readonly includeVectors: boolean;
}

export const toHit = (hit: QueryHit, { fields, includeVectors }: Shown) => ({
  id: hit.id,
  score: score(hit.score),
  payload: selected(hit.payload, fields),
  vector: includeVectors && hit.vector !== undefined && hit.vector.length > 0 ? floats(hit.vector) : undefined,
});

export const toPoint = (point: StoredPoint, { fields, includeVectors }: Shown) => ({
  id: point.id,
  payload: selected(point.payload, fields),
  version: point.version,
  expiresAt: point.expiresAt?.toISOString(),
  ...(includeVectors && {
    vector: point.vector === undefined || point.vector.length === 0 ? undefined : floats(point.vector),
    vectors: named(point.vectors),
    sparse: point.sparse,
  }),
});

const named = (vectors: StoredPoint['vectors']) =>
  vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, floats(one)]));

export const toRecall = ({ recallEstimate, recallInterval, recallUnmet }: RecallOf) => ({
  estimate: recallEstimate === undefined ? undefined : score(recallEstimate),
  low: recallInterval && score(recallInterval.low),
  high: recallInterval && score(recallInterval.high),
  unmet: recallUnmet,
});

type RecallOf = Pick<SearchResult, 'recallEstimate' | 'recallInterval' | 'recallUnmet'>;

import type { StoredPoint } from '@vectron/sdk';

/** A point as an export has it: all of it, with the moment when it expires, which does not move while the file lies there. */
export interface ExportedPoint {
  readonly id: string;
  readonly vector: readonly number[];
  readonly payload: StoredPoint['payload'];
  readonly sparse?: StoredPoint['sparse'];
  readonly vectors?: Readonly<Record<string, readonly number[]>>;
  /** ISO 8601, in UTC, with milliseconds. */
  readonly expiresAt?: string;
}

export function exported({ id, vector, payload, sparse, vectors, expiresAt }: StoredPoint): ExportedPoint {
  const named = vectors && Object.fromEntries(Object.entries(vectors).map(([name, one]) => [name, Array.from(one)]));
  return { id, vector: Array.from(vector ?? []), payload, sparse, vectors: named, expiresAt: expiresAt?.toISOString() };
}

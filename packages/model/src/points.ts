import { VectronError } from '@vectron/errors';
import type { workerData } from '@vectron/proto';
import { encodeDocument } from './document.js';
import { checkPointId } from './point-id.js';
import { type SparseInput, sparseData } from './sparse.js';
import { encodeAnyVector, encodeVector, type VectorInput } from './vector.js';

/** A point to write. */
export interface PointInput {
  readonly id: string;
  readonly vector: VectorInput;
  readonly payload: unknown;
  /** Instead of the vector; see `embedPoints`. */
  readonly text?: string;
  /** By name. */
  readonly sparse?: Iterable<readonly [string, SparseInput]>;
  /** 0: never deleted by time. */
  /** Dense vectors besides `vector`, by name. */
  readonly vectors?: Iterable<readonly [string, VectorInput]>;
  readonly ttlSeconds?: number;
  readonly ifVersion?: bigint;
}

const MAX_SPARSE = 16;
const MAX_NAMED = 16;

/**
 * The points of one upsert as shards take them; of equal ids the last. Throws INVALID_ARGUMENT or DIMENSION_MISMATCH
 * naming the first wrong point.
 */
export function encodePoints(
  points: readonly PointInput[],
  collection: { readonly dimension: number; readonly distance: string },
  maxBatch: number,
): workerData.PointData[] {
  if (points.length > maxBatch) {
    throw VectronError.invalid(
      'points',
      `a request can have at most ${maxBatch} points, not ${points.length}; send smaller batches`,
    );
  }
  if (points.length === 0) throw VectronError.invalid('points', 'points must have at least one point');
  const unique = new Map<string, workerData.PointData>();
  points.forEach((point, at) => {
    checkPointId(point.id, `points[${at}].id`);
    unique.delete(point.id);
    unique.set(point.id, {
      id: point.id,
      vector: encodeVector(point.vector, collection.dimension, collection.distance, `points[${at}].vector`),
      payload: encodeDocument(point.payload, `points[${at}].payload`),
      sparse: sparseVectors(point.sparse, `points[${at}].sparse`),
      vectors: namedVectors(point.vectors, `points[${at}].vectors`),
      ttlMs: BigInt(ttlSeconds(point.ttlSeconds ?? 0, `points[${at}].ttl_seconds`)) * 1000n,
      ifVersion: point.ifVersion,
      version: 0n,
      expiresAtMs: 0n,
    });
  });
  return [...unique.values()];
}

function sparseVectors(sparse: PointInput['sparse'], field: string): workerData.SparseData[] {
  if (sparse === undefined) return [];
  const vectors = Array.from(sparse, ([name, vector]) => sparseData(name, vector, `${field}.${name}`));
  if (vectors.length > MAX_SPARSE)
    throw VectronError.invalid(field, `a point can have at most ${MAX_SPARSE} sparse vectors`);
  return vectors;
}

function namedVectors(vectors: PointInput['vectors'], field: string): workerData.VectorData[] {
  if (vectors === undefined) return [];
  const named = Array.from(vectors, ([name, vector]) => ({
    name,
    vector: encodeAnyVector(vector, `${field}.${name}`),
  }));
  if (named.length > MAX_NAMED)
    throw VectronError.invalid(field, `a point can have at most ${MAX_NAMED} named vectors`);
  return named;
}

function ttlSeconds(seconds: number, field: string): number {
  if (!(Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffff_ffff)) {
    throw VectronError.invalid(field, `${field} must be whole seconds, 0 to 4294967295`);
  }
  return seconds;
}

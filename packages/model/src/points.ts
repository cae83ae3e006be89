import { VectronError } from '@vectron/errors';
import type { workerData } from '@vectron/proto';
import { encodeDocument } from './document.js';
import { checkPointId } from './point-id.js';
import { encodeVector, type VectorInput } from './vector.js';

/** A point to write. */
export interface PointInput {
  readonly id: string;
  readonly vector: VectorInput;
  readonly payload: unknown;
}

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
    throw VectronError.invalid('points', `at most ${maxBatch} points in one request, not ${points.length}`);
  }
  if (points.length === 0) throw VectronError.invalid('points', 'send at least one point');
  const unique = new Map<string, workerData.PointData>();
  points.forEach((point, at) => {
    checkPointId(point.id, `points[${at}].id`);
    unique.delete(point.id);
    unique.set(point.id, {
      id: point.id,
      vector: encodeVector(point.vector, collection.dimension, collection.distance, `points[${at}].vector`),
      payload: encodeDocument(point.payload, `points[${at}].payload`),
    });
  });
  return [...unique.values()];
}

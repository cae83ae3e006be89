import { checkOptions } from '@vectron/model';
import { type BulkOptions, type BulkTarget, writerFor } from './bulk-writer.js';
import type { Point, VectronClient } from './client.js';

/** How `upsertAll` writes: see the options of a bulk writer. */
export type UpsertAllOptions = Pick<BulkOptions, 'batchSize' | 'batchBytes' | 'maxInFlight' | 'onProgress'>;

/**
 * Writes the points of any iterable with a bulk writer, and returns the number of points written. Stops at the first batch that
 * fails after its retries (BulkWriteError), or when the iterable throws; then its last points are only sent if they fill a batch.
 * Throws when no request is in progress. Points that were acknowledged before are on disk.
 */
export async function upsertAll(
  client: VectronClient,
  collection: string,
  points: Iterable<Point> | AsyncIterable<Point>,
  options: UpsertAllOptions = {},
): Promise<number> {
  checkOptions(options, ['batchSize', 'batchBytes', 'maxInFlight', 'onProgress']);
  const target: BulkTarget = {
    upsert: (some) => client.upsert(collection, some),
    upsertStream: (batches, how) => client.upsertStream(collection, batches, how),
  };
  const writer = writerFor(target, options);
  try {
    await writer.addAll(points);
  } catch (error) {
    await writer.stop(error);
    throw error;
  }
  return (await writer.close()).upserted;
}

import { checkOptions } from '@vectron/model';
import { type BulkOptions, type BulkTarget, writerFor } from './bulk-writer.js';
import type { Point, VectronClient } from './client.js';

/** How `upsertAll` writes: see the options of a bulk writer. */
export type UpsertAllOptions = Pick<BulkOptions, 'batchSize' | 'batchBytes' | 'maxInFlight' | 'onProgress'>;

/**
 * Writes points from any iterable with a bulk writer. Stops at the first batch that fails after its retries (BulkWriteError), or where the
 * iterable does, whose last points are not sent then unless they fill a batch; throws when no request is under way any more. What was
 * acknowledged before is on disk. Returns the points written.
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

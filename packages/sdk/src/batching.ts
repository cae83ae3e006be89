import { checkOptions, checkWhole } from '@vectron/model';
import pLimit from 'p-limit';
import type { Point, VectronClient } from './client.js';

export interface UpsertAllOptions {
  /** Points a request; default 100. */
  readonly batchSize?: number;
  /** Requests in flight; default 4. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: BatchProgress) => void;
}
export interface BatchProgress {
  /** Points acknowledged so far. */
  readonly upserted: number;
}

/**
 * Writes points from any iterable in batches, a few requests at a time, in bounded memory. Stops at the first
 * batch that fails after its retries, or where the iterable does, and throws when no request is under way any more; what
 * was acknowledged before is on disk. Returns the points written.
 */
export async function upsertAll(
  client: VectronClient,
  collection: string,
  points: Iterable<Point> | AsyncIterable<Point>,
  options: UpsertAllOptions = {},
): Promise<number> {
  checkOptions(options, ['batchSize', 'concurrency', 'onProgress']);
  const { batchSize = 100, concurrency = 4, onProgress } = options;
  checkWhole('batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('concurrency', concurrency, 1, Number.MAX_SAFE_INTEGER);
  const limit = pLimit(concurrency);
  const running = new Set<Promise<void>>();
  let upserted = 0;
  let failure: unknown;
  const send = async (batch: Point[]) => {
    const task = limit(async () => {
      if (failure !== undefined) return;
      try {
        const result = await client.upsert(collection, batch);
        upserted += result.upserted;
        onProgress?.({ upserted });
      } catch (error) {
        failure ??= error;
      }
    });
    running.add(task);
    void task.finally(() => running.delete(task));
    if (running.size >= concurrency * 2) await Promise.race(running);
  };
  let batch: Point[] = [];
  try {
    for await (const point of points) {
      if (failure !== undefined) break;
      batch.push(point);
      if (batch.length === batchSize) {
        await send(batch);
        batch = [];
      }
    }
    if (batch.length > 0) await send(batch);
  } catch (error) {
    failure ??= error;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure;
  return upserted;
}

import { toVectronError, VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import pLimit from 'p-limit';
import type { Point, VectronClient } from './client.js';
import { pointBytes } from './point-bytes.js';

export interface UpsertAllOptions {
  /** Most points a request; default 100. */
  readonly batchSize?: number;
  /** Most bytes of the points of a request that has several, about; default 4 MiB. */
  readonly batchBytes?: number;
  /** Requests in flight; default 4. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: BatchProgress) => void;
}
export interface BatchProgress {
  /** Points acknowledged so far. */
  readonly upserted: number;
}

/**
 * Writes points from any iterable in batches, a few requests at a time, in bounded memory. A batch that is larger than the server takes
 * is sent in halves; of a point that is so alone the error names the id, with PAYLOAD_TOO_LARGE. Stops at the first
 * batch that fails after its retries, or where the iterable does, and throws when no request is under way any more; what
 * was acknowledged before is on disk. Returns the points written.
 */
export async function upsertAll(
  client: VectronClient,
  collection: string,
  points: Iterable<Point> | AsyncIterable<Point>,
  options: UpsertAllOptions = {},
): Promise<number> {
  checkOptions(options, ['batchSize', 'batchBytes', 'concurrency', 'onProgress']);
  const { batchSize = 100, batchBytes = 4 << 20, concurrency = 4, onProgress } = options;
  checkWhole('batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('batchBytes', batchBytes, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('concurrency', concurrency, 1, Number.MAX_SAFE_INTEGER);
  const limit = pLimit(concurrency);
  const running = new Set<Promise<void>>();
  let upserted = 0;
  let failure: unknown;
  const send = async (batch: Point[]) => {
    const task = limit(async () => {
      if (failure !== undefined) return;
      try {
        for await (const count of upsertParts(client, collection, batch)) {
          upserted += count;
          onProgress?.({ upserted });
        }
      } catch (error) {
        failure ??= error;
      }
    });
    running.add(task);
    void task.finally(() => running.delete(task));
    if (running.size >= concurrency * 2) await Promise.race(running);
  };
  let batch: Point[] = [];
  let bytes = 0;
  try {
    for await (const point of points) {
      if (failure !== undefined) break;
      const own = pointBytes(point);
      if (batch.length > 0 && bytes + own > batchBytes) {
        await send(batch);
        [batch, bytes] = [[], 0];
      }
      batch.push(point);
      bytes += own;
      if (batch.length === batchSize) {
        await send(batch);
        [batch, bytes] = [[], 0];
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

/** Gives how many points each request wrote. */
async function* upsertParts(
  client: VectronClient,
  collection: string,
  batch: readonly Point[],
): AsyncGenerator<number> {
  let written: number;
  try {
    written = (await client.upsert(collection, batch)).upserted;
  } catch (cause) {
    const { code, message, details } = toVectronError(cause);
    if (code !== 'PAYLOAD_TOO_LARGE') throw cause;
    if (batch.length === 1) {
      const what = `point ${JSON.stringify(batch[0].id)} alone is larger than the server takes in one request`;
      throw new VectronError(code, `${what}: ${message}`, { cause, details });
    }
    const half = Math.ceil(batch.length / 2);
    yield* upsertParts(client, collection, batch.slice(0, half));
    yield* upsertParts(client, collection, batch.slice(half));
    return;
  }
  yield written;
}

import { toVectronError, VectronError } from '@vectron/errors';
import { type CollectionOptions, type Point, upsertAll, type VectronClient } from '@vectron/sdk';
import { progressBar } from './output.js';

/** Points for a collection, and how they are written. */
export interface Filling {
  readonly points: Iterable<Point> | AsyncIterable<Point>;
  /** What is going on, for who watches. */
  readonly what: string;
  readonly total?: number;
  readonly batchSize?: number;
  /** Points that were acknowledged stay where a later one is refused; else it is all of them or no collection. */
  readonly keepsParts?: boolean;
}

/** Writes the points; returns how many they were. */
export async function fill(
  db: VectronClient,
  name: string,
  { points, what, total, batchSize }: Filling,
  onAcknowledged: (upserted: number) => void = () => {},
): Promise<number> {
  const bar = progressBar(what, total);
  try {
    return await upsertAll(db, name, points, {
      batchSize,
      onProgress: ({ upserted }) => {
        onAcknowledged(upserted);
        bar.update(upserted);
      },
    });
  } finally {
    bar.stop();
  }
}

/** Makes a collection and fills it. Where that is refused, the collection is deleted again, and the error says so. */
export const fillNew = (
  db: VectronClient,
  name: string,
  settings: CollectionOptions,
  filling: Filling,
): Promise<number> =>
  inNewCollection(db, name, settings, { keepsParts: filling.keepsParts === true }, async (onAcknowledged) => ({
    result: await fill(db, name, filling, onAcknowledged),
    isKept: true,
  }));

/**
 * Makes a collection for `use`, which says of each point that was acknowledged how many they are now, and at last whether the
 * collection is to stay. Where `use` fails, the collection is deleted again, unless it keeps parts and has some, and the
 * error says what became of it.
 */
export async function inNewCollection<T>(
  db: VectronClient,
  name: string,
  settings: CollectionOptions,
  { keepsParts }: { readonly keepsParts: boolean },
  use: (onAcknowledged: (points: number) => void) => Promise<{ readonly result: T; readonly isKept: boolean }>,
): Promise<T> {
  await db.createCollection(name, settings);
  let own: readonly number[] = [];
  let acknowledged = 0;
  try {
    own = await shardIds(db, name);
    const { result, isKept } = await use((points) => {
      acknowledged = points;
    });
    if (!isKept) await takenBack(db, name, own, { kept: 0, keepsParts });
    return result;
  } catch (error) {
    const { code, message, details } = toVectronError(error);
    const kept = keepsParts ? acknowledged : 0;
    const outcome = await takenBack(db, name, own, { kept, keepsParts }).catch(
      (cause: unknown) =>
        `the collection ${name}, which was made for it, may still be there: ${toVectronError(cause).message}`,
    );
    throw new VectronError(code, `${message}; ${outcome}`, { cause: error, details });
  }
}

/** Deletes the collection that has the shards `own`, and no other one of that name. Says what became of it. */
async function takenBack(
  db: VectronClient,
  name: string,
  own: readonly number[],
  { kept, keepsParts }: { kept: number; keepsParts: boolean },
): Promise<string> {
  if (kept > 0) return `${kept} points were acknowledged before and stay in ${name}`;
  // No shard id is given twice: a collection that somebody else has made meanwhile has others.
  if (!(await shardIds(db, name)).some((id) => own.includes(id))) {
    return `the collection ${name} that is there now is another one than was made for it, and stays`;
  }
  // A batch whose answer was lost may have been written, and others may write as well.
  if (keepsParts && (await db.count(name)).count > 0) return `there are points in ${name}, which stays`;
  await db.deleteCollection(name);
  return `the collection ${name}, which was made for it, was deleted again`;
}

const shardIds = async (db: VectronClient, name: string) =>
  (await db.collectionStatus(name)).shards.map(({ shardId }) => shardId);

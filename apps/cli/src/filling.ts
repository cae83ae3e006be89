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
export async function fillNew(
  db: VectronClient,
  name: string,
  settings: CollectionOptions,
  filling: Filling,
): Promise<number> {
  await db.createCollection(name, settings);
  let own: readonly number[] = [];
  let acknowledged = 0;
  try {
    own = await shardIds(db, name);
    return await fill(db, name, filling, (upserted) => {
      acknowledged = upserted;
    });
  } catch (error) {
    const { code, message, details } = toVectronError(error);
    const kept = filling.keepsParts === true ? acknowledged : 0;
    const outcome = await takenBack(db, name, own, { kept, keepsParts: filling.keepsParts === true }).catch(
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

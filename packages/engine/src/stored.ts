import { workerData } from '@vectron/proto';
import * as native from '../native/index.js';
import { decoded } from './native-error.js';

export type CheckedPart = native.CheckedPart;
export type ExportedShard = native.ExportedShard;

const PAGE = 1_000;

/** Reads everything in an engine's directory that nobody has open, and says what it holds and what is wrong with it. */
export const verifyDirectory = (dir: string): Promise<CheckedPart[]> => decoded(native.verify(dir));

/** Copies every shard of an engine's directory that nobody has open to `to/shard-N`, as Pebble v1 opens it. */
export const exportPebble = (dir: string, to: string): Promise<ExportedShard[]> =>
  decoded(native.exportPebble(dir, to));

/** The points of a store that nobody writes, by id: a shard's own, or one that Pebble made in its format. */
export async function* storedPoints(dir: string): AsyncIterable<workerData.PointData> {
  const store = await decoded(native.openStoredShard(dir));
  for (let after = ''; ; ) {
    const { points } = workerData.PointBatch.decode(await decoded(store.page(after, PAGE)));
    // A page of large points is a short one.
    const last = points.at(-1);
    if (last === undefined) return;
    yield* points;
    after = last.id;
  }
}

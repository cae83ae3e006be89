import { VectronError } from '@vectron/errors';
import { type placement, workerData } from '@vectron/proto';

export const MAX_CHANGES_WAIT_MS = 60_000;
const CURSOR = /^c1\.([0-9a-f-]{36})((\.\d{1,10}-\d{1,20})*)$/;

type Incarnation = Pick<placement.Collection, 'id' | 'name'>;

export interface ShardChanges {
  readonly shardId: number;
  readonly batch: workerData.ChangeBatch;
}

/** How a change is called. */
export function changeKind({ kind }: workerData.Change): 'insert' | 'update' | 'delete' {
  if (kind === workerData.ChangeKind.CHANGE_KIND_DELETE) return 'delete';
  return kind === workerData.ChangeKind.CHANGE_KIND_INSERT ? 'insert' : 'update';
}

/** The changes of every shard; when there are none, waits for the first shard that has one. */
export async function changesOf(
  shards: readonly placement.Shard[],
  waitMs: number,
  read: (shard: placement.Shard, waitMs: number) => Promise<workerData.ChangeBatch>,
): Promise<ShardChanges[]> {
  const asked = (wait: number) =>
    shards.map(async (shard) => ({ shardId: shard.shardId, batch: await read(shard, wait) }));
  const batches = await Promise.all(asked(0));
  if (waitMs === 0 || batches.some(({ batch }) => batch.changes.length > 0)) return batches;
  const fresh = await Promise.race(asked(waitMs));
  return batches.map((one) => (one.shardId === fresh.shardId ? fresh : one));
}

/** Where to go on after these changes. */
export function changeCursor({ id }: Incarnation, batches: readonly ShardChanges[]): string {
  return `c1.${id}${batches.map(({ shardId, batch }) => `.${shardId}-${batch.nextIndex}`).join('')}`;
}

/** By shard, the log index to go on from. CHANGES_GONE: the cursor is of another incarnation of the collection. */
export function parseChangeCursor(cursor: string, { id, name }: Incarnation): Map<number, bigint> {
  if (cursor === '') return new Map();
  const [, of, rows] = CURSOR.exec(cursor) ?? [];
  if (rows === undefined) throw VectronError.invalid('cursor', 'it is not the next_cursor of an answer');
  if (of !== id) {
    throw new VectronError(
      'CHANGES_GONE',
      `collection ${name} was deleted and made again since: start without a cursor`,
    );
  }
  const parsed = rows
    .split('.')
    .slice(1)
    .map((row) => row.split('-'));
  return new Map(parsed.map(([shardId, index]) => [Number(shardId), BigInt.asUintN(64, BigInt(index))]));
}

import { VectronError } from '@vectron/errors';
import { greatestOf, type placement, workerData } from '@vectron/proto';

export const MAX_CHANGES_WAIT_MS = greatestOf('vectron.v1.ListChangesRequest', 'wait_ms');
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

/**
 * The changes of every shard; when there are none, waits for the first shard that has one. `read`: from the cursor, or from
 * an index that an earlier answer gave.
 */
export async function changesOf(
  shards: readonly placement.Shard[],
  waitMs: number,
  read: (shard: placement.Shard, waitMs: number, from?: bigint) => Promise<workerData.ChangeBatch>,
): Promise<ShardChanges[]> {
  const asked = async (shard: placement.Shard, wait: number, from?: bigint) => ({
    shardId: shard.shardId,
    batch: await read(shard, wait, from),
  });
  let batches = await Promise.all(shards.map((shard) => asked(shard, 0)));
  // Entries that change no point end a wait, too: it goes on behind them.
  for (const end = performance.now() + waitMs; batches.every(({ batch }) => batch.changes.length === 0); ) {
    const leftMs = Math.floor(end - performance.now());
    if (leftMs <= 0) break;
    const next = new Map(batches.map(({ shardId, batch }) => [shardId, batch.nextIndex]));
    const fresh = await Promise.race(shards.map((shard) => asked(shard, leftMs, next.get(shard.shardId))));
    batches = batches.map((one) => (one.shardId === fresh.shardId ? fresh : one));
  }
  return batches;
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

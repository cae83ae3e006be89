import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';

const CURSOR = /^c1\.([0-9a-f-]{36})((\.[1-9]\d{0,9}-[1-9]\d{0,19})*)$/;
const MAX_INDEX = (1n << 64n) - 1n;

type Incarnation = Pick<placement.Collection, 'id' | 'name'>;
type Shards = readonly Pick<placement.Shard, 'shardId' | 'splitFromShardId' | 'splitIndex'>[];

/** By shard, the log index from which a feed goes on. Of a shard that is not in it, nothing was read yet. */
export type Positions = ReadonlyMap<number, bigint>;

/** What {@link parseChangeCursor} reads. */
export function changeCursor({ id }: Incarnation, positions: Positions): string {
  return `c1.${id}${Array.from(positions, ([shardId, index]) => `.${shardId}-${index}`).join('')}`;
}

/**
 * The positions of a cursor that an answer of this collection gave. INVALID_ARGUMENT: no answer gave it. CHANGES_GONE: it is of
 * another incarnation of the collection.
 */
export function parseChangeCursor(cursor: string, { id, name }: Incarnation, shards: Shards): Positions {
  const [, of, rows] = CURSOR.exec(cursor) ?? [];
  if (rows === undefined) throw strange('it is not the next_cursor of an answer');
  if (of !== id) {
    throw new VectronError(
      'CHANGES_GONE',
      `the cursor belongs to an earlier collection ${name}, which was deleted and created again; read the collection from the beginning`,
    );
  }
  const positions = new Map<number, bigint>();
  for (const row of rows.split('.').slice(1)) {
    const [shardId, index] = row.split('-');
    if (BigInt(index) > MAX_INDEX) throw strange(`${index} is no log index`);
    if (positions.has(Number(shardId))) throw strange(`it names shard ${shardId} twice`);
    positions.set(Number(shardId), BigInt(index));
  }
  checkShards(positions, shards, name);
  return positions;
}

function checkShards(positions: Positions, shards: Shards, name: string): void {
  const known = new Map(shards.map((shard) => [shard.shardId, shard]));
  for (const [shardId, index] of positions) {
    const shard = known.get(shardId);
    if (shard === undefined) throw strange(`${name} has no shard ${shardId}`);
    if (shard.splitFromShardId === 0) continue;
    const before = positions.get(shard.splitFromShardId) ?? 0n;
    if (index <= shard.splitIndex || before <= shard.splitIndex)
      throw strange(`it reads shard ${shardId} before its split`);
  }
  const missing = shards.find(({ shardId, splitFromShardId }) => splitFromShardId === 0 && !positions.has(shardId));
  if (missing !== undefined) throw strange(`it lacks shard ${missing.shardId}`);
}

const strange = (why: string) =>
  VectronError.invalid('cursor', `the cursor is invalid: ${why}; use a cursor from an answer, unchanged`);

/**
 * The positions with those of shards that were split off, whose changes follow those before the split, which are the other
 * half's to tell.
 */
export function withSplits(positions: Positions, shards: Shards): Map<number, bigint> {
  const all = new Map(positions);
  for (let before = -1; before !== all.size; ) {
    before = all.size;
    for (const { shardId, splitFromShardId, splitIndex } of shards) {
      if (!all.has(shardId) && (all.get(splitFromShardId) ?? 0n) > splitIndex) all.set(shardId, splitIndex + 1n);
    }
  }
  return all;
}

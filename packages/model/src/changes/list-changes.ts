import { type LostChanges, VectronError } from '@vectron/errors';
import { type gateway, greatestOf, type placement, workerData } from '@vectron/proto';
import { type AskShard, askFor, type ShardFailure } from '../ask-shard.js';
import type { Route } from '../route.js';
import { changeCursor, type Positions, parseChangeCursor, withSplits } from './change-cursor.js';

const MAX_WAIT_MS = greatestOf('vectron.v1.ListChangesRequest', 'wait_ms');
/** Times that a feed is begun again because the log was cut between two looks at it. */
const ATTEMPTS = 5;
const { CHANGE_KIND_DELETE, CHANGE_KIND_INSERT, CHANGE_KIND_MOVED } = workerData.ChangeKind;

/** A change, and whose log index it has. */
export interface ShardChange {
  readonly shardId: number;
  readonly change: workerData.Change;
}

/** How the home of a collection asks its shards for changes. Throws a ShardFailure. */
export interface FeedHome {
  /** Ends when `signal` is aborted, with anything. */
  read(shard: placement.Shard, op: workerData.ChangesOp, signal?: AbortSignal): Promise<workerData.ChangeBatch>;
  readonly ask: AskShard;
}

/** How a change is called. */
export function changeKind({ kind }: workerData.Change): 'insert' | 'update' | 'delete' {
  if (kind === CHANGE_KIND_DELETE) return 'delete';
  return kind === CHANGE_KIND_INSERT ? 'insert' : 'update';
}

/**
 * Changes after the cursor, in log order a shard, without a gap; waits for one when there is none. Without a cursor: from the
 * oldest that is kept, or, `now`, none and the cursor of this moment. CHANGES_GONE when the log does not reach back to the
 * cursor, with what is lost and the cursor behind it.
 */
export async function listChanges(
  route: Route,
  { cursor, from, waitMs }: Pick<gateway.ListChangesRequest, 'cursor' | 'from' | 'waitMs'>,
  home: FeedHome,
): Promise<{ changes: ShardChange[]; nextCursor: string }> {
  if (!(waitMs >= 0 && waitMs <= MAX_WAIT_MS))
    throw VectronError.invalid('wait_ms', `wait_ms must be 0 to ${MAX_WAIT_MS}`);
  if (from !== '' && from !== 'now') throw VectronError.invalid('from', "from must be 'now' or empty");
  if (from !== '' && cursor !== '') throw VectronError.invalid('from', 'send either from or a cursor');
  const { collection, shards } = route;
  if (from === 'now') return { changes: [], nextCursor: changeCursor(collection, await presentOf(shards, home)) };
  for (let attempt = 1; ; attempt++) {
    const begun = cursor === '' ? await oldestOf(shards, home) : parseChangeCursor(cursor, collection, shards);
    try {
      const { changes, positions } = await readFrom(route, begun, waitMs, home);
      return { changes, nextCursor: changeCursor(collection, positions) };
    } catch (error) {
      // The shards know where their logs end.
      if (cursor !== '' && error instanceof VectronError && error.code === 'INVALID_ARGUMENT')
        throw VectronError.invalid('cursor', error.message);
      if (!isGone(error) || attempt === ATTEMPTS) throw error;
      // Without a cursor nothing was promised that is gone now: it begins anew.
      const lost = cursor === '' ? undefined : await lostSince(route, begun, home);
      if (lost !== undefined) throw gone(error, lost);
    }
  }
}

const changesOp = (fromIndex: bigint, waitMs: number): workerData.ChangesOp => ({ fromIndex, waitMs, now: false });

/** Where each shard stands now. */
async function presentOf(shards: readonly placement.Shard[], home: FeedHome): Promise<Positions> {
  const op = { ...changesOp(0n, 0), now: true };
  const of = async (shard: placement.Shard) => [shard.shardId, (await home.read(shard, op)).nextIndex] as const;
  return new Map(await Promise.all(shards.map(of)));
}

/** The first log index from `from` on whose changes a shard still has. */
async function keptFrom(shard: placement.Shard, from: bigint, home: FeedHome): Promise<bigint> {
  try {
    await home.read(shard, changesOp(from, 0));
    return from;
  } catch (error) {
    if (isGone(error)) return error.firstIndex;
    throw error;
  }
}

/** Where the oldest changes are that are kept; without shards whose changes follow a split that is still to be read. */
async function oldestOf(shards: readonly placement.Shard[], home: FeedHome): Promise<Positions> {
  const of = async (shard: placement.Shard) =>
    [shard.shardId, await keptFrom(shard, shard.splitIndex + 1n, home)] as const;
  const kept = new Map(await Promise.all(shards.map(of)));
  const roots = shards.filter(({ splitFromShardId }) => splitFromShardId === 0);
  const begun = new Map(roots.map(({ shardId }) => [shardId, kept.get(shardId) ?? 1n]));
  for (let before = -1; before !== begun.size; ) {
    before = begun.size;
    for (const shardId of withSplits(begun, shards).keys()) begun.set(shardId, kept.get(shardId) ?? 1n);
  }
  return begun;
}

/** What is lost behind these positions; undefined: nothing, another replica has it. */
async function lostSince(
  { collection, shards }: Route,
  from: Positions,
  home: FeedHome,
): Promise<LostChanges | undefined> {
  const lost: LostChanges['shards'][number][] = [];
  const kept = new Map<number, bigint>();
  let positions = withSplits(from, shards);
  while (kept.size < positions.size) {
    for (const shard of shards) {
      const index = positions.get(shard.shardId);
      if (index === undefined || kept.has(shard.shardId)) continue;
      const first = await keptFrom(shard, index, home);
      kept.set(shard.shardId, first);
      if (first > index) lost.push({ shardId: shard.shardId, firstLogIndex: index, lastLogIndex: first - 1n });
    }
    // Behind what is lost there may be a split.
    positions = withSplits(new Map([...positions, ...kept]), shards);
  }
  return lost.length === 0 ? undefined : { cursor: changeCursor(collection, kept), shards: lost };
}

function gone(cause: VectronError, lost: LostChanges): VectronError {
  const of = lost.shards.map((one) => `${one.firstLogIndex} to ${one.lastLogIndex} of shard ${one.shardId}`);
  const message = `changes are no longer kept: ${of.join(', ')}; read the collection again, or continue without them from the cursor ${lost.cursor}`;
  return new VectronError('CHANGES_GONE', message, { cause, details: { lost } });
}

const isGone = (error: unknown): error is ShardFailure =>
  error instanceof VectronError && error.code === 'CHANGES_GONE' && 'firstIndex' in error;

/** Reads every shard; when there are no changes, waits for the first shard that has one. */
async function readFrom(
  route: Route,
  begun: Positions,
  waitMs: number,
  home: FeedHome,
): Promise<{ changes: ShardChange[]; positions: Positions }> {
  let positions = withSplits(begun, route.shards);
  let asked = route.shards.filter(({ shardId }) => positions.has(shardId));
  const end = performance.now() + waitMs;
  for (let leftMs = 0; ; ) {
    const batches = await batchesOf(asked, positions, leftMs, home);
    for (const { shardId, batch } of batches) positions.set(shardId, batch.nextIndex);
    const changes = (await Promise.all(batches.map((one) => shown(route, one, home)))).flat();
    if (changes.length > 0) return { changes, positions };
    const before = positions;
    positions = withSplits(before, route.shards);
    // A split was read: the other half is asked at once.
    asked = route.shards.filter(({ shardId }) => positions.has(shardId) && !before.has(shardId));
    leftMs = Math.floor(end - performance.now());
    if (asked.length > 0) leftMs = 0;
    else if (leftMs <= 0) return { changes, positions };
    else asked = route.shards.filter(({ shardId }) => positions.has(shardId));
  }
}

interface ShardBatch {
  readonly shardId: number;
  readonly batch: workerData.ChangeBatch;
}

/** What each shard has; with a wait, what the first has that has something. */
async function batchesOf(
  shards: readonly placement.Shard[],
  positions: Positions,
  waitMs: number,
  home: FeedHome,
): Promise<ShardBatch[]> {
  const others = new AbortController();
  const read = async (shard: placement.Shard): Promise<ShardBatch> => {
    const op = changesOp(positions.get(shard.shardId) ?? 1n, waitMs);
    return { shardId: shard.shardId, batch: await home.read(shard, op, others.signal) };
  };
  try {
    // An entry that changes no point ends a wait, too.
    return waitMs === 0 ? await Promise.all(shards.map(read)) : [await Promise.race(shards.map(read))];
  } finally {
    others.abort();
  }
}

/**
 * The changes of a batch; of those whose point is not in the shard any more, the ones that a split took to another shard and
 * that nothing has changed since: what changed it will be told by its own entry.
 */
async function shown(route: Route, { shardId, batch }: ShardBatch, home: FeedHome): Promise<ShardChange[]> {
  const changes = batch.changes.map(async (change): Promise<ShardChange[]> => {
    if (change.kind !== CHANGE_KIND_MOVED) return [{ shardId, change }];
    const shard = route.shardOf(change.id);
    if (shard.shardId === shardId) return [];
    const get = { $case: 'get', value: workerData.IdBatch.fromPartial({ ids: [change.id] }) } as const;
    const { points } = await askFor(home.ask, shard, get, 'points');
    const point = points.find(({ version }) => version === change.index);
    if (point === undefined) return [];
    return [{ shardId, change: { ...change, kind: workerData.ChangeKind.CHANGE_KIND_UPDATE, point } }];
  });
  return (await Promise.all(changes)).flat();
}

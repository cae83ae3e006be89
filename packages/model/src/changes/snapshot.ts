import { VectronError } from '@vectron/errors';
import { type gateway, placement, workerData } from '@vectron/proto';
import { type AskShard, otherOutcome, type ShardAnswer, type ShardOperation } from '../ask-shard.js';
import type { Route } from '../route.js';
import { pagePoints } from '../selection.js';
import { changeCursor } from './change-cursor.js';

const PREFIX = 's1.';

/** Asks the replica of a shard on one worker. SNAPSHOT_GONE: that worker does not hold the shard. */
export type AskWorker = (shardId: number, worker: number, op: ShardOperation) => Promise<ShardAnswer>;

/** Opens a view of every shard. `of`: whose snapshots are counted together. `close`: of those that were opened when one fails. */
export async function openSnapshot(
  { collection, shards }: Route,
  of: workerData.OpenViewOp,
  ask: AskShard,
  close: AskWorker,
): Promise<gateway.OpenSnapshotResponse> {
  const views: workerData.ShardView[] = [];
  const open = async (shard: placement.Shard) => {
    const { outcome, worker } = await ask(shard, { $case: 'openView', value: of });
    if (outcome.$case !== 'view') throw otherOutcome(outcome);
    views.push({ shardId: shard.shardId, worker, view: outcome.value.view });
    return { shardId: shard.shardId, ...outcome.value };
  };
  const opened = await Promise.allSettled(shards.map(open));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    // What cannot be closed now is when it was not used for its time.
    await closeViews(views, close).catch(() => false);
    throw failed.reason;
  }
  const held = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const token = workerData.SnapshotToken.encode({ collectionId: collection.id, shards: views }).finish();
  return {
    snapshot: PREFIX + Buffer.from(token).toString('base64url'),
    cursor: changeCursor(collection, new Map(held.map(({ shardId, appliedIndex }) => [shardId, appliedIndex + 1n]))),
    points: held.reduce((sum, { points }) => sum + points, 0n),
    expiresAfterMs: Math.min(...held.map(({ idleMs }) => idleMs)),
    shards: held.map(({ shardId, appliedIndex: logIndex }) => ({ shardId, logIndex })),
  };
}

/** What a client sent as the snapshot of a collection. */
export function parseSnapshot(
  text: string,
  { id, name }: Pick<placement.Collection, 'id' | 'name'>,
): readonly workerData.ShardView[] {
  const { collectionId, shards } = decodeToken(text);
  if (collectionId !== id)
    throw new VectronError(
      'SNAPSHOT_GONE',
      `the snapshot belongs to another collection than ${name}; open a new snapshot`,
    );
  return shards;
}

function decodeToken(text: string): workerData.SnapshotToken {
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
  try {
    const token = workerData.SnapshotToken.decode(bytes);
    if (text === PREFIX + bytes.toString('base64url') && token.shards.length > 0) return token;
  } catch {
    // Said below.
  }
  throw VectronError.invalid(
    'snapshot',
    'the snapshot is invalid; use the value from the answer that opened it, unchanged',
  );
}

/** A page of a snapshot. */
export async function pageSnapshot(
  views: readonly workerData.ShardView[],
  request: Parameters<typeof pagePoints>[1],
  ask: AskWorker,
): ReturnType<typeof pagePoints> {
  if (request.orderBy !== undefined) {
    throw VectronError.invalid('order_by', 'a snapshot can only be read in the order of ids; omit order_by');
  }
  const held = new Map(views.map((view) => [view.shardId, view]));
  // Those of the moment: one that was split since is asked for both halves.
  const shards = views.map(({ shardId }) => placement.Shard.fromPartial({ shardId }));
  const asked: AskShard = ({ shardId }, op) => {
    const view = held.get(shardId);
    if (view === undefined || op.$case !== 'scroll') throw new VectronError('INTERNAL', 'a page asks for a view');
    return ask(shardId, view.worker, { $case: 'scroll', value: { ...op.value, view: view.view } });
  };
  return pagePoints({ shards }, request, asked);
}

/** Closes what `find` gives, unless that is gone already; whether any of it was open. */
export async function closeSnapshot(
  find: () => Promise<readonly workerData.ShardView[]>,
  ask: AskWorker,
): Promise<boolean> {
  return (await unlessGone(async () => closeViews(await find(), ask))) ?? false;
}

async function closeViews(views: readonly workerData.ShardView[], ask: AskWorker): Promise<boolean> {
  const close = ({ shardId, worker, view }: workerData.ShardView) =>
    unlessGone(async () => {
      const { outcome } = await ask(shardId, worker, { $case: 'closeView', value: { view } });
      if (outcome.$case !== 'written') throw otherOutcome(outcome);
      return outcome.value.affected > 0;
    });
  return (await Promise.all(views.map(close))).some((one) => one === true);
}

async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VectronError && error.code === 'SNAPSHOT_GONE') return undefined;
    throw error;
  }
}

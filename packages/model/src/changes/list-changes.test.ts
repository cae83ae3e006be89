import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { placement, workerData } from '@vectron/proto';
import { Route } from '../route.js';
import { changeCursor } from './change-cursor.js';
import { type FeedHome, listChanges } from './list-changes.js';

const ID = '0b9ac7f8-53c5-4f2b-9d3b-3d1f0a6b8a11';

/** A shard whose log has an entry a number, each of which writes the point of its name. */
interface Log {
  readonly shardId: number;
  readonly splitFrom?: number;
  /** Its log begins after this. */
  readonly splitIndex?: number;
  /** The oldest entry that is kept. */
  readonly kept: number;
  readonly last: number;
}

function collectionOf(logs: readonly Log[]): { route: Route; home: FeedHome } {
  const shards = logs.map(({ shardId, splitFrom = 0, splitIndex = 0 }) =>
    placement.Shard.fromPartial({ shardId, splitFromShardId: splitFrom, splitIndex: BigInt(splitIndex) }),
  );
  const route = new Route(placement.Collection.fromPartial({ id: ID, name: 'papers', shards }));
  const home: FeedHome = {
    ask: () => Promise.reject(new Error('no point was moved')),
    read: async ({ shardId }, { fromIndex, now }) => {
      const log = logs.find((one) => one.shardId === shardId) as Log;
      const next = BigInt(log.last + 1);
      if (now) return workerData.ChangeBatch.fromPartial({ nextIndex: next });
      if (fromIndex < log.kept) {
        throw Object.assign(new VectronError('CHANGES_GONE', 'cut'), { leader: 0, firstIndex: BigInt(log.kept) });
      }
      if (fromIndex > next) throw new VectronError('INVALID_ARGUMENT', 'beyond the log');
      const changes = Array.from({ length: Number(next - fromIndex) }, (_, at) =>
        workerData.Change.fromPartial({ index: fromIndex + BigInt(at), id: `${shardId}-${fromIndex + BigInt(at)}` }),
      );
      return { changes, nextIndex: next };
    },
  };
  return { route, home };
}

/** A shard that was split twice, and a half of its half. */
const LOGS: readonly Log[] = [
  { shardId: 1, kept: 3, last: 30 },
  { shardId: 2, splitFrom: 1, splitIndex: 10, kept: 11, last: 25 },
  { shardId: 3, splitFrom: 1, splitIndex: 20, kept: 21, last: 22 },
  { shardId: 4, splitFrom: 2, splitIndex: 15, kept: 16, last: 18 },
];
const range = (shard: number, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${shard}-${first + at}`);
const asked = { cursor: '', from: '', waitMs: 0 };

async function all(logs: readonly Log[], cursor = ''): Promise<string[]> {
  const { route, home } = collectionOf(logs);
  const told: string[] = [];
  for (let at = cursor; ; ) {
    const { changes, nextCursor } = await listChanges(route, { ...asked, cursor: at }, home);
    if (changes.length === 0) return told;
    told.push(...changes.map(({ change }) => change.id));
    at = nextCursor;
  }
}

const cursorOf = (...positions: [number, number][]) =>
  changeCursor({ id: ID, name: 'papers' }, new Map(positions.map(([shard, index]) => [shard, BigInt(index)])));

it('begins at the oldest change of every shard, and reads each half of a split after what was before it', async () => {
  const told = await all(LOGS);
  expect(new Set(told).size).toBe(told.length);
  expect([...told].sort()).toEqual(
    [...range(1, 3, 30), ...range(2, 11, 25), ...range(3, 21, 22), ...range(4, 16, 18)].sort(),
  );
  expect(told.indexOf('2-11')).toBeGreaterThan(told.indexOf('1-10'));
  expect(told.indexOf('4-16')).toBeGreaterThan(told.indexOf('2-15'));
  // Where the splits themselves are cut away, the halves begin at what they keep.
  const cut = LOGS.map((log) => ({ ...log, kept: Math.min(Math.max(log.kept, 22), log.last + 1) }));
  expect((await all(cut)).sort()).toEqual([...range(1, 22, 30), ...range(2, 22, 25), ...range(3, 22, 22)].sort());
});

it('says what is lost of every shard, splits behind the cursor included, and where it goes on', async () => {
  const cut = LOGS.map((log) => ({ ...log, kept: Math.max(log.kept, 18) }));
  const { route, home } = collectionOf(cut);
  const error = await listChanges(route, { ...asked, cursor: cursorOf([1, 5]) }, home).catch((one) => one);
  expect(error).toMatchObject({ code: 'CHANGES_GONE' });
  const lost = (shardId: number, first: bigint, last: bigint) => ({
    shardId,
    firstLogIndex: first,
    lastLogIndex: last,
  });
  expect(error.details.lost).toEqual({
    cursor: cursorOf([1, 18], [2, 18], [4, 18]),
    shards: [lost(1, 5n, 17n), lost(2, 11n, 17n), lost(4, 16n, 17n)],
  });
  const rest = await all(cut, error.details.lost.cursor);
  expect(rest.sort()).toEqual(
    [...range(1, 18, 30), ...range(2, 18, 25), ...range(3, 21, 22), ...range(4, 18, 18)].sort(),
  );
});

it('gives the cursor of now, and refuses one that no answer gave', async () => {
  const { route, home } = collectionOf(LOGS);
  const now = await listChanges(route, { ...asked, from: 'now' }, home);
  expect(now).toEqual({ changes: [], nextCursor: cursorOf([1, 31], [2, 26], [3, 23], [4, 19]) });
  expect(await all(LOGS, now.nextCursor)).toEqual([]);
  const wrong: [string, RegExp][] = [
    ['nonsense', /not the next_cursor/],
    [cursorOf(), /lacks shard 1/],
    [cursorOf([2, 12]), /before its split/],
    [cursorOf([1, 12], [2, 10]), /before its split/],
    [cursorOf([1, 12], [3, 21]), /before its split/],
    [cursorOf([1, 12], [9, 1]), /no shard 9/],
    [`${cursorOf([1, 12])}.1-13`, /shard 1 twice/],
    [cursorOf([1, 33]), /beyond the log/],
    [`c1.${ID}.1-18446744073709551616`, /no log index/],
  ];
  for (const [cursor, message] of wrong) {
    const error = await listChanges(route, { ...asked, cursor }, home).catch((one) => one);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect(error.details).toEqual({ field: 'cursor' });
  }
  const other = cursorOf([1, 12]).replace('0b9a', '0b9b');
  const remade = listChanges(route, { ...asked, cursor: other }, home);
  await expect(remade).rejects.toMatchObject({ code: 'CHANGES_GONE', details: {} });
});

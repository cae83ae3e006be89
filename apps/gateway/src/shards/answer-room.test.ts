import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import type { AskShard, ShardOperation } from '@vectron/model';
import { placement, workerData } from '@vectron/proto';
import { Stop } from '@vectron/rpc';
import { AnswerRoom } from './answer-room.js';
import { askWithin } from './large-answers.js';

const SOON = { deadlineMs: Date.now() + 600_000 };
/** Everything that can happen without a timer has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

it('lets as many in as there is room for, the others in their order, and one that is larger than the room alone', async () => {
  const room = new AnswerRoom(10);
  const begun: string[] = [];
  const take = async (name: string, bytes: number) => {
    const give = await room.take(bytes, SOON);
    begun.push(name);
    return give;
  };
  const taking = [take('a', 4), take('b', 6), take('c', 1), take('d', 99), take('e', 1)];
  await settled();
  expect(begun).toEqual(['a', 'b']);
  (await taking[1])();
  (await taking[1])();
  await settled();
  // What is small does not pass what is large and waits.
  expect(begun).toEqual(['a', 'b', 'c']);
  (await taking[0])();
  (await taking[2])();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  (await taking[3])();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('refuses who has waited to the deadline, and forgets who has gone; those behind them come in', async () => {
  const room = new AnswerRoom(10);
  const give = await room.take(6, SOON);
  const stop = new Stop();
  const gone = room.take(10, { ...SOON, signal: stop });
  const late = room.take(10, { deadlineMs: 0 });
  const fits = room.take(4, SOON);
  await expect(late).rejects.toMatchObject({ code: 'OVERLOADED', details: { retryAfterMs: 500 } });
  stop.abort();
  await expect(gone).rejects.toMatchObject({ code: 'CANCELLED' });
  (await fits)();
  give();
  (await room.take(10, SOON))();
});

const shard = placement.Shard.fromPartial({ shardId: 1 });
const scroll = (limit: number): ShardOperation => ({
  $case: 'scroll',
  value: { after: '', limit, filter: undefined, orderBy: undefined, idsOnly: false, view: 0n, maxBytes: 9 << 20 },
});
const search: ShardOperation = {
  $case: 'search',
  value: { ...workerData.SearchOp.fromPartial({ k: 5, maxBytes: 9 << 20 }), includePayload: true },
};

/** A shard whose points have so many bytes; `asked`: how much it was to give. */
function shardOf(bytes: number) {
  const asked: number[] = [];
  const ask: AskShard = async (_, op) => {
    const { maxBytes } = op.value as { maxBytes: number };
    asked.push(maxBytes);
    const answer = { appliedIndex: 1n, worker: 1 };
    if (op.$case === 'search') {
      if (5 * bytes > maxBytes) throw new VectronError('ANSWER_TOO_LARGE', 'too large');
      return { ...answer, outcome: { $case: 'search', value: workerData.SearchFound.fromPartial({}) } };
    }
    const count = Math.min(5, Math.max(1, Math.floor(maxBytes / bytes)));
    const points = Array.from({ length: count }, (_, n) => workerData.PointData.fromPartial({ id: `p${n}` }));
    return {
      ...answer,
      outcome: { $case: 'page', value: { points, values: [], keys: [], unindexed: false, more: count < 9 } },
    };
  };
  return { ask, asked };
}

it.each([
  ['a page', scroll(5)],
  ['a search', search],
])('asks for %s that is small at once, and for a large one when there is room for it', async (_, op) => {
  const room = new AnswerRoom(10 << 20);
  const small = shardOf(1_000);
  await askWithin(small.ask, 1, room.lease(SOON))(shard, op);
  expect(small.asked).toEqual([4 << 20]);
  const give = await room.take(10 << 20, SOON);
  const large = shardOf(1 << 20);
  const lease = room.lease(SOON);
  const asking = [1, 2].map(() => askWithin(large.ask, 1, lease)(shard, op));
  await settled();
  expect(large.asked).toEqual([4 << 20, 4 << 20]);
  give();
  await Promise.all(asking);
  expect(large.asked).toEqual([4 << 20, 4 << 20, 9 << 20, 9 << 20]);
  // The request has its room until it ends.
  const next = room.take(2 << 20, SOON);
  lease.end();
  (await next)();
});

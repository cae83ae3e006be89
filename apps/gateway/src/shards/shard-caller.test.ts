import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { Route } from '@vectron/model';
import { placement, workerData } from '@vectron/proto';
import type { SubmitOptions, WorkerTarget } from '@vectron/routing';
import { Stop } from '@vectron/rpc';
import type { Backends } from '../backends.js';
import type { RouteTable } from './routes.js';
import { ShardCaller } from './shard-caller.js';

const POINTS = Buffer.from(
  workerData.ShardOutcome.encode(
    workerData.ShardOutcome.fromPartial({ outcome: { $case: 'points', value: { points: [] } } }),
  ).finish(),
);
const GET = { $case: 'get' as const, value: { ids: ['a'] } };

const route = new Route(
  placement.Collection.fromPartial({
    id: 'c',
    name: 'c',
    shards: [
      {
        shardId: 1,
        lastHash: 0xffff_ffff_ffff_ffffn,
        leaderWorkerId: 'w1',
        replicas: [1, 2].map((number) => ({ workerId: `w${number}`, address: `w${number}:1`, number })),
      },
    ],
  }),
);

/** Workers, some of which answer nothing until they are told to; what they were asked, and what was cancelled. */
function workers(...silent: string[]) {
  const asked: string[] = [];
  const stopped: string[] = [];
  const held: (() => void)[] = [];
  const submit = ({ address }: WorkerTarget, _op: Buffer, { signal }: SubmitOptions) => {
    asked.push(address);
    return new Promise<Buffer>((resolve, reject) => {
      let answered = false;
      const answer = () => {
        answered = true;
        resolve(POINTS);
      };
      if (silent.includes(address)) held.push(answer);
      else answer();
      signal?.addEventListener('abort', () => {
        if (answered) return;
        stopped.push(address);
        reject(new VectronError('CANCELLED', 'stopped'));
      });
    });
  };
  const release = () => {
    for (const answer of held.splice(0)) answer();
  };
  return { asked, stopped, release, backends: { workers: { submit } } as unknown as Backends };
}
const noRoutes = {} as RouteTable;
const options = () => ({ deadlineMs: Date.now() + 5_000 });

describe('hedged reads', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('ask a second replica when the first is slow, take the first answer and stop the other', async () => {
    const { asked, stopped, backends } = workers('w1:1');
    const reading = new ShardCaller(backends, noRoutes, 20).read(route, route.shards[0], GET, options());
    await jest.advanceTimersByTimeAsync(19);
    expect(asked).toEqual(['w1:1']);
    await jest.advanceTimersByTimeAsync(1);
    expect((await reading).worker).toBe(2);
    expect([asked, stopped]).toEqual([['w1:1', 'w2:1'], ['w1:1']]);
  });

  it('are not made when the first is fast, nor without the setting, and are bounded when everything is slow', async () => {
    const fast = workers();
    await new ShardCaller(fast.backends, noRoutes, 50).read(route, route.shards[0], GET, options());
    await jest.advanceTimersByTimeAsync(100);
    expect(fast.asked).toEqual(['w1:1']);
    const off = workers('w1:1');
    const reading = new ShardCaller(off.backends, noRoutes).read(route, route.shards[0], GET, options());
    await jest.advanceTimersByTimeAsync(100);
    off.release();
    await reading;
    expect(off.asked).toEqual(['w1:1']);
    const slow = workers('w1:1', 'w2:1');
    const caller = new ShardCaller(slow.backends, noRoutes, 5);
    const all = Array.from({ length: 100 }, () => caller.read(route, route.shards[0], GET, options()));
    await jest.advanceTimersByTimeAsync(100);
    slow.release();
    await Promise.all(all);
    const hedged = slow.asked.filter((address) => address === 'w2:1').length;
    expect([hedged > 0, hedged <= 20]).toEqual([true, true]);
  });

  it('a caller that goes away stops what is asked for it', async () => {
    const { stopped, backends } = workers('w1:1', 'w2:1');
    const stop = new Stop();
    const asked = new ShardCaller(backends, noRoutes).read(route, route.shards[0], GET, { ...options(), signal: stop });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(stopped).toEqual(['w1:1']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { doInPlaces } from './places.js';

/** Tasks that end when they are told to, and places of which `free` are spare. */
function tasks(free: number) {
  const running = new Map<number, { end: () => void; fail: (cause: Error) => void }>();
  const begun: number[] = [];
  let taken = 0;
  const room = { free };
  return {
    begun,
    running,
    room,
    taken: () => taken,
    spare: () => {
      if (taken >= room.free) return undefined;
      taken += 1;
      return () => {
        taken -= 1;
      };
    },
    task: (at: number) =>
      new Promise<void>((end, fail) => {
        begun.push(at);
        const leave = (how: () => void) => () => {
          running.delete(at);
          how();
        };
        running.set(at, { end: leave(end), fail: (cause) => leave(() => fail(cause))() });
      }),
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the tasks of one request', () => {
  it('are done one after the other where no place is spare', async () => {
    const { task, spare, running, begun } = tasks(0);
    const done = doInPlaces(3, 4, spare, task);
    for (let at = 0; at < 3; at++) {
      await settled();
      expect([...running.keys()]).toEqual([at]);
      running.get(at)?.end();
    }
    await done;
    expect(begun).toEqual([0, 1, 2]);
  });

  it('are done in the places that are spare, which each leaves when it ends, and in no more than were asked for', async () => {
    const { task, spare, running, taken, room } = tasks(9);
    const done = doInPlaces(7, 4, spare, task);
    await settled();
    expect([[...running.keys()], taken()]).toEqual([[0, 1, 2, 3], 3]);
    // Somebody else has taken what was spare.
    room.free = 0;
    running.get(1)?.end();
    running.get(2)?.end();
    await settled();
    expect([[...running.keys()], taken()]).toEqual([[0, 3], 1]);
    // Its own place goes on, and looks for others each time.
    running.get(0)?.end();
    await settled();
    expect([...running.keys()]).toEqual([3, 4]);
    room.free = 9;
    running.get(4)?.end();
    await settled();
    expect([[...running.keys()], taken()]).toEqual([[3, 5, 6], 2]);
    for (const { end } of [...running.values()]) end();
    await done;
    expect(taken()).toBe(0);
  });

  it('end with the first failure, at once; no other is begun, and those that run leave their places', async () => {
    const { task, spare, running, taken, begun } = tasks(2);
    const done = doInPlaces(9, 4, spare, task);
    const failed = expect(done).rejects.toThrow('no');
    await settled();
    running.get(1)?.fail(new Error('no'));
    await failed;
    for (const { end } of [...running.values()]) end();
    await settled();
    expect([begun, taken()]).toEqual([[0, 1, 2], 0]);
  });
});

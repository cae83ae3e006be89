import { describe, expect, it } from '@jest/globals';
import { inOrder, type Piece } from './in-order.js';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Pieces named 0, 1 and so on, with these keys, which end when they are told to. */
function work(keys: readonly string[][], endsWith?: Error) {
  const running = new Map<number, () => void>();
  const begun: number[] = [];
  const seen = { asked: 0, ended: false };
  async function* pieces(): AsyncGenerator<Piece<number>> {
    try {
      for (const [at, own] of keys.entries()) {
        seen.asked += 1;
        yield {
          keys: own,
          run: () =>
            new Promise((end) => {
              begun.push(at);
              running.set(at, () => {
                running.delete(at);
                end(at);
              });
            }),
        };
      }
      if (endsWith !== undefined) throw endsWith;
    } finally {
      seen.ended = true;
    }
  }
  const end = async (...these: number[]) => {
    for (const at of these) running.get(at)?.();
    await settled();
  };
  return { pieces: pieces(), running, begun, seen, end };
}
/** Takes what it is given, without end. */
function take(given: AsyncIterable<number>) {
  const taken: number[] = [];
  const done = (async () => {
    for await (const one of given) taken.push(one);
  })();
  done.catch(() => {});
  return { taken, done };
}
const apart = (count: number) => Array.from({ length: count }, (_, at) => [String(at)]);

describe('pieces of a stream of work', () => {
  it('are done a few at once, and given in their order', async () => {
    const { pieces, running, end } = work(apart(6));
    const { taken, done } = take(inOrder(pieces, 3));
    await settled();
    expect([...running.keys()]).toEqual([0, 1, 2]);
    await end(2, 1);
    // What was not given yet has its place.
    expect([taken, [...running.keys()]]).toEqual([[], [0]]);
    await end(0);
    expect([taken, [...running.keys()]]).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    await end(5, 4, 3);
    await done;
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('wait for earlier ones that have a key in common, and for no others', async () => {
    const { pieces, running, begun, end } = work([['a', 'b'], ['c'], ['b', 'c'], ['a'], ['d'], ['c', 'd']]);
    const { taken, done } = take(inOrder(pieces, 9));
    await settled();
    expect(begun).toEqual([0, 1, 4]);
    await end(0);
    expect(begun).toEqual([0, 1, 4, 3]);
    await end(1);
    expect(begun).toEqual([0, 1, 4, 3, 2]);
    await end(4);
    expect([...running.keys()]).toEqual([3, 2]);
    await end(2);
    await end(5, 3);
    await done;
    expect(taken).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are not asked for while nobody takes what became of the others', async () => {
    const { pieces, seen, end } = work(apart(100));
    const given = inOrder(pieces, 4);
    const first = given.next();
    await settled();
    await end(0, 1, 2, 3);
    expect(await first).toEqual({ done: false, value: 0 });
    await settled();
    expect(seen.asked).toBe(4);
    expect(await given.next()).toEqual({ done: false, value: 1 });
    await settled();
    expect(seen.asked).toBe(5);
    await given.return();
    await settled();
    expect(seen.ended).toBe(true);
  });

  it('that were begun are given before the failure of what they come from', async () => {
    const { pieces, end } = work(apart(2), new Error('no more'));
    const { taken, done } = take(inOrder(pieces, 5));
    await settled();
    await end(1);
    expect(taken).toEqual([]);
    await end(0);
    await expect(done).rejects.toThrow('no more');
    expect(taken).toEqual([0, 1]);
  });

  it('end what they come from when nobody reads on, after each of them', async () => {
    for (let stop = 1; stop <= 5; stop++) {
      const { pieces, seen, running, end } = work(apart(9));
      const taken: number[] = [];
      const done = (async () => {
        for await (const one of inOrder(pieces, 2)) {
          taken.push(one);
          if (taken.length === stop) break;
        }
      })();
      for (let at = 0; at < 9; at++) {
        await settled();
        await end(at);
      }
      await done;
      await end(...running.keys());
      await settled();
      expect([taken.length, seen.ended, running.size]).toEqual([stop, true, 0]);
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { StreamWindows } from './stream-window.js';

/** Whether there is room for the next batch of a stream now. */
async function isOpen(window: { room(stopped: () => boolean): Promise<void> }): Promise<boolean> {
  let open = false;
  void window.room(() => false).then(() => {
    open = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return open;
}

describe('the window of streams', () => {
  it('is shut for a stream that has its bytes in memory, until a batch has ended', async () => {
    const window = new StreamWindows({ stream: 10, tenant: 100 }).open('ann');
    expect(await isOpen(window)).toBe(true);
    const first = window.take(9);
    expect(await isOpen(window)).toBe(true);
    const second = window.take(50);
    const next = window.room(() => false);
    expect(await isOpen(window)).toBe(false);
    second();
    await next;
    expect(await isOpen(window)).toBe(true);
    first();
  });

  it('is shut for all streams of a tenant that have its bytes, but for those that have no batch, and not for others', async () => {
    const windows = new StreamWindows({ stream: 10, tenant: 20 });
    const [one, two, idle, other] = ['ann', 'ann', 'ann', 'bob'].map((tenant) => windows.open(tenant));
    const leave = one.take(9);
    two.take(5);
    expect([await isOpen(one), await isOpen(two)]).toEqual([true, true]);
    two.take(6);
    other.take(9);
    const next = one.room(() => false);
    expect(await Promise.all([one, idle, other].map(isOpen))).toEqual([false, true, true]);
    idle.take(1);
    expect(await isOpen(idle)).toBe(false);
    // The end of a batch of one stream is told to the others.
    leave();
    await next;
    expect(await isOpen(idle)).toBe(true);
  });

  it('counts batches that outlive their stream, and is told to those who wait when a stream is to stop', async () => {
    const windows = new StreamWindows({ stream: 10, tenant: 10 });
    const [one, two] = [windows.open('ann'), windows.open('ann')];
    const leave = one.take(10);
    two.take(1);
    one.close();
    expect(await isOpen(two)).toBe(false);
    let stopped = false;
    const stopping = two.room(() => stopped);
    stopped = true;
    two.wake();
    await stopping;
    leave();
    expect(await isOpen(two)).toBe(true);
  });
});

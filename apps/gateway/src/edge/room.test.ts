import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Room } from './room.js';

const OVERLOADED = expect.objectContaining({ code: 'OVERLOADED', details: { retryAfterMs: expect.any(Number) } });
const WAIT_MS = 1_000;

type Entered = ReturnType<Room['enter']>;
type Release = () => void;

/** What became of one that entered: how it stands, and how it ends. */
function follow(entered: Entered) {
  const one: { state: 'running' | 'waiting' | 'refused'; release?: Release; error?: unknown } = { state: 'waiting' };
  if (entered instanceof Promise) {
    entered.then(
      (release) => Object.assign(one, { state: 'running', release }),
      (error: unknown) => Object.assign(one, { state: 'refused', error }),
    );
  } else Object.assign(one, { state: 'running', release: entered });
  return one;
}
const states = (all: readonly ReturnType<typeof follow>[]) => all.map(({ state }) => state);

describe('a room that is full', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  const full = (tenant = 'ann') => {
    jest.useFakeTimers({ now: 1_000_000 });
    const room = new Room('manage', 16, WAIT_MS);
    return { room, held: Array.from({ length: 12 }, () => room.enter(tenant) as Release) };
  };
  const settle = () => jest.advanceTimersByTimeAsync(0);

  it('lets those who wait begin in their order, as others end', async () => {
    const { room, held } = full();
    const later = Array.from({ length: 3 }, () => follow(room.enter('ann')));
    await settle();
    expect(states(later)).toEqual(['waiting', 'waiting', 'waiting']);
    held[0]();
    held[1]();
    await settle();
    expect(states(later)).toEqual(['running', 'running', 'waiting']);
    // Nobody overtakes who waits.
    later[0].release?.();
    const last = follow(room.enter('ann'));
    await settle();
    expect(states([...later, last])).toEqual(['running', 'running', 'running', 'waiting']);
  });

  it('refuses who has waited for as long as is allowed, or whose deadline has come', async () => {
    const { room, held } = full();
    const patient = follow(room.enter('ann'));
    const hurried = follow(room.enter('ann', { deadlineMs: Date.now() + 100 }));
    await jest.advanceTimersByTimeAsync(200);
    expect(states([patient, hurried])).toEqual(['waiting', 'refused']);
    await jest.advanceTimersByTimeAsync(WAIT_MS);
    expect(patient.error).toEqual(OVERLOADED);
    expect(hurried.error).toEqual(OVERLOADED);
    expect(jest.getTimerCount()).toBe(0);
    held[0]();
    expect(follow(room.enter('ann')).state).toBe('running');
  });

  it('refuses at once who could not begin in time, as fast as the line moves', async () => {
    const { room, held } = full();
    const line = Array.from({ length: 30 }, () => follow(room.enter('ann')));
    // One ends each 100 ms: ten in a second, and some of those who wait are too many.
    for (let at = 0; at < 6; at++) {
      await jest.advanceTimersByTimeAsync(100);
      held[at]();
    }
    await settle();
    expect(states(line).filter((state) => state === 'running')).toHaveLength(6);
    // With 24 in front of it.
    expect(room.refusal('ann')).toMatchObject({ code: 'OVERLOADED', details: { retryAfterMs: 2_500 } });
    // Another tenant has a turn of its own, and would be served soon.
    expect(room.refusal('bob')).toBeUndefined();
  });

  it('lets wait who comes when nobody does, however slow the line was that ended a while ago', async () => {
    const { room, held } = full();
    const first = follow(room.enter('ann'));
    held[0]();
    await settle();
    expect(first.state).toBe('running');
    // Nobody has waited since.
    await jest.advanceTimersByTimeAsync(1_600);
    expect(room.refusal('ann')).toBeUndefined();
    expect(follow(room.enter('ann')).state).toBe('waiting');
  });

  it('does not begin the work of who has gone', async () => {
    const { room, held } = full();
    let gone = false;
    const left = follow(room.enter('ann', { isGone: () => gone }));
    const stays = follow(room.enter('ann'));
    gone = true;
    // Without a turn of its own: others may take long.
    await jest.advanceTimersByTimeAsync(100);
    expect(left.state).toBe('refused');
    held[0]();
    await settle();
    expect(left.error).toEqual(expect.objectContaining({ code: 'CANCELLED' }));
    expect(stays.state).toBe('running');
  });

  it('keeps no more bytes of those who wait than it may, and leaves some to others', () => {
    const { room } = full();
    const bytes = 32 << 20;
    for (let at = 0; at < 3; at++) follow(room.enter('ann', { bytes }));
    expect(room.refusal('ann', { bytes })).toEqual(OVERLOADED);
    for (let at = 0; at < 8; at++) follow(room.enter('bob'));
    expect(room.refusal('bob', { bytes })).toBeUndefined();
  });

  it('takes tenants in turns: one with a long line does not make the others wait for all of it', async () => {
    const { room, held } = full('greedy');
    const greedy = Array.from({ length: 40 }, () => follow(room.enter('greedy')));
    for (const release of held.slice(0, 8)) release();
    const quiet = Array.from({ length: 10 }, () => follow(room.enter('quiet')));
    await settle();
    expect(states(quiet).filter((state) => state === 'running')).toHaveLength(4);
    // All of what becomes free, until it has its half.
    for (const release of held.slice(8)) release();
    await settle();
    expect(states(quiet).filter((state) => state === 'running')).toHaveLength(8);
    expect(states(greedy).filter((state) => state === 'running')).toHaveLength(8);
  });

  it('lets as many in as ever when they take long: others may keep the machine busy', async () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const room = new Room('read', 64, WAIT_MS);
    for (let at = 0; at < 20; at++) (room.enter('ann') as Release)();
    for (let round = 0; round < 12; round++) {
      const held = Array.from({ length: 48 }, () => follow(room.enter('ann')));
      expect(states(held)).toEqual(held.map(() => 'running'));
      await jest.advanceTimersByTimeAsync(3_000);
      for (const { release } of held) release?.();
    }
  });

  it('lets all wait who come at once, until it can be told how fast they are served', async () => {
    const { room, held } = full();
    const line = Array.from({ length: 1_000 }, () => follow(room.enter('ann')));
    // The first one that ends was slow, and says nothing of the others.
    await jest.advanceTimersByTimeAsync(100);
    held[0]();
    line.push(follow(room.enter('ann')));
    for (const release of held.slice(1)) release();
    for (let served = 1; served < line.length; served = states(line).filter((state) => state !== 'waiting').length) {
      await jest.advanceTimersByTimeAsync(5);
      for (const one of line) {
        one.release?.();
        one.release = undefined;
      }
    }
    expect(states(line)).toEqual(line.map(() => 'running'));
  });

  it('keeps a part of the time that is left until a deadline for the work', async () => {
    const { room, held } = full();
    const begun = follow(room.enter('ann', { deadlineMs: Date.now() + 400 }));
    const late = follow(room.enter('ann', { deadlineMs: Date.now() + 400 }));
    const longer = follow(room.enter('ann', { waitMs: 10 * WAIT_MS }));
    await jest.advanceTimersByTimeAsync(250);
    held[0]();
    await jest.advanceTimersByTimeAsync(100);
    expect(states([begun, late])).toEqual(['running', 'refused']);
    // The budget that a request names is its own, whatever others have.
    await jest.advanceTimersByTimeAsync(5 * WAIT_MS);
    held[1]();
    await settle();
    expect(longer.state).toBe('running');
  });
});

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Admission } from './admission.js';
import type { WorkKind } from './room.js';

const OVERLOADED = expect.objectContaining({ code: 'OVERLOADED', details: { retryAfterMs: expect.any(Number) } });
const AT_ONCE = { read: 0, write: 0, manage: 0 };
const limits = { read: 16, write: 16, watch: 4, manage: 4 };
const enter = (admission: Admission, kind: WorkKind, tenant: string) => admission.enter(kind, tenant) as () => void;
const refused = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

afterEach(() => {
  jest.restoreAllMocks();
});

describe('admission', () => {
  it('refuses what does not fit where nobody may wait, and takes it when there is room again', () => {
    const admission = new Admission(limits, AT_ONCE);
    const held = Array.from({ length: 12 }, () => enter(admission, 'read', 'ann'));
    expect(refused(() => enter(admission, 'read', 'ann'))).toEqual(OVERLOADED);
    expect(admission.refusal('read', 'ann')).toEqual(OVERLOADED);
    // Other work has room of its own, and a release counts once.
    enter(admission, 'write', 'ann')();
    held[0]();
    held[0]();
    enter(admission, 'read', 'ann');
    expect(refused(() => enter(admission, 'read', 'ann'))).toEqual(OVERLOADED);
  });

  it('leaves room for another tenant, and divides it when several are active', () => {
    const admission = new Admission(limits, AT_ONCE);
    const noisy = Array.from({ length: 12 }, () => enter(admission, 'read', 'noisy'));
    expect(admission.refusal('read', 'noisy')).toEqual(OVERLOADED);
    const quiet = Array.from({ length: 4 }, () => enter(admission, 'read', 'quiet'));
    for (const release of noisy) release();
    const half = Array.from({ length: 8 }, () => enter(admission, 'read', 'noisy'));
    expect(admission.refusal('read', 'noisy')).toEqual(OVERLOADED);
    expect(admission.refusal('read', 'quiet')).toBeUndefined();
    for (const release of [...quiet, ...half]) release();
  });

  it('counts what an account and a key hold open, and leaves the rest to others', () => {
    const quota = (who: string) =>
      expect.objectContaining({ code: 'QUOTA_EXCEEDED', message: expect.stringContaining(who) });
    const admission = new Admission({ ...limits, watch: 100 }, AT_ONCE, undefined, { tenant: 3, key: 2 });
    const held = [admission.keepOpen('ann', 'a'), admission.keepOpen('ann', 'a')];
    expect(refused(() => admission.keepOpen('ann', 'a'))).toEqual(quota('key'));
    held.push(admission.keepOpen('ann', 'b'));
    expect(refused(() => admission.keepOpen('ann', 'c'))).toEqual(quota('account'));
    admission.keepOpen('bob', 'd')();
    // Given back once, however often it is said.
    held[0]();
    held[0]();
    admission.keepOpen('ann', 'a');
    expect(refused(() => admission.keepOpen('ann', 'a'))).toEqual(quota('account'));
  });

  it('lets fewer in when they take longer than on a quiet server, and more when they do not', () => {
    let now = Date.now();
    for (const clock of [Date, performance]) jest.spyOn(clock, 'now').mockImplementation(() => now);
    const admission = new Admission({ ...limits, read: 64 }, AT_ONCE);
    const run = (ms: number, atOnce: number) => {
      const releases: (() => void)[] = [];
      for (let at = 0; at < atOnce; at++) {
        if (admission.refusal('read', 'ann') === undefined) releases.push(enter(admission, 'read', 'ann'));
      }
      now += ms;
      for (const release of releases) release();
      return releases.length;
    };
    for (let at = 0; at < 20; at++) run(5, 1);
    const before = run(5, 64);
    for (let at = 0; at < 12; at++) run(110, 64);
    const under = run(5, 64);
    expect(before).toBe(48);
    expect(under).toBeLessThan(20);
    for (let at = 0; at < 150; at++) run(5, 64);
    expect(run(5, 64)).toBeGreaterThan(under);
  });
});

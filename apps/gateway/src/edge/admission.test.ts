import { describe, expect, it } from '@jest/globals';
import { Admission, HeldRequests } from './admission.js';
import type { WorkKind } from './work-kind.js';

const OVERLOADED = expect.objectContaining({ code: 'OVERLOADED', details: { retryAfterMs: expect.any(Number) } });
const AT_ONCE = { read: 0, scan: 0, write: 0, bulk: 0, manage: 0 };
const limits = { read: 16, scan: 4, write: 16, bulk: 4, watch: 4, manage: 4 };
const enter = (admission: Admission, kind: WorkKind, tenant: string) => admission.enter(kind, tenant) as () => void;
const refused = (work: () => unknown) => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
};

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
    const admission = new HeldRequests(100, undefined, { tenant: 3, key: 2 });
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

  it('has room of its own for reads that take long', () => {
    const admission = new Admission(limits, AT_ONCE);
    const held = Array.from({ length: 3 }, () => enter(admission, 'scan', 'ann'));
    expect(refused(() => enter(admission, 'scan', 'ann'))).toEqual(OVERLOADED);
    for (const release of Array.from({ length: 12 }, () => enter(admission, 'read', 'ann'))) release();
    // Its next read may be one of those.
    Array.from({ length: 12 }, () => enter(admission, 'read', 'ann'));
    expect(refused(() => enter(admission, 'read', 'ann'))).toEqual(OVERLOADED);
    expect(admission.refusal('read', 'ann')).toBeUndefined();
    for (const release of held) release();
  });
});

import { describe, expect, it } from '@jest/globals';
import { Incoming } from './incoming.js';

const NOW = 1_000_000;

/** `each` bodies of each tenant begin to come, and some of each have come a second later. */
function crowd(isBusy: boolean, tenants: readonly string[], each: number, come: number): Incoming {
  const incoming = new Incoming(
    () => isBusy,
    () => NOW,
  );
  for (const tenant of tenants) {
    const bodies = Array.from({ length: each + come }, () => incoming.begin(tenant));
    for (const whole of bodies.slice(0, come)) whole(true);
  }
  return incoming;
}

describe('bodies that are on their way', () => {
  it('say how long the next one takes, while the thread that reads them has no idle time', () => {
    const incoming = crowd(true, ['ann'], 99, 50);
    expect(incoming.expectedMs('ann', NOW + 1_000)).toBeCloseTo(2_000);
    expect(crowd(false, ['ann'], 99, 50).expectedMs('ann', NOW + 1_000)).toBeUndefined();
  });

  it('say nothing of a tenant that sends little, and of several that all come as fast', () => {
    const incoming = crowd(true, ['ann', 'bob'], 49, 25);
    expect(incoming.expectedMs('eve', NOW + 1_000)).toBeUndefined();
    expect(incoming.expectedMs('ann', NOW + 1_000)).toBeCloseTo(1_980);
  });

  it('are counted until they have come, or will not, and once', () => {
    const incoming = new Incoming(
      () => true,
      () => NOW,
    );
    const bodies = Array.from({ length: 64 }, () => incoming.begin('ann'));
    for (const end of bodies.slice(0, 40)) {
      end(true);
      end(false);
    }
    expect(incoming.expectedMs('ann', NOW + 1_000)).toBeUndefined();
    const more = Array.from({ length: 16 }, () => incoming.begin('ann'));
    expect(incoming.expectedMs('ann', NOW + 1_000)).toBeCloseTo((41 * 1_000) / 40);
    for (const end of [...bodies, ...more]) end(false);
    expect(incoming.expectedMs('ann', NOW + 1_000)).toBeUndefined();
  });
});

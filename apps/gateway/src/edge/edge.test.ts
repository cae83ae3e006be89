import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rateLimiter } from './edge.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** How many of ten requests of each of `keys` keys of an account are let through at once. */
async function through(limits: { rateLimit: number; tenantRateLimit: number }, keys: number): Promise<number[]> {
  const limiter = rateLimiter({ rateBurst: 0, ...limits });
  const counts: number[] = [];
  for (let key = 0; key < keys; key++) {
    let passed = 0;
    for (let request = 0; request < 10; request++) {
      await limiter?.consume({ apiKeyId: `key-${key}`, userId: 'ann', tenantId: 'ann' }).then(
        () => {
          passed += 1;
        },
        (refused) =>
          expect(refused).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: expect.any(Number) } }),
      );
    }
    counts.push(passed);
  }
  // Another account has all of its own.
  await limiter?.consume({ apiKeyId: '', userId: 'bob', tenantId: 'bob' });
  return counts;
}

describe('the rate of requests', () => {
  it('is what all keys of an account have together', async () => {
    // Two a second, and two beyond after a pause.
    expect(await through({ rateLimit: 2, tenantRateLimit: 0 }, 3)).toEqual([4, 0, 0]);
  });

  it('may be more for an account than for a key', async () => {
    expect(await through({ rateLimit: 2, tenantRateLimit: 4 }, 3)).toEqual([4, 4, 0]);
  });

  it('may be limited for accounts alone, or not at all', async () => {
    expect(await through({ rateLimit: 0, tenantRateLimit: 3 }, 2)).toEqual([6, 0]);
    expect(rateLimiter({ rateLimit: 0, rateBurst: 0, tenantRateLimit: 0 })).toBeUndefined();
  });
});

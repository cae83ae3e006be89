import { describe, expect, it } from '@jest/globals';
import { Strangers } from './strangers.js';

describe('wrong tokens by address', () => {
  it('are looked at until there are too many of one address, and again after a while', () => {
    let nowMs = 0;
    const strangers = new Strangers(() => nowMs);
    const looked = () => {
      let count = 0;
      try {
        for (; count < 10_000; count += 1) {
          strangers.check('192.0.2.1');
          strangers.failed('192.0.2.1');
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterMs: 5 } });
      }
      return count;
    };
    expect(looked()).toBe(1_000);
    expect(() => strangers.check('192.0.2.2')).not.toThrow();
    expect(() => strangers.check('')).not.toThrow();
    nowMs += 1_000;
    expect(looked()).toBe(200);
    nowMs += 3_600_000;
    expect(looked()).toBe(1_000);
  });
});

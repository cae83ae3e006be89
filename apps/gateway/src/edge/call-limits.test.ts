import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { deadlineOf } from './call-limits.js';

beforeEach(() => {
  jest.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  jest.useRealTimers();
});

it('counts the budget of a request from when it came, and keeps to the deadline of its caller', () => {
  expect(deadlineOf(2_000, {})).toBe(1_002_000);
  // It has waited for 1.5 s.
  expect(deadlineOf(2_000, { arrivedMs: 998_500 })).toBe(1_000_500);
  expect(deadlineOf(2_000, { arrivedMs: 998_500, deadlineMs: 1_000_200 })).toBe(1_000_190);
  expect(deadlineOf(2_000, { arrivedMs: 998_500, deadlineMs: 1_900_000 })).toBe(1_000_500);
});

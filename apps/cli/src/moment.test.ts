import { expect, it } from '@jest/globals';
import { moment } from './moment.js';

const NOW = Date.parse('2026-12-01T00:00:00Z');

it.each([
  ['30m', '2026-12-01T00:30:00.000Z'],
  ['12h', '2026-12-01T12:00:00.000Z'],
  ['7d', '2026-12-08T00:00:00.000Z'],
  ['2027-01-31', '2027-01-31T00:00:00.000Z'],
  ['2027-01-31T12:30:00Z', '2027-01-31T12:30:00.000Z'],
])('reads %s', (text, expected) => {
  expect(moment(text, 'expires', NOW)?.toISOString()).toBe(expected);
});

it.each(['', '7', '7w', '-7d', '7.5d', '1234567d', 'tomorrow', '2027', '2027-13-01', '31.1.2027'])(
  'refuses %j, naming the flag',
  (text) => {
    const wrong = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('--expires must be like 30m, 12h, 7d') };
    expect(() => moment(text, 'expires', NOW)).toThrow(expect.objectContaining(wrong));
  },
);

it.each(['0d', '2026-12-01', '2020-01-01'])('refuses %s, which is not in the future', (text) => {
  expect(() => moment(text, 'expires', NOW)).toThrow('--expires is not in the future');
});

it('leaves out what was not given', () => {
  expect(moment(undefined, 'expires', NOW)).toBeUndefined();
});

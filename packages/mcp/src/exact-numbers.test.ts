import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { exactIn, exactOut } from './exact-numbers.js';

/** JSON as payloads have it, with keys that look like the form, and integers of up to 64 bits. */
const { payload } = fc.letrec((tie) => ({
  payload: fc.dictionary(fc.constantFrom('a', '$number', '$$number', '$$$number', '__proto__', 'b.c'), tie('value'), {
    maxKeys: 3,
    noNullPrototype: false,
  }),
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.string(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((one) => {
      return Number.isSafeInteger(Number(one)) ? Number(one) : one;
    }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0) && Math.abs(one) < 2 ** 53),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('payload'),
  ),
}));

describe('numbers on their way through readers of doubles', () => {
  it('come back as they were, through JSON text that has no integer beyond 2^53', () => {
    fc.assert(
      fc.property(payload, (value) => {
        const text = JSON.stringify(exactOut(value));
        expect(exactIn(JSON.parse(text))).toEqual(value);
      }),
    );
  });

  it('are written so that nobody rounds them', () => {
    expect(exactOut({ a: 2n ** 53n + 1n, b: 7n, c: 1e20, d: 0.5, e: { $number: 'x' } })).toEqual({
      a: { $number: '9007199254740993' },
      b: 7,
      c: { $number: '100000000000000000000' },
      d: 0.5,
      e: { $$number: 'x' },
    });
  });

  it.each([
    [{ a: { b: [1, 2 ** 53] } }, 'a.b[1]'],
    [{ a: { $number: 5 } }, 'a'],
    [{ a: { $number: '0x10' } }, 'a'],
    [{ a: { $number: '1e999' } }, 'a'],
    [{ a: { $number: '9'.repeat(500) } }, 'a'],
  ])('refuse %j at its place', (value, field) => {
    expect(() => exactIn(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field } }));
  });

  it('refuse what nests deeper than a stack may', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(() => exactIn({ deep })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

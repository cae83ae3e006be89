import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fit, jsonBytes } from './answer.js';

const entry = fc.record({
  id: fc.string({ minLength: 1, maxLength: 20 }),
  payload: fc.dictionary(
    fc.string({ maxLength: 10 }),
    fc.oneof(fc.string({ maxLength: 9_000, unit: 'grapheme' }), fc.bigInt()),
  ),
});

it('an answer keeps within its bytes, has the first entries, and says what it has not', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.integer({ min: 16_384, max: 40_000 }), (entries, maxBytes) => {
      const frame = { complete: true };
      const { entries: kept, cut } = fit(frame, entries, maxBytes, 'ask for less');
      expect(jsonBytes({ ...frame, entries: kept, cut })).toBeLessThanOrEqual(maxBytes);
      expect(kept.map(({ id }) => id)).toEqual(entries.slice(0, kept.length).map(({ id }) => id));
      expect(cut?.omitted ?? 0).toBe(entries.length - kept.length);
      if (cut === undefined) expect(kept).toEqual(entries);
      else expect(kept.length > 0 || cut.omitted > 0).toBe(true);
    }),
    { numRuns: 50 },
  );
});

it('of one entry that is too large the strings are shortened, or all but the id is left out', () => {
  const long = { id: 'a', payload: { text: 'x'.repeat(20_000), size: 3 } };
  expect(fit({}, [long], 16_384, 'h')).toEqual({
    entries: [{ id: 'a', shortened: true, payload: { text: expect.stringMatching(/^x{300}…/), size: 3 } }],
    cut: { omitted: 0, shortened: 1, hint: 'h' },
  });
  const wide = { id: 'a', payload: { list: Array.from({ length: 20_000 }, (_, at) => at) } };
  expect(fit({}, [wide, long], 16_384, 'h')).toEqual({
    entries: [{ id: 'a', shortened: true }],
    cut: { omitted: 1, shortened: 1, hint: 'h' },
  });
});

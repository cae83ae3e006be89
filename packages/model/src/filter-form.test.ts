import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Filter, filterJson, filterMessage } from './index.js';

const scalar = fc.oneof(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger(), fc.boolean(), fc.constant(0.5));
const bounds = <T>(value: fc.Arbitrary<T>) =>
  fc.record({ gt: value, gte: value, lt: value, lte: value }, { requiredKeys: ['gte'] });
const test = fc.oneof(
  fc.record({ in: fc.array(scalar) }),
  fc.record({ notIn: fc.array(scalar) }),
  bounds(fc.constantFrom(-1.5, 0, 1, 2 ** 40)),
  bounds(fc.constantFrom('2026-01-01', '2026-01-01T00:00:00Z')),
  fc.constant({ geoRadius: { center: { lat: 0, lon: -8.5 }, meters: 10 } }),
  fc.constant({ geoBox: { north: 1, west: 170, south: 0, east: -170 } }),
  fc.record({ prefix: fc.string({ unit: 'grapheme' }) }),
  fc.record({ text: fc.constant('words') }),
  fc.record({ phrase: fc.constant('words in a row') }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ isNull: fc.boolean() }),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    test.map((one) => ({ field: 'a.b', ...one }) as Filter),
    fc.record({ ids: fc.array(fc.string({ unit: 'grapheme' })) }),
    fc.record({ all: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ none: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ nested: fc.record({ path: fc.constant('list'), filter: tie('filter') }) }),
  ),
}));

it('gives the filter that its message was made of', () => {
  fc.assert(fc.property(filter, (json) => expect(filterJson(filterMessage(json))).toEqual(json)));
});

it('writes one value as a list of it, which is the same filter', () => {
  expect(filterJson(filterMessage({ field: 'a', eq: 'x' }))).toEqual({ field: 'a', in: ['x'] });
});

it('keeps bounds that a double cannot hold', () => {
  const value = { gteExact: { value: { $case: 'integer', value: 2n ** 60n } } } as const;
  const message = { condition: { $case: 'field', value: { path: 'a', test: { $case: 'number', value } } } } as never;
  expect(filterJson(message)).toEqual({ field: 'a', gte: 2n ** 60n });
});

it('refuses messages that hold nothing', () => {
  const invalid = { code: 'INVALID_ARGUMENT', details: { field: 'filter' } };
  const thrown = (call: () => unknown) => {
    try {
      return call();
    } catch (error) {
      return error;
    }
  };
  expect(filterJson({ condition: undefined })).toEqual({});
  const inner = { condition: { $case: 'all', value: { filters: [{ condition: undefined }] } } } as const;
  expect(thrown(() => filterJson(inner as never))).toMatchObject(invalid);
  const untested = { condition: { $case: 'field', value: { path: 'a', test: undefined } } } as const;
  expect(thrown(() => filterJson(untested))).toMatchObject(invalid);
});

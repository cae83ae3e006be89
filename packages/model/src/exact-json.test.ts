import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeDocument } from './document.js';
import { parseJson, parseTrustedJson, stringifyJson } from './exact-json.js';
import { filterMessage } from './filter-json.js';

const refusal = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    const { code, message, details } = error as { code: string; message: string; details: { field?: string } };
    return { code, field: details.field, message };
  }
  throw new Error('it was accepted');
};

describe('numbers of a JSON text', () => {
  it.each<[string, unknown]>([
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['1234567890123456789', 1234567890123456789n],
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['100000000000000000000', 1e20],
    ['18446744073709551616', 2 ** 64],
    ['1.5', 1.5],
    ['1.2345678901234568e+18', Number(1234567890123456768n)],
    ['0.1234567890123456789', 0.12345678901234568],
    ['-0', -0],
  ])('%s is read exactly', (literal, value) => {
    expect(parseJson(literal)).toBe(value);
    expect(parseJson(`{"a":[{"n":${literal}, "big":9007199254740993}]}`)).toEqual({
      a: [{ n: value, big: 9007199254740993n }],
    });
  });

  it.each(['18446744073709551617', '-9223372036854775809', '123456789012345678901', `1${'0'.repeat(300)}1`])(
    '%s has no exact form: payloads and filters refuse it at its place, vectors take the nearest double',
    (literal) => {
      const { payload, filter, vector } = parseJson(
        `{"payload":{"a":[{"n":${literal}}]},"filter":{"field":"n","eq":${literal}},"vector":[${literal}]}`,
      ) as { payload: object; filter: object; vector: number[] };
      const wrong = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('has no exact form') };
      expect(refusal(() => encodeDocument(payload, 'payload'))).toMatchObject({ ...wrong, field: 'payload.a[0].n' });
      expect(refusal(() => filterMessage(filter))).toMatchObject({ ...wrong, field: 'filter.eq' });
      expect(refusal(() => filterMessage({ field: 'n', gt: vector[0] }))).toMatchObject(wrong);
      expect(Float64Array.from(vector)).toEqual(Float64Array.of(Number(literal)));
    },
  );

  it.each(['1e400', `-1${'0'.repeat(500)}`])('%s is too large for a double and refused at its place', (literal) => {
    expect(refusal(() => parseJson(`{"points":[{"payload":{"n":${literal}}}]}`))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'points[0].payload.n',
    });
  });

  it('a rounded number that version 0.1 stored is the double that it was', () => {
    expect(parseTrustedJson('{"a":[123456789012345680000,9007199254740993]}')).toEqual({
      a: [Number('123456789012345680000'), 9007199254740993n],
    });
  });

  it('every integer of 64 bits is written and read unchanged', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (integer) => {
        const read = (parseJson(stringifyJson({ integer })) as { integer: number | bigint }).integer;
        expect(BigInt(read)).toBe(integer);
        expect(parseJson(`[${integer}]`)).toEqual([Number.isSafeInteger(Number(integer)) ? Number(integer) : integer]);
      }),
    );
  });

  it('every finite double is written and read as exactly that double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const read = parseJson(stringifyJson([double])) as (number | bigint)[];
        expect(typeof read[0] === 'bigint' ? read[0] === BigInt(double) : read[0] === double).toBe(true);
      }),
    );
  });

  it('what JSON cannot write is refused at its place', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2n ** 64n, -(2n ** 63n) - 1n]) {
      expect(refusal(() => stringifyJson({ a: [1, { value }] }, 'payload'))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        field: 'payload.a[1].value',
      });
    }
  });
});

describe('keys of a JSON text', () => {
  it('of which there are more different ones than a parser may be given are refused before it sees them', () => {
    const objects = (count: number) => Array.from({ length: count / 100 }, (_, row) => row);
    const text = (count: number) =>
      `[${objects(count)
        .map((row) => `{${Array.from({ length: 100 }, (_, at) => `"key ${100 * row + at}":1`).join(',')}}`)
        .join(',')}]`;
    expect(parseJson(text(100_000))).toHaveLength(1_000);
    expect(() => parseJson(text(100_100))).toThrow('body has more than 100000 different keys; send it in parts');
    // Equal ones are no work.
    const equal = `[${'{"the same key of all of them":1},'.repeat(150_000)}1]`;
    expect(parseJson(equal)).toHaveLength(150_001);
  });

  it.each(['{"a', '{"a":"b', '"', `{"${'\\'.repeat(9)}`, '{"a":1,"b\\'])(
    'a text whose string does not end is no JSON: %j',
    (text) => {
      expect(() => parseJson(text)).toThrow('body is not JSON');
      expect(() => parseJson(`[${'1,'.repeat(400_000)}${text}`)).toThrow('body is not JSON');
    },
  );

  it('__proto__ stays plain data, beside large integers too', () => {
    for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1},"n":9007199254740993}']) {
      expect(Object.keys(parseJson(text) as object)[0]).toBe('__proto__');
    }
  });

  it.each(['', ',"n":9007199254740993'])(
    'a key that occurs twice in one object is refused by name, with %j too',
    (rest) => {
      for (const text of [
        `{"a":1,"a":1${rest}}`,
        `{"x":[{"a":{"b":1},"c":2, "a" : 3}]${rest}}`,
        `{"\\u0061":1,"a":2${rest}}`,
      ]) {
        expect(refusal(() => parseJson(text))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'a' });
      }
      expect(parseTrustedJson(`{"a":1,"a":1${rest}}`)).toMatchObject({ a: 1 });
    },
  );

  it('duplicates are found exactly where a parser that keeps every pair finds them', () => {
    const key = fc.constantFrom('a', 'b', '"', '\\', '\\"', ':', '{', 'é', '__proto__', '');
    const space = fc.constantFrom('', ' ', '\n\t');
    const { node } = fc.letrec<{ node: { text: string; duplicate: boolean } }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.oneof(fc.integer(), key, fc.bigInt(2n ** 53n, 2n ** 64n - 1n)).map((leaf) => ({
          text: typeof leaf === 'bigint' ? String(leaf) : JSON.stringify(leaf),
          duplicate: false,
        })),
        fc.array(tie('node'), { maxLength: 3 }).map((items) => ({
          text: `[${items.map(({ text }) => text).join(',')}]`,
          duplicate: items.some(({ duplicate }) => duplicate),
        })),
        fc.array(fc.tuple(key, space, tie('node')), { maxLength: 4 }).map((pairs) => ({
          text: `{${pairs.map(([name, gap, { text }]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${text}`).join(',')}}`,
          duplicate:
            new Set(pairs.map(([name]) => name)).size < pairs.length || pairs.some(([, , { duplicate }]) => duplicate),
        })),
      ),
    }));
    let refused = 0;
    fc.assert(
      fc.property(node, ({ text, duplicate }) => {
        refused += duplicate ? 1 : 0;
        if (duplicate) expect(refusal(() => parseJson(text)).message).toContain('twice');
        else expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: 1_000 },
    );
    expect(refused).toBeGreaterThan(20);
  });
});

it('text that is no JSON, or nests too deep, is refused and never overflows the stack', () => {
  expect(refusal(() => parseJson('{"a":', 'payload'))).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'payload' });
  expect(() => parseTrustedJson('<html>')).toThrow(SyntaxError);
  const deep = `${'['.repeat(100_000)}9007199254740993${']'.repeat(100_000)}`;
  expect(refusal(() => parseJson(deep)).message).toContain('more than 200');
  // What is deeper is not even read: this is no JSON.
  const open = '{"points":[{"vector":[1,2],"text":"]}\\"[","payload":'.padEnd(60) + '{"a":['.repeat(1_000_000);
  expect(refusal(() => parseJson(open, 'body'))).toMatchObject({ message: expect.stringContaining('more than 200') });
  const levels = (count: number) => '['.repeat(count) + ']'.repeat(count);
  expect(parseJson(` ${levels(200)} `.padEnd(1_000))).toEqual(JSON.parse(levels(200)));
  expect(refusal(() => parseJson(levels(201).padEnd(1_000))).message).toContain('more than 200');
});

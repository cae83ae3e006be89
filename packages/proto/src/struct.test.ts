import { fromBinary, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gateway } from './index.js';
import { Struct } from './struct.js';

const encoded = (object: Record<string, unknown>) => Struct.encode(Struct.wrap(object)).finish();
const decoded = (bytes: Uint8Array) => Struct.unwrap(Struct.decode(bytes));
const key = fc.string().filter((one) => one !== '__proto__');
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    ...[
      fc.constant(null),
      fc.boolean(),
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
    ],
    ...[fc.array(tie('value'), { maxLength: 4 }), tie('object')],
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object as fc.Arbitrary<JsonObject>;

describe('google.protobuf.Struct', () => {
  it('is written and read as protobuf-es reads and writes it', () => {
    fc.assert(
      fc.property(json, (object) => {
        const theirs = toBinary(StructSchema, fromJson(StructSchema, object));
        expect(decoded(theirs)).toEqual(object);
        expect(fromBinary(StructSchema, encoded(object))).toEqual(fromBinary(StructSchema, theirs));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the key __proto__ as a key, at every level', () => {
    const object = JSON.parse('{"__proto__":{"x":1},"a":[{"__proto__":2}]}') as Record<string, unknown>;
    expect(JSON.stringify(decoded(encoded(object)))).toBe('{"__proto__":{"x":1},"a":[{"__proto__":2}]}');
    const point = gateway.Point.decode(gateway.Point.encode(gateway.Point.fromPartial({ document: object })).finish());
    expect(Object.keys(point.document ?? {})).toEqual(['__proto__', 'a']);
  });

  it('has 64 levels, and what is deeper than one more is cut', () => {
    const nested = (levels: number) => {
      let object: Record<string, unknown> = {};
      for (let level = 1; level < levels; level++) object = { a: object };
      return object;
    };
    expect(decoded(encoded(nested(64)))).toEqual(nested(64));
    expect(decoded(encoded(nested(65)))).toEqual(nested(65));
    expect(decoded(encoded(nested(300)))).toEqual(nested(66));
  });

  it('refuses text that is no UTF-8 and fields that are cut off', () => {
    const bytes = encoded({ a: 'x' });
    expect(() => decoded(bytes.map((byte) => (byte === 0x78 ? 0xff : byte)))).toThrow('not valid for encoding utf-8');
    for (let end = 1; end < bytes.length; end++) expect(() => decoded(bytes.subarray(0, end))).toThrow();
  });
});

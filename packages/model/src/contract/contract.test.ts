import { createFileRegistry, type DescMessage, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { createValidator } from '@bufbuild/protovalidate';
import { describe, expect, it } from '@jest/globals';
import { admin, auth, CONTRACT, type FieldContract, filters, gateway, messageOf } from '@vectron/proto';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto/descriptors';
import fc from 'fast-check';
import { checkRules, floatText, newMessage, parseJson, readMessage, readQuery, writeMessage } from '../index.js';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')));
const packages: Record<string, object> = {
  'vectron.v1': { ...gateway, ...filters },
  'vectron.auth.v1': auth,
  'vectron.admin.v1': admin,
};

interface Codec {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

function codecOf(name: string): Codec {
  const dot = name.lastIndexOf('.');
  return (packages[name.slice(0, dot)] as Record<string, Codec>)[name.slice(dot + 1)];
}

/** Whether REST has the message in the form of proto3 JSON and nothing else, all the way down. */
function isPlain(name: string, within: readonly string[] = []): boolean {
  if (name.startsWith('google.') || within.includes(name)) return false;
  const { form, fields } = messageOf(name);
  if (form !== undefined) return false;
  return fields.every(
    ({ rest, type, ref = '' }) => rest === undefined && (type !== 'message' || isPlain(ref, [...within, name])),
  );
}
const PLAIN = Object.keys(CONTRACT.messages).filter((name) => isPlain(name));

const wide = fc.oneof(fc.bigInt(0n, 2n ** 63n - 1n), fc.bigInt(0n, 300n));
/** protobuf-es prints a float32 as the double that it is: values that look the same in both. */
const float = fc.constantFrom(
  0,
  0.5,
  -2.25,
  1e6,
  2 ** -4,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
);

/** protobuf-es and ts-proto lose the key `__proto__`: it has a test of its own. */
const mapKey = fc.string().filter((key) => key !== '__proto__');

function arbitraryOf({ type, ref = '' }: FieldContract): fc.Arbitrary<unknown> {
  switch (type) {
    case 'message':
      return messageArbitrary(ref);
    case 'enum':
      return fc.constantFrom(...Object.values(CONTRACT.enums[ref]));
    case 'string':
      return fc.string({ unit: 'binary' });
    case 'bytes':
      return fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'float':
      return float;
    case 'double':
      return fc.double();
    case 'int64':
    case 'uint64':
      return wide;
    case 'int32':
      return fc.integer();
    default:
      return fc.nat();
  }
}

function messageArbitrary(name: string): fc.Arbitrary<Record<string, unknown>> {
  const fields = messageOf(name).fields.map((field) => {
    const one = arbitraryOf(field);
    const value = field.list
      ? fc.array(one, { maxLength: 3 })
      : field.key !== undefined
        ? fc.array(fc.tuple(mapKey, one), { maxLength: 3 }).map((entries) => new Map(entries))
        : field.optional || field.type === 'message'
          ? fc.option(one, { nil: undefined })
          : one;
    return [field.json, value] as const;
  });
  return fc.record(Object.fromEntries(fields));
}

describe('JSON by the contract', () => {
  it('has plain messages to compare, of requests and answers', () => {
    expect(PLAIN.length).toBeGreaterThan(60);
  });

  it.each(PLAIN)('%s is written and read as protobuf-es writes and reads it', (name) => {
    const schema = registry.getMessage(name) as DescMessage;
    const codec = codecOf(name);
    fc.assert(
      fc.property(messageArbitrary(name), (message) => {
        const encoded = codec.encode(message).finish();
        const written = writeMessage(name, codec.decode(encoded));
        const theirs = toJson(schema, fromBinary(schema, encoded), { alwaysEmitImplicit: true });
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(theirs)));
        const read = codec.encode(readMessage(name, parseJson(written))).finish();
        const back = toBinary(schema, fromJson(schema, JSON.parse(written)));
        expect(toJson(schema, fromBinary(schema, read))).toEqual(toJson(schema, fromBinary(schema, back)));
      }),
      { numRuns: 25 },
    );
  });

  it('prints a float as the shortest decimal that is that float', () => {
    expect([0.1, 1 / 3, 16777216, 1e-45, 3.4028234663852886e38, -0.5].map((x) => floatText(Math.fround(x)))).toEqual([
      '0.1',
      '0.33333334',
      '16777216',
      '1e-45',
      '3.4028235e+38',
      '-0.5',
    ]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = floatText(value);
        expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value);
        expect(text.replace(/^-|\.|e.*$/g, '').replace(/^0+|0+$/g, '').length).toBeLessThanOrEqual(9);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes both spellings, null as absent, numbers as strings and base64 of any alphabet', () => {
    const search = (json: object) => readMessage('vectron.v1.SearchRequest', json);
    expect(search({ vector: [1, '2.5'], top_k: '5', includeMetadata: null })).toMatchObject({
      vector: [1, 2.5],
      topK: 5,
      includeMetadata: undefined,
    });
    for (const text of ['+/8=', '+/8', '-_8=', '-_8']) {
      expect(search({ vectorF32: text }).vectorF32).toEqual(Buffer.from([0xfb, 0xff]));
    }
    const key = readMessage('vectron.auth.v1.CreateAPIKeyRequest', { expires_at: '1700000000' });
    expect(key.expiresAt).toBe(1_700_000_000n);
    expect(readMessage('vectron.auth.v1.UpdateUserProfileRequest', { plan: 'PAID' }).plan).toBe(2);
  });

  it.each([
    [{ vector: [1], top__k: 5 }, 'top__k', 'unknown field top__k'],
    [{ topK: 5, top_k: 5 }, 'top_k', 'twice'],
    [{ topK: 1.5 }, 'topK', 'an integer'],
    [{ topK: -1 }, 'topK', 'an integer'],
    [{ topK: '' }, 'topK', 'an integer'],
    [{ exact: 'true' }, 'exact', 'true or false'],
    [{ vector: [1, null] }, 'vector[1]', 'null'],
    [{ vector: ['a'] }, 'vector[0]', 'a number'],
    [{ vector: [1e39] }, 'vector[0]', 'float32'],
    [{ vectorF32: 'a' }, 'vectorF32', 'base64'],
    [{ vectorF32: 'ab=' }, 'vectorF32', 'base64'],
    [{ vectorF32: 'a+b_' }, 'vectorF32', 'base64'],
    [{ consistency: { level: 1 } }, 'consistency.level', 'a string'],
    [{ likeId: '\ud800' }, 'likeId', 'Unicode'],
    [[], 'body', 'a JSON object'],
  ])('refuses %j and names the field', (json, field, message) => {
    expect(() => readMessage('vectron.v1.SearchRequest', json)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { field },
        message: expect.stringContaining(message),
      }),
    );
  });

  it('keeps the key __proto__ of a map as data', () => {
    const text = '{"workersByState":{"__proto__":1}}';
    const message = readMessage('vectron.admin.v1.GetClusterStatusResponse', parseJson(text));
    expect(message.workersByState).toEqual(new Map([['__proto__', 1]]));
    expect(writeMessage('vectron.admin.v1.GetClusterStatusResponse', message)).toContain('"__proto__":1');
  });

  it('has payloads as any JSON object, dense vectors as lists or base64, and filters in the form of the SDKs', () => {
    const point = readMessage('vectron.v1.Point', {
      id: 'a',
      payload: { n: 2n ** 60n, list: [null, { a: 1 }] },
      vectors: { title: [1, 2], image: 'AACAPw==' },
    });
    expect(point.document).toEqual({ n: 2n ** 60n, list: [null, { a: 1 }] });
    expect(writeMessage('vectron.v1.Point', { ...point, version: 7n })).toBe(
      '{"id":"a","payload":{"n":1152921504606846976,"list":[null,{"a":1}]},"version":"7","vectors":{"title":[1,2],"image":[1]}}',
    );
    expect(() => readMessage('vectron.v1.Point', { version: '7' })).toThrow('set by the server');
    expect(() => readMessage('vectron.v1.Point', { document: {} })).toThrow('unknown field document');
    expect(readMessage('vectron.v1.CountPointsRequest', { filter: {} }).filter).toEqual({ condition: undefined });
  });
});

describe('query parameters', () => {
  const read = (name: string, query: string) => {
    const message = newMessage(name);
    readQuery(name, message, new URLSearchParams(query));
    return message;
  };

  it('set fields by their path, in either spelling, and by their other names', () => {
    const page = read(
      'vectron.v1.ListPointsRequest',
      'limit=5&include_vectors=true&consistency=bounded&orderBy.path=a',
    );
    expect(page).toMatchObject({ limit: 5, includeVectors: true, orderBy: { path: 'a', descending: false } });
    expect(page.consistency).toMatchObject({ level: 'bounded' });
    expect(read('vectron.v1.GetRequest', 'consistency.maxStalenessMs=7').consistency).toMatchObject({
      maxStalenessMs: 7,
    });
    const filtered = read('vectron.v1.ListPointsRequest', `filter=${encodeURIComponent('{"ids":["a"]}')}`);
    expect(filtered.filter).toEqual({ condition: { $case: 'ids', value: { ids: ['a'] } } });
  });

  it.each([
    ['include_vectors=maybe', 'true or false'],
    ['include_vectors=', 'true or false'],
    ['limit=ten', 'an integer'],
    ['limit=', 'empty'],
    ['limit=1&limit=2', 'twice'],
    ['includeVectors=true&include_vectors=true', 'twice'],
    ['colour=red', 'unknown query parameter colour'],
    ['filter=%7B', 'not JSON'],
  ])('refuse %s', (query, message) => {
    expect(() => read('vectron.v1.ListPointsRequest', query)).toThrow(message);
  });
});

describe('rules', () => {
  const validator = createValidator({ registry });
  const RULED = PLAIN.filter((name) => messageOf(name).fields.some(({ rules }) => rules !== undefined));

  it.each(RULED)('%s is judged as protovalidate judges it', (name) => {
    const schema = registry.getMessage(name) as DescMessage;
    const codec = codecOf(name);
    const near = messageArbitrary(name).chain((message) =>
      fc
        .tuple(...messageOf(name).fields.map((field) => fc.oneof(fc.constant(message[field.json]), nearOf(field))))
        .map((values) =>
          Object.fromEntries(messageOf(name).fields.map(({ json }, at) => [json, values[at] ?? message[json]])),
        ),
    );
    fc.assert(
      fc.property(near, (message) => {
        const bytes = codec.encode(message).finish();
        const theirs = validator.validate(schema, fromBinary(schema, bytes)).kind === 'valid';
        let ours = true;
        try {
          checkRules(name, codec.decode(bytes));
        } catch {
          ours = false;
        }
        expect({ message, ours }).toEqual({ message, ours: theirs });
      }),
      { numRuns: 200 },
    );
  });

  /** Values at the edges of the rules; undefined keeps what there is. */
  function nearOf(field: FieldContract): fc.Arbitrary<unknown> {
    const { rules = {}, type, list } = field;
    if (list) {
      if (rules.items === undefined) return fc.constant(undefined);
      return fc.array(nearOf({ ...field, rules: rules.items, list: false }), { maxLength: 3 }).map((items) => {
        return items.every((one) => one !== undefined) ? items : undefined;
      });
    }
    const { lte, gte, lt, gt, in: allowed, minLen, maxLen, minBytes, maxBytes, len } = rules;
    const edges = [lte, gte, lt, gt].filter((bound) => bound !== undefined);
    if (edges.length > 0) {
      const floats = type === 'double' || type === 'float';
      const near = edges.flatMap((edge) => [edge, edge + 1, floats ? edge - 0.5 : Math.max(0, edge - 1)]);
      return fc.constantFrom(...(type.endsWith('64') ? near.map(BigInt) : near));
    }
    if (allowed !== undefined) return fc.constantFrom(...allowed);
    if (len !== undefined) return fc.constantFrom(Buffer.alloc(len), Buffer.alloc(len + 1));
    const lengths = [minLen, maxLen, minBytes, maxBytes].filter((bound) => bound !== undefined);
    if (lengths.length === 0) return fc.constant(undefined);
    return fc.constantFrom(
      ...lengths.flatMap((length) => ['x'.repeat(length), 'ä'.repeat(length), 'x'.repeat(length + 1)]),
    );
  }

  it('names the field within lists and messages', () => {
    const request = { collection: 'c', branches: [newMessage('vectron.v1.QueryBranch')] };
    const wrong = { ...newMessage('vectron.v1.QueryRequest'), ...request };
    (wrong.branches[0] as Record<string, unknown>).ef = 1e6;
    expect(() => checkRules('vectron.v1.QueryRequest', wrong)).toThrow(
      'branches[0].ef must be at most 10000, not 1000000',
    );
  });

  it('names the value of a list that is outside of what each may be', () => {
    const key = newMessage('vectron.auth.v1.CreateAPIKeyRequest');
    const check = (collections: string[]) => () =>
      checkRules('vectron.auth.v1.CreateAPIKeyRequest', { ...key, collections });
    expect(check(['papers'])).not.toThrow();
    expect(check(['papers', ''])).toThrow('collections[1] must have at least 1 characters, not 0');
    expect(check(['papers', 'x'.repeat(129)])).toThrow('collections[1] must have at most 128 bytes of UTF-8, not 129');
    // The count comes first: no more is looked at than the list may have.
    expect(check(Array.from({ length: 101 }, () => ''))).toThrow('collections must have at most 100 items, not 101');
  });
});

import { expect, it } from '@jest/globals';
import { admin, auth, CONTRACT, type FieldContract, gateway, messageOf } from '@vectron/proto';
import fc from 'fast-check';
import * as requests from './requests.js';
import { fromJson, toJson, toQuery } from './rest-json.js';

interface Generated {
  toJSON(message: unknown): unknown;
}
const TYPES: Record<string, Record<string, unknown>> = { 'vectron.admin.v1': admin, 'vectron.auth.v1': auth };

/** Any value that a field can have, as the generated types hold it. */
/** ts-proto, the oracle here, loses the key `__proto__`; that fromJson keeps it is tested below. */
const mapKey = fc.string().filter((key) => key !== '__proto__');

function arbitraryOf(field: FieldContract): fc.Arbitrary<unknown> {
  const one = scalarOf(field);
  if (field.list) return fc.array(one, { maxLength: 3 });
  if (field.key !== undefined) return fc.dictionary(mapKey, one).map((object) => new Map(Object.entries(object)));
  return field.optional || field.type === 'message' ? fc.option(one, { nil: undefined }) : one;
}

function scalarOf({ type, ref = '' }: FieldContract): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.string();
    case 'bool':
      return fc.boolean();
    case 'int64':
    case 'uint64':
      return fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    case 'bytes':
      return fc.uint8Array().map((bytes) => Buffer.from(bytes));
    case 'enum':
      return fc.constantFrom(...Object.values(CONTRACT.enums[ref]));
    case 'message':
      return messageArbitrary(ref);
    case 'double':
    case 'float':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    default:
      return fc.nat();
  }
}

const messageArbitrary = (name: string): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(messageOf(name).fields.map((field) => [field.json, arbitraryOf(field)])));

const plain = Object.entries(CONTRACT.services)
  .filter(([service]) => !service.startsWith('vectron.v1'))
  .flatMap(([, methods]) => methods.map(({ response }) => response))
  .filter((name) => name.startsWith('vectron.'));

it.each([...new Set(plain)])('reads what the proto3 JSON mapping writes of %s', (name) => {
  const at = name.lastIndexOf('.');
  const type = TYPES[name.slice(0, at)]?.[name.slice(at + 1)] as Generated;
  fc.assert(
    fc.property(messageArbitrary(name), (message) => {
      expect(fromJson(name, JSON.parse(JSON.stringify(type.toJSON(message))))).toEqual(message);
    }),
    { numRuns: 20 },
  );
});

it('keeps the key __proto__ of a map as data', () => {
  const json = JSON.parse('{"workersByState":{"__proto__":1}}');
  expect(fromJson('vectron.admin.v1.GetClusterStatusResponse', json)).toMatchObject({
    workersByState: new Map([['__proto__', 1]]),
  });
});

it('writes payloads, vectors, filters and 64-bit numbers in their short forms', () => {
  const point = requests.pointMessage({
    id: 'a',
    vector: [1, 2],
    vectors: { title: [3] },
    sparse: { words: { indices: [1], values: [0.5] } },
    payload: { empty: '', none: null, zero: 0 },
    ifVersion: 0n,
  });
  expect(toJson('vectron.v1.UpsertRequest', { collection: 'c', points: [point] })).toEqual({
    collection: 'c',
    points: [
      {
        id: 'a',
        vectorF32: 'AACAPwAAAEA=',
        vectors: { title: 'AABAQA==' },
        sparse: { words: { indices: [1], values: [0.5] } },
        payload: { empty: '', none: null, zero: 0 },
        ifVersion: '0',
      },
    ],
  });
  const filter = { field: 'section', in: ['mail'] } as const;
  const search = requests.searchRequest('c', { likeId: 'a', filter, includePayload: false, scoreThreshold: 0 });
  expect(toJson('vectron.v1.SearchRequest', search)).toEqual({
    collection: 'c',
    likeId: 'a',
    filter,
    includeMetadata: false,
    scoreThreshold: 0,
  });
  const update = requests.updatePointsRequest('c', { ids: ['a'], set: { n: '' }, replace: {} });
  expect(toJson('vectron.v1.UpdatePointsRequest', update)).toEqual({
    collection: 'c',
    ids: ['a'],
    set: { n: '' },
    replace: {},
  });
});

it('refuses the name of the contract where a read has another one, which would be used instead', () => {
  for (const name of ['includeMetadata', 'include_metadata']) {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field: name } });
    const caught = (work: () => unknown) => {
      try {
        return work();
      } catch (error) {
        return error;
      }
    };
    const given = { [name]: false } as object;
    expect(caught(() => requests.searchRequest('c', { vector: [1], ...given }))).toEqual(refused);
    expect(caught(() => requests.queryRequest('c', { branches: [{ vector: [1] }], ...given }))).toEqual(refused);
  }
});

it('writes the exact text of a payload in place of what holds it inexactly', () => {
  const point = { ...requests.pointMessage({ id: 'a' }), payloadJson: '{"n":9007199254740993}' };
  expect(toJson('vectron.v1.Point', point)).toEqual({ id: 'a', payload: { n: 9007199254740993n } });
});

it('reads points as gRPC gives them', () => {
  const json = { id: 'a', vector: [1, 2], payload: { n: 1 }, vectors: { title: [3] }, version: '7' };
  expect(fromJson('vectron.v1.GetResponse', { point: json, appliedIndex: '3' })).toEqual({
    appliedIndex: 3n,
    point: {
      ...gateway.Point.fromPartial({ id: 'a', vector: [1, 2], document: { n: 1 }, version: 7n }),
      vectors: new Map([['title', { vector: [3], vectorF32: Buffer.alloc(0) }]]),
    },
  });
});

it('names parameters as the contract does, else by their path', () => {
  const get = { collection: 'c', id: 'a', consistency: requests.consistencyMessage({ maxStalenessMs: 5 }) };
  expect(toQuery('vectron.v1.GetRequest', toJson('vectron.v1.GetRequest', get))).toMatchObject({
    consistency: 'bounded',
    max_staleness_ms: 5,
  });
  const origin = { client: Buffer.alloc(16), sequence: 2n, pendingFrom: 1n };
  const request = toJson('vectron.v1.DeleteRequest', { collection: 'c', id: 'a', origin });
  expect(toQuery('vectron.v1.DeleteRequest', request)).toMatchObject({
    'origin.client': 'AAAAAAAAAAAAAAAAAAAAAA==',
    'origin.sequence': '2',
    'origin.pendingFrom': '1',
  });
});

import { COLLECTION } from './homes.js';
import { accepts, nested, nestedText, nestedUpsert, type Row, refuses } from './rows.js';

class Person {
  constructor(readonly name: string) {}
}

const vector = [1, 2];
const points = (parts: Readonly<Record<string, object>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, [{ id: 'x', vector, ...part }]]));
const payloads = (values: Readonly<Record<string, unknown>>) =>
  points(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { payload: { a: value } }])));
const vectors = (values: Readonly<Record<string, unknown>>) =>
  points(Object.fromEntries(Object.entries(values).map(([name, value]) => [`vector ${name}`, { vector: value }])));

const holes: unknown[] = [1, 2];
delete holes[1];
const circular: { a?: unknown } = {};
circular.a = circular;

const ids: Row[] = [
  ...accepts('upsert', {
    'an id of 512 bytes': [{ id: 'x'.repeat(512), vector }],
    'an id of 512 bytes in 256 characters': [{ id: 'ä'.repeat(256), vector }],
    'ids that names of objects are': ['__proto__', 'constructor', 'toString'].map((id) => ({ id, vector })),
    'ids that paths are': ['.', '..', 'a/b', '%2e', 'a?b#c', ' '].map((id) => ({ id, vector })),
    'an id with characters beyond 16 bits': [{ id: '😀', vector }],
  }),
  ...refuses('upsert', 'points[0].id', {
    'an empty id': [{ id: '', vector }],
    'an id of 513 bytes': [{ id: 'x'.repeat(513), vector }],
    'an id of 514 bytes in 257 characters': [{ id: 'ä'.repeat(257), vector }],
    'no id': [{ vector }],
    'an undefined id': [{ id: undefined, vector }],
    'an id that is null': [{ id: null, vector }],
    'an id that is a number': [{ id: 5, vector }],
    'an id that is a bigint': [{ id: 5n, vector }],
    'an id that is an object': [{ id: {}, vector }],
    'an id that is a symbol': [{ id: Symbol('x'), vector }],
    'a lone surrogate in an id': [{ id: 'a\ud800', vector }],
    'a NUL in an id': [{ id: 'a\0', vector }],
  }),
  ...refuses('upsert', 'points[1].id', {
    'an empty id behind a good point': [
      { id: 'x', vector },
      { id: '', vector },
    ],
  }),
];

const dense: Row[] = [
  ...accepts(
    'upsert',
    vectors({
      'of numbers as text': ['1', '2.5e0'],
      'of bigints': [1n, 2n],
      'of integers beyond 2^53': [2 ** 60, 2 ** 61],
      'with -0': [-0, 1],
      'with values too small for a float32': [1e-50, 1],
      'that is a Float32Array': Float32Array.of(1, 2),
      'that is a Float64Array': Float64Array.of(1, 2),
      'that is an Int8Array': Int8Array.of(1, -2),
      'that is a Uint8Array': Uint8Array.of(1, 2),
      'whose square is as long as may be': [2 ** 62, 0],
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].vector[1]',
    vectors({
      'with null': [1, null],
      'with a word': [1, 'a'],
      'with an empty text': [1, ''],
      'with a list': [1, [2]],
      'with an object': [1, {}],
      'with true': [1, true],
      'with undefined': [1, undefined],
      'with a gap': holes,
      'with NaN': [1, Number.NaN],
      'with Infinity': [1, Number.POSITIVE_INFINITY],
      'with -Infinity': [1, Number.NEGATIVE_INFINITY],
      'with 1e39': [1, 1e39],
      'with -1e39': [1, -1e39],
      'with a symbol': [1, Symbol('x')],
      'that is a Float32Array with NaN': Float32Array.of(1, Number.NaN),
      'that is a Float64Array with 1e39': Float64Array.of(1, 1e39),
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].vector',
    vectors({
      'that is an object': { 0: 1, 1: 2 },
      'that is like a list': { 0: 1, 1: 2, length: 2 },
      'that is a number': 5,
      'that is a word': 'ab',
      'that is true': true,
      'that is a Set': new Set([1, 2]),
      'that is a Map': new Map([[0, 1]]),
      'that is a Buffer': Buffer.from(Float32Array.of(1, 2).buffer),
      'that is an ArrayBuffer': Float32Array.of(1, 2).buffer,
      'that is a BigInt64Array': BigInt64Array.of(1n, 2n),
      'whose dot product would overflow': [3e38, 3e38],
      'whose square would overflow': [2 ** 63, 0],
    }),
  ),
  ...refuses('upsert', 'points[0].vector[0]', vectors({ 'of vectors': [[1, 2]], 'of one list in lists': [[[1]]] })),
  ...refuses(
    'upsert',
    'points[0].vector',
    vectors({
      'that is empty': [],
      'that is null': null,
      'that is undefined': undefined,
      'of one dimension': [1],
      'of three dimensions': [1, 2, 3],
      'that is an empty Float32Array': new Float32Array(0),
    }),
    { code: 'DIMENSION_MISMATCH' },
  ),
  ...accepts('upsert', points({ 'a named vector': { vectors: { title: [1, 2] } } })),
  ...accepts('upsert', points({ 'a named vector in a Float64Array': { vectors: { title: Float64Array.of(1, 2) } } })),
  ...refuses(
    'upsert',
    'points[0].vectors.title[1]',
    points({
      'a named vector with null': { vectors: { title: [1, null] } },
      'a named vector with NaN': { vectors: { title: [1, Number.NaN] } },
      'a named vector with 1e39': { vectors: { title: [1, 1e39] } },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].vectors.title',
    points({
      'an empty named vector': { vectors: { title: [] } },
      'a named vector that is a number': { vectors: { title: 5 } },
      'a named vector that is null': { vectors: { title: null } },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].vectors',
    points({ 'named vectors in a list': { vectors: [[1, 2]] }, 'named vectors in a Map': { vectors: new Map() } }),
  ),
  ...refuses('upsert', undefined, points({ 'a named vector of one dimension': { vectors: { title: [1] } } }), {
    code: 'DIMENSION_MISMATCH',
  }),
  ...refuses('upsert', undefined, points({ 'a named vector that is not declared': { vectors: { other: [1] } } })),
  ...accepts('upsert', points({ 'a sparse vector': { sparse: { words: { indices: [7, 3], values: [1, 2] } } } })),
  ...refuses(
    'upsert',
    'points[0].sparse.words.indices[0]',
    points({
      'a sparse index of -1': { sparse: { words: { indices: [-1], values: [1] } } },
      'a sparse index of 1.5': { sparse: { words: { indices: [1.5], values: [1] } } },
      'a sparse index of 2^32': { sparse: { words: { indices: [2 ** 32], values: [1] } } },
      'a sparse index of null': { sparse: { words: { indices: [null], values: [1] } } },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].sparse.words.indices',
    points({ 'a sparse index twice': { sparse: { words: { indices: [1, 1], values: [1, 2] } } } }),
  ),
  ...refuses(
    'upsert',
    'points[0].sparse.words.values[0]',
    points({
      'a sparse value of NaN': { sparse: { words: { indices: [1], values: [Number.NaN] } } },
      'a sparse value of 1e39': { sparse: { words: { indices: [1], values: [1e39] } } },
      'a sparse value of null': { sparse: { words: { indices: [1], values: [null] } } },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].sparse.words',
    points({
      'more sparse indices than values': { sparse: { words: { indices: [1, 2], values: [1] } } },
      'a sparse vector without values': { sparse: { words: { indices: [1] } } },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].sparse.words.value',
    points({ 'an unknown field of a sparse vector': { sparse: { words: { indices: [1], value: [1] } } } }),
  ),
];

const payload: Row[] = [
  ...accepts('upsert', points({ 'a payload of 64 levels': { payload: nested(64) } })),
  ...accepts('upsert', payloads({ 'a payload of 64 levels of lists': nested(63, 'list') })),
  ...[65, 66, 200, 201, 1_000, 100_000].flatMap((levels) =>
    (['object', 'list'] as const).flatMap((kind) =>
      refuses(
        'upsert',
        'points[0].payload',
        {
          [`a payload of ${levels} levels, each a ${kind}`]: [
            { id: 'x', vector, payload: { a: nested(levels - 1, kind) } },
          ],
        },
        {
          json: `{"points":[{"id":"x","vector":[1,2],"payload":{"a":${nestedText(levels - 1, kind)}}}]}`,
          grpc: nestedUpsert(COLLECTION, levels, kind),
        },
      ),
    ),
  ),
  ...refuses('upsert', 'points[0].payload', points({ 'a payload within itself': { payload: circular } }), {
    not: { REST: 'JSON has no end of it', gRPC: 'a Struct has no end of it', CLI: 'JSON has no end of it' },
  }),
  ...accepts('upsert', {
    'keys that names of objects are': [
      { id: 'x', vector, payload: { constructor: 1, toString: { hasOwnProperty: 2 }, prototype: [], valueOf: null } },
    ],
    'an empty key, and keys with dots and quotes': [
      { id: 'x', vector, payload: { '': 1, 'a.b': 2, '.': 3, '"': 4, '\\': 5 } },
    ],
    'a payload that is undefined': [{ id: 'x', vector, payload: undefined }],
    'a payload that is null': [{ id: 'x', vector, payload: null }],
    'a payload without a prototype': [{ id: 'x', vector, payload: Object.assign(Object.create(null), { a: 1 }) }],
    'a property that is undefined': [{ id: 'x', vector, payload: { a: undefined, b: 1 } }],
    'a payload with -0': [{ id: 'x', vector, payload: { a: -0 } }],
    'text with controls and characters beyond 16 bits': [{ id: 'x', vector, payload: { a: '\0\u2028😀\ufeff\ufffd' } }],
    'great doubles': [{ id: 'x', vector, payload: { a: [1.7976931348623157e308, 5e-324, 1e21, 0.1] } }],
  }),
  ...accepts('upsert', payloads({ 'integers beyond 2^53': [2n ** 53n + 1n, -(2n ** 63n), 2n ** 64n - 1n] }), {
    not: { gRPC: 'a Struct has doubles; payload_json of the SDK is tried beside it' },
  }),
  ...refuses(
    'upsert',
    'points[0].payload.a',
    payloads({
      'a Date': new Date(0),
      'a Map': new Map([['x', 1]]),
      'a Set': new Set([1]),
      'a RegExp': /x/,
      'an Error': new Error('x'),
      'an instance of a class': new Person('x'),
      'a boxed number': Object(1),
      'a Float32Array': Float32Array.of(1),
      'a Buffer': Buffer.from('x'),
      'a function': () => 1,
      'a symbol': Symbol('x'),
      'an object with toJSON': { toJSON: () => 1 },
      'an object with a symbol as a key': { [Symbol('x')]: 1 },
      NaN: Number.NaN,
      Infinity: Number.POSITIVE_INFINITY,
      '-Infinity': Number.NEGATIVE_INFINITY,
      'a bigint of 2^64': 2n ** 64n,
      'a bigint below -2^63': -(2n ** 63n) - 1n,
      'a lone surrogate': 'x\ud800',
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].payload.a[1]',
    payloads({
      'undefined in a list': [1, undefined],
      'a Date in a list': [1, new Date(0)],
      'NaN in a list': [1, Number.NaN],
      'a lone surrogate in a list': ['x', '\udc00'],
    }),
  ),
  ...refuses('upsert', 'points[0].payload.a', payloads({ 'a list with a gap': holes }), {
    not: { gRPC: 'a list of protobuf has no gaps' },
  }),
  ...refuses(
    'upsert',
    'points[0].payload',
    points({
      'a payload that is a list': { payload: [1] },
      'a payload that is a text': { payload: 'x' },
      'a payload that is a number': { payload: 5 },
      'a payload that is a Map': { payload: new Map() },
      'a payload that is an instance of a class': { payload: new Person('x') },
      'a key __proto__': { payload: JSON.parse('{"__proto__": {"x": 1}}') as object },
      'a key __proto__ further down': { payload: JSON.parse('{"a": [{"__proto__": 1}]}') as object },
      'a lone surrogate in a key': { payload: { 'x\ud800': 1 } },
      'a lone surrogate in a key further down': { payload: { a: { '\udc00': 1 } } },
    }),
  ),
];

const others: Row[] = [
  ...accepts(
    'upsert',
    points({
      'a ttl of 0': { ttlSeconds: 0 },
      'the longest ttl': { ttlSeconds: 2 ** 32 - 1 },
      'a ttl as text': { ttlSeconds: '60' },
      'a ttl of null': { ttlSeconds: null },
      'fields that are undefined': { text: undefined, payload: undefined, sparse: undefined, ifVersion: undefined },
      'a version of 0 of no point': { ifVersion: 0n },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].ttl_seconds',
    points({
      'a ttl of -1': { ttlSeconds: -1 },
      'a ttl of 1.5': { ttlSeconds: 1.5 },
      'a ttl of 2^32': { ttlSeconds: 2 ** 32 },
      'a ttl of NaN': { ttlSeconds: Number.NaN },
      'a ttl that is a word': { ttlSeconds: 'soon' },
      'a ttl that is true': { ttlSeconds: true },
      'a ttl that is a Date': { ttlSeconds: new Date(0) },
    }),
  ),
  ...refuses(
    'upsert',
    'points[0].if_version',
    points({
      'a version of -1': { ifVersion: -1n },
      'a version of -1, a number': { ifVersion: -1 },
      'a version of 2^64': { ifVersion: 2n ** 64n },
      'a version of 1.5': { ifVersion: 1.5 },
      'a version of NaN': { ifVersion: Number.NaN },
      'a version that is a word': { ifVersion: 'x' },
    }),
  ),
  ...refuses(
    'upsert',
    undefined,
    points({
      'a version of no point': { ifVersion: 5n },
      'a version of no point, a number': { ifVersion: 5 },
      'a version beyond 2^53': { ifVersion: 2n ** 53n + 1n },
      'the greatest version': { ifVersion: 2n ** 64n - 1n },
    }),
    { code: 'VERSION_CONFLICT' },
  ),
  ...refuses('upsert', 'points[0].colour', points({ 'an unknown field': { colour: 'red' } })),
  ...refuses('upsert', 'points[0].ttl', points({ 'an unknown field that is near one': { ttl: 5 } })),
  ...refuses('upsert', 'points[0].constructor', points({ 'an unknown field that objects have': { constructor: 5 } })),
  ...refuses('upsert', 'points[0].version', points({ 'a field that is set by the server': { version: 5n } }), {
    not: { gRPC: 'the message has the field for answers, and what is in it is passed over' },
  }),
  ...refuses(
    'upsert',
    'points[0].text',
    points({ 'a text where there is no embedding': { vector: undefined, text: 'x' } }),
  ),
  ...refuses('upsert', 'points[0].text', points({ 'a vector and a text': { text: 'x' } })),
  ...refuses('upsert', 'points[0].text', points({ 'a text that is a number': { vector: undefined, text: 5 } })),
  ...refuses(
    'upsert',
    'points',
    { 'no points': [], 'points in an object': {}, 'points that are null': null },
    {
      not: { CLI: 'an object in its input is one point' },
    },
  ),
  ...refuses('upsert', 'points[0]', {
    'a point that is null': [null],
    'a point that is a text': ['x'],
    'a point that is a list': [[]],
  }),
];

export const pointRows: readonly Row[] = [...ids, ...dense, ...payload, ...others];

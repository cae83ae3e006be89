import { accepts, type Row, refuses } from './rows.js';

type Values = Readonly<Record<string, unknown>>;
const making = (field: string, values: Values) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${field} ${name}`,
      { name: 'fresh', dimension: 2, [field]: value },
    ]),
  );
const LEVELS = { '-1': -1, '1.5': 1.5, '2^32': 2 ** 32, NaN: Number.NaN, 'a word': 'x', 'a list': [2] };

export const collectionRows: readonly Row[] = [
  ...accepts('createCollection', {
    'a name of 128 characters': { name: 'x'.repeat(128), dimension: 2 },
    'a name of digits, - and _': { name: '0-_', dimension: 2 },
    'names that objects have': { name: 'constructor', dimension: 2 },
    'a dimension as text': { name: 'fresh', dimension: '2' },
    'options that are undefined': { name: 'fresh', dimension: 2, distance: undefined, vectors: undefined },
    'a distance in capitals': { name: 'fresh', dimension: 2, distance: 'DOT' },
  }),
  ...refuses(
    'createCollection',
    'name',
    Object.fromEntries(
      ['', '_x', '-x', 'a/b', '..', 'a b', 'ä', 'x'.repeat(129), 'a\0', '__proto__', 'a\n', '😀', 'a\ud800', 'a.b'].map(
        (name) => [`the name ${JSON.stringify(name.slice(0, 9))}`, { name, dimension: 2 }],
      ),
    ),
  ),
  ...refuses(
    'createCollection',
    'name',
    making('name', { 'a number': 5, null: null, undefined: undefined, 'a list': ['x'] }),
  ),
  ...refuses(
    'createCollection',
    'dimension',
    making('dimension', { ...LEVELS, '0': 0, '65537': 65_537, null: null, undefined: undefined }),
  ),
  ...refuses('createCollection', 'distance', making('distance', { hamming: 'hamming', 'a number': 5 })),
  ...refuses('createCollection', 'shards', making('shards', { ...LEVELS, '65': 65 })),
  ...refuses('createCollection', 'replicas', making('replicas', { ...LEVELS, '8': 8 })),
  ...refuses('createCollection', 'durability', making('durability', { eventual: 'eventual', true: true })),
  ...refuses('createCollection', 'hnsw_m', making('hnswM', { ...LEVELS, '1': 1, '129': 129 })),
  ...refuses(
    'createCollection',
    'hnsw_ef_construction',
    making('hnswEfConstruction', { ...LEVELS, '1': 1, '4097': 4097 }),
  ),
  ...refuses('createCollection', 'vectors.quantization', making('vectors', { 'of int7': { quantization: 'int7' } })),
  ...refuses('createCollection', 'vectors.storage', making('vectors', { 'on tape': { storage: 'tape' } })),
  ...refuses(
    'createCollection',
    'vectors.oversampling',
    making('vectors', { oversampled: { oversampling: 101 }, 'oversampled by 1.5': { oversampling: 1.5 } }),
  ),
  ...refuses(
    'createCollection',
    'vectors.quantisation',
    making('vectors', { 'with an unknown option': { quantisation: 'int8' } }),
  ),
  ...refuses('createCollection', 'vectors', making('vectors', { 'as a text': 'int8', 'as a list': [] })),
  ...refuses('createCollection', 'dim', making('dim', { 'an unknown option': 2 })),
  ...refuses(
    'createCollection',
    'indexes[0].type',
    making('indexes', { 'of an unknown type': [{ path: 'a', type: 'uuid' }] }),
  ),
  ...refuses(
    'createCollection',
    'indexes[0].path',
    making('indexes', {
      'of no path': [{ path: '', type: 'keyword' }],
      'of a path with a lone surrogate': [{ path: '\ud800', type: 'keyword' }],
    }),
  ),
  ...refuses(
    'createCollection',
    'indexes[0].lang',
    making('indexes', { 'with an unknown option': [{ path: 'a', type: 'text', lang: 'english' }] }),
  ),
  ...refuses(
    'createCollection',
    'indexes[1]',
    making('indexes', { twice: [1, 2].map(() => ({ path: 'a', type: 'keyword' })) }),
  ),
  ...refuses('createCollection', 'indexes', making('indexes', { 'in an object': {} })),
  ...refuses(
    'createCollection',
    'sparse_vectors[0]',
    making('sparseVectors', { 'without a name': [''], 'named by a number': [5], 'with a lone surrogate': ['\ud800'] }),
  ),
  ...refuses('createCollection', 'sparse_vectors', making('sparseVectors', { 'as a text': 'words' })),
  ...refuses(
    'createCollection',
    'named_vectors[0].dimension',
    making('namedVectors', {
      'of 1.5': [{ name: 'a', dimension: 1.5 }],
      'of 65537': [{ name: 'a', dimension: 65_537 }],
    }),
  ),
  ...refuses(
    'createCollection',
    'named_vectors[0].dim',
    making('namedVectors', { 'with an unknown option': [{ name: 'a', dim: 2 }] }),
  ),
  ...refuses(
    'createCollection',
    'embedding.provider',
    making('embedding', { 'without a provider': {}, 'with an unknown provider': { provider: 'none' } }),
  ),
  ...refuses(
    'createCollection',
    'embedding.model',
    making('embedding', { 'with an unknown option': { provider: 'local', model: 'x' } }),
  ),
  ...refuses(
    'createCollection',
    'rerank.oversample',
    making('rerank', { oversampled: { enabled: false, oversample: 21 } }),
  ),
  ...refuses(
    'createCollection',
    'rerank.boosts',
    making('rerank', { 'with an unknown option': { enabled: false, boosts: {} } }),
  ),
  ...refuses(
    'createCollection',
    'name',
    { 'a name that there is': { name: 'verdicts', dimension: 2 } },
    { code: 'COLLECTION_EXISTS' },
  ),
  ...refuses(
    'createIndex',
    'index.type',
    {
      'an unknown type': { path: 'a', type: 'uuid' },
      'no type': { path: 'a' },
      'a type that is a number': { path: 'a', type: 5 },
    },
    { not: { CLI: 'its command says what is missing in its own words' } },
  ),
  ...refuses('createIndex', 'index.path', {
    'an empty path': { path: '', type: 'keyword' },
    'a path that is a number': { path: 5, type: 'keyword' },
  }),
  ...refuses('createIndex', 'index.lang', { 'an unknown option': { path: 'a', type: 'text', lang: 'english' } }),
  ...refuses('updateAliases', 'set', { nothing: {}, 'no aliases': { set: [], delete: [] } }),
  ...refuses('updateAliases', 'set[0].alias', {
    'an alias with a space': { set: [{ alias: 'a b', collection: 'verdicts' }] },
    'an empty alias': { set: [{ alias: '', collection: 'verdicts' }] },
  }),
  ...refuses('updateAliases', 'set[0].name', {
    'an unknown option': { set: [{ alias: 'a', collection: 'verdicts', name: 'x' }] },
  }),
  ...refuses('updateAliases', 'delete', { 'aliases to delete that are a text': { delete: 'ab' } }),
];

const named = (method: Row['method'], given: unknown, names: readonly unknown[], told: Partial<Row>): Row[] =>
  names.map((name) => ({
    method,
    name: `${method}: of the collection ${typeof name === 'string' ? JSON.stringify(name.slice(0, 9)) : String(name)}`,
    given,
    collection: name,
    verdict: 'INVALID_ARGUMENT',
    at: 'collection',
    ...told,
  }));
const NO_NAMES = [
  '',
  'a b',
  'a/b',
  '.',
  '..',
  '../x',
  '_x',
  'ä',
  'x'.repeat(129),
  'a\0',
  '__proto__',
  'a\ud800',
  5,
  null,
  undefined,
  ['x'],
  {},
];
const point = [{ id: 'x', vector: [1, 2] }];
/** Calls of a collection whose name is odd, or that there is not. */
export const nameRows: readonly Row[] = [
  ...named('upsert', point, NO_NAMES, {}),
  ...named('search', { vector: [1, 2] }, NO_NAMES, {}),
  ...named('query', { branches: [{ vector: [1, 2] }] }, NO_NAMES, {}),
  ...named('listPoints', {}, NO_NAMES, {}),
  ...named('count', {}, NO_NAMES, {}),
  ...named('deletePoints', { ids: ['a'] }, NO_NAMES, {}),
  ...named('createIndex', { path: 'a', type: 'keyword' }, NO_NAMES, {}),
  ...named('get', 'a', NO_NAMES, {}),
  ...(['upsert', 'search', 'count', 'get', 'delete'] as const).flatMap((method) =>
    named(
      method,
      { upsert: point, search: { vector: [1, 2] }, count: {}, get: 'a', delete: 'a' }[method],
      ['none', 'constructor', 'toString'],
      {
        verdict: 'COLLECTION_NOT_FOUND',
        at: undefined,
      },
    ),
  ),
];

const ids = ['a', 'b'];
export const changeRows: readonly Row[] = [
  ...accepts('updatePoints', {
    'a value': { ids, set: { m: 1 } },
    'a value at a path': { ids, set: { 'deep.er': 1 } },
    'a null': { ids, set: { m: null } },
    'a point that is not there': { ids: ['none'], set: { m: 1 } },
    'an empty payload': { ids, replace: {} },
    'a property that is undefined': { ids, set: { m: undefined, k: 1 } },
  }),
  ...refuses('updatePoints', 'set', {
    nothing: { ids },
    'nothing to set': { ids, set: {} },
    'only undefined': { ids, set: { m: undefined } },
    'a list to set': { ids, set: [1] },
    'a text to set': { ids, set: 'x' },
    'a key __proto__': { ids, set: JSON.parse('{"__proto__": 1}') as object },
    'a key with a lone surrogate': { ids, set: { '\ud800': 1 } },
  }),
  ...refuses('updatePoints', 'set.m', {
    NaN: { ids, set: { m: Number.NaN } },
    'a Date': { ids, set: { m: new Date(0) } },
    'a lone surrogate': { ids, set: { m: '\ud800' } },
  }),
  ...refuses('updatePoints', 'replace', {
    'a list as a payload': { ids, replace: [1] },
    'a text as a payload': { ids, replace: 'x' },
    'a Map as a payload': { ids, replace: new Map() },
  }),
  ...refuses('updatePoints', 'remove', { 'a text to remove': { ids, remove: 'ab' } }),
  ...refuses('updatePoints', 'remove[0]', {
    'a number to remove': { ids, remove: [5] },
    'a lone surrogate to remove': { ids, remove: ['\ud800'] },
  }),
  ...refuses('updatePoints', 'ids', { 'no points': { set: { m: 1 } }, 'no ids': { ids: [], set: { m: 1 } } }),
  ...refuses('updatePoints', 'ids', { 'ids that are a text': { ids: 'ab', set: { m: 1 } } }),
  ...refuses('updatePoints', 'ids[0]', {
    'an empty id': { ids: [''], set: { m: 1 } },
    'an id that is a number': { ids: [5], set: { m: 1 } },
    'an id with a lone surrogate': { ids: ['\ud800'], set: { m: 1 } },
  }),
  ...refuses('updatePoints', 'filter', {
    'an empty filter': { filter: {}, set: { m: 1 } },
    'a filter of no conditions': { filter: { all: [] }, set: { m: 1 } },
  }),
  ...refuses('updatePoints', 'filter.eq', {
    'a filter of NaN': { filter: { field: 'n', eq: Number.NaN }, set: { m: 1 } },
  }),
  ...refuses('updatePoints', 'if_version', {
    'a version with a filter': { filter: { field: 'n', eq: 1 }, ifVersion: 1n, set: { m: 1 } },
    'a version of -1': { ids, ifVersion: -1n, set: { m: 1 } },
  }),
  ...refuses(
    'updatePoints',
    undefined,
    { 'another version': { ids, ifVersion: 2n ** 60n, set: { m: 1 } } },
    { code: 'VERSION_CONFLICT' },
  ),
  ...refuses('updatePoints', 'unset', { 'an unknown option': { ids, unset: ['m'] } }),
  ...accepts('deletePoints', { 'points that are not there': { ids: ['none'] }, 'a point twice': { ids: ['a', 'a'] } }),
  ...refuses('deletePoints', 'ids', { nothing: {} }, { not: { CLI: 'its command takes a filter' } }),
  ...refuses('deletePoints', 'ids', {
    'no ids': { ids: [] },
    'ids that are a text': { ids: 'ab' },
    'ids that are an object': { ids: {} },
  }),
  ...refuses('deletePoints', 'ids[1]', {
    'an empty id': { ids: ['a', ''] },
    'an undefined id': { ids: ['a', undefined] },
    'a null id': { ids: ['a', null] },
    'a lone surrogate in an id': { ids: ['a', '\ud800'] },
  }),
  ...refuses('deletePoints', 'filter', {
    'an empty filter': { filter: {} },
    'a filter that is a list': { filter: [] },
  }),
  ...refuses(
    'deletePoints',
    'where',
    { 'an unknown option': { ids: ['a'], where: {} } },
    { not: { gRPC: 'protobuf passes over unknown fields', CLI: 'it has no flag for ids' } },
  ),
  ...refuses('get', 'id', {
    'an empty id': '',
    'an id of 513 bytes': 'x'.repeat(513),
    'a number': 5,
    undefined: undefined,
    null: null,
    'a lone surrogate': '\ud800',
    'a NUL': 'a\0',
  }),
  ...refuses(
    'get',
    undefined,
    { 'a point that is not there': 'none', 'a path': '../a', 'a name that objects have': '__proto__' },
    { code: 'POINT_NOT_FOUND' },
  ),
  ...accepts('delete', { 'a point that is not there': 'none', 'a point': 'a', 'a path': '..' }),
  ...refuses('delete', 'id', {
    'an empty id': '',
    'an id of 513 bytes': 'x'.repeat(513),
    'a number': 5,
    undefined: undefined,
    null: null,
    'a lone surrogate': '\ud800',
    'a NUL': 'a\0',
  }),
];

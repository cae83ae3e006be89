import { accepts, type Row, refuses } from './rows.js';

const vector = [1, 2];
type Values = Readonly<Record<string, unknown>>;
const each = (values: Values, make: (value: unknown) => unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, make(value)]));

/** Values of a field that is an integer without sign. */
const NO_COUNTS: Values = {
  '-1': -1,
  '1.5': 1.5,
  '2^32': 2 ** 32,
  '2^53 + 2': 2 ** 53 + 2,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  'a word': 'abc',
  'an empty text': '',
  'a text with a unit': '5s',
  'a list': [5],
  'an object': {},
  'a function': () => 5,
};
/** Values of a field that is a float32. */
const NO_FLOATS: Values = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '1e39': 1e39,
  'a word': 'abc',
  true: true,
  'a list': [0.5],
  'an object': {},
};

const searching = (field: string, values: Values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${field} ${name}`, { vector, [field]: value }]));

const limits: Row[] = [
  ...accepts(
    'search',
    searching('topK', {
      '0': 0,
      '1': 1,
      '10000': 10_000,
      '5 as text': '5',
      null: null,
      undefined: undefined,
      '2n': 2n,
    }),
  ),
  ...refuses('search', 'top_k', searching('topK', { ...NO_COUNTS, '10001': 10_001, true: true })),
  ...accepts('search', searching('ef', { '0': 0, '1': 1, '10000': 10_000 })),
  ...refuses('search', 'ef', searching('ef', { ...NO_COUNTS, '10001': 10_001 })),
  ...accepts('search', searching('recall', { '0': 0, '0.5': 0.5, '0.9': 0.9, '0.999': 0.999 })),
  ...refuses(
    'search',
    'recall',
    searching('recall', { ...NO_FLOATS, '1': 1, '0.4': 0.4, '-1': -1, '1e-45': 1e-45, '0.9995': 0.9995 }),
  ),
  ...refuses('search', 'recall', { 'recall and ef': { vector, recall: 0.9, ef: 100 } }),
  ...accepts(
    'search',
    searching('scoreThreshold', { '0': 0, '-1': -1, '1.5': 1.5, '3.4e38': 3.4e38, '0.5 as text': '0.5' }),
  ),
  ...refuses('search', 'score_threshold', searching('scoreThreshold', NO_FLOATS)),
  ...accepts(
    'search',
    searching('timeoutMs', { '0': 0, '2^31 - 1': 2 ** 31 - 1, '2^31': 2 ** 31, '2^32 - 1': 2 ** 32 - 1 }),
  ),
  ...refuses('search', 'timeout_ms', searching('timeoutMs', NO_COUNTS)),
  ...accepts('search', searching('exact', { true: true, false: false, undefined: undefined, null: null })),
  ...refuses('search', 'exact', searching('exact', { '1': 1, 'a text': 'true', '0': 0 })),
  ...refuses('search', 'include_vectors', searching('includeVectors', { 'a text': 'yes' })),
  ...refuses('search', 'using', searching('using', { 'a number': 5, 'a lone surrogate': '\ud800' })),
  ...refuses('search', undefined, searching('using', { 'a vector that there is not': 'none' })),
  ...refuses('search', 'query', searching('query', { 'a number': 5, 'a lone surrogate': '\ud800' })),
];

const sought: Row[] = [
  ...refuses('search', 'vector', {
    'a vector and a point': { vector, likeId: 'a' },
    'a vector and a text': { vector, text: 'x' },
  }),
  ...refuses(
    'search',
    'vector',
    { nothing: {}, 'an empty vector': { vector: [] }, 'a vector of one': { vector: [1] } },
    {
      code: 'DIMENSION_MISMATCH',
    },
  ),
  ...refuses('search', 'vector[1]', {
    'a vector with null': { vector: [1, null] },
    'a vector with a word': { vector: [1, 'x'] },
    'a vector with NaN': { vector: [1, Number.NaN] },
    'a vector with 1e39': { vector: [1, 1e39] },
  }),
  ...refuses('search', 'vector', {
    'a vector that is too long': { vector: [2 ** 63, 0] },
    'a vector that is a text': { vector: 'ab' },
    'a vector that is an object': { vector: {} },
  }),
  ...refuses('search', undefined, { 'a point that there is not': { likeId: 'none' } }, { code: 'POINT_NOT_FOUND' }),
  ...refuses('search', 'like_id', {
    'a point that is a number': { likeId: 5 },
    'a point of 513 bytes': { likeId: 'x'.repeat(513) },
    'a point with a lone surrogate': { likeId: '\ud800' },
  }),
  ...refuses('search', 'text', {
    'a text where there is no embedding': { text: 'x' },
    'a text that is a number': { text: 5 },
  }),
  ...refuses('search', 'why_not', { 'why not of a long id': { vector, whyNot: 'x'.repeat(513) } }),
  ...refuses('search', 'topk', { 'an unknown option, topk': { vector, topk: 5 } }),
  ...refuses(
    'search',
    'limit',
    { 'an unknown option, limit': { vector, limit: 5 } },
    { not: { CLI: 'its flags are its own' } },
  ),
  ...refuses('search', 'toString', { 'an unknown option that objects have': { vector, toString: 5 } }),
  ...accepts('search', {
    'options that are undefined': { vector, filter: undefined, ef: undefined, consistency: undefined },
  }),
  ...accepts(
    'search',
    { 'the name in the proto': { vector, top_k: 2 } },
    { not: { gRPC: 'fields have numbers there', CLI: 'its flags are its own' } },
  ),
  ...accepts('search', {
    'a consistency': { vector, consistency: 'linearizable' },
    'a bound of 0': { vector, consistency: { maxStalenessMs: 0 } },
  }),
  ...refuses('search', 'consistency.level', { 'an unknown consistency': { vector, consistency: 'eventual' } }),
  ...refuses('search', 'consistency.level', { 'a consistency in capitals': { vector, consistency: 'ANY' } }),
  ...refuses('search', 'consistency.max_staleness_ms', {
    'a bound of -1': { vector, consistency: { maxStalenessMs: -1 } },
    'a bound of 1.5': { vector, consistency: { maxStalenessMs: 1.5 } },
    'a bound of two hours': { vector, consistency: { maxStalenessMs: 7_200_000 } },
  }),
  ...refuses('search', 'consistency.write_token', {
    'a token of nothing': { vector, consistency: { writeToken: 'x' } },
    'an empty token': { vector, consistency: { writeToken: '' } },
  }),
  ...refuses('search', 'consistency.staleness', {
    'an unknown bound': { vector, consistency: { maxStalenessMs: 1, staleness: 1 } },
  }),
];

const deep: object = { field: 'n', eq: 1 };
const deepFilter = (levels: number) => {
  let filter: object = deep;
  for (let level = 0; level < levels; level++) filter = { all: [filter] };
  return filter;
};
const filters = (values: Values) => each(values, (filter) => ({ vector, filter }));

const filtering: Row[] = [
  ...accepts(
    'search',
    filters({
      'an empty filter': {},
      'a filter that is null': null,
      'a filter that is undefined': undefined,
      'a filter 16 deep': deepFilter(16),
      'no conditions': { all: [] },
      'no values': { field: 'n', in: [] },
      'no ids': { ids: [] },
      'ids that no point has': { ids: ['', 'x'.repeat(600)] },
      'a number of 64 bits': { field: 'n', eq: 2n ** 63n },
      '-0': { field: 'n', gt: -0 },
      'a key __proto__': { field: '__proto__', exists: true },
      'an undefined test': { field: 'n', eq: 1, gt: undefined },
    }),
    { not: { gRPC: 'tried by the SDK over gRPC' } },
  ),
  ...refuses(
    'search',
    'filter',
    filters({
      'a filter that is a list': [],
      'a filter that is a text': 'x',
      'a filter that is a Map': new Map(),
      'a filter that is true': true,
    }),
  ),
  ...refuses('search', 'filter.feild', filters({ 'an unknown condition': { feild: 'n', eq: 1 } })),
  ...refuses('search', 'filter.equals', filters({ 'an unknown test': { field: 'n', equals: 1 } })),
  ...refuses(
    'search',
    'filter',
    filters({
      'two conditions': { all: [], any: [] },
      'no test': { field: 'n' },
      'two tests': { field: 'n', eq: 1, prefix: 'x' },
    }),
    {
      not: { gRPC: 'a oneof of protobuf has one of them' },
    },
  ),
  ...refuses(
    'search',
    'filter.field',
    filters({
      'a path that is a number': { field: 5, eq: 1 },
      'a path with a lone surrogate': { field: '\ud800', eq: 1 },
    }),
  ),
  ...refuses(
    'search',
    'filter.all',
    filters({ 'conditions that are an object': { all: {} }, 'conditions that are a text': { all: 'x' } }),
  ),
  ...refuses(
    'search',
    'filter.all[0]',
    filters({ 'a condition that is null': { all: [null] }, 'an empty condition': { all: [{}] } }),
  ),
  ...refuses(
    'search',
    'filter.any[1].eq',
    filters({ 'a wrong value further down': { any: [deep, { field: 'n', eq: Number.NaN }] } }),
  ),
  ...refuses(
    'search',
    'filter.eq',
    filters({
      NaN: { field: 'n', eq: Number.NaN },
      Infinity: { field: 'n', eq: Number.POSITIVE_INFINITY },
      'null as a value': { field: 'n', eq: null },
      'a Date as a value': { field: 'n', eq: new Date(0) },
      'a list as a value': { field: 'n', eq: [1] },
      'an object as a value': { field: 'n', eq: {} },
      'a function as a value': { field: 'n', eq: () => 1 },
      'a bigint of 2^64': { field: 'n', eq: 2n ** 64n },
      'a lone surrogate as a value': { field: 'n', eq: '\ud800' },
    }),
  ),
  ...refuses(
    'search',
    'filter.in[1]',
    filters({
      'undefined among values': { field: 'n', in: [1, undefined] },
      'null among values': { field: 'n', in: [1, null] },
    }),
  ),
  ...refuses(
    'search',
    'filter.in',
    filters({
      'values in a Set': { field: 'n', in: new Set([1]) },
      'values that are a text': { field: 'n', in: 'abc' },
    }),
  ),
  ...refuses('search', 'filter.gt', filters({ 'a bound that is NaN': { field: 'n', gt: Number.NaN } })),
  ...refuses(
    'search',
    'filter',
    filters({
      'a bound that is null': { field: 'n', gt: null },
      'bounds of two kinds': { field: 'n', gt: 1, lt: '2024-01-01' },
    }),
  ),
  ...refuses(
    'search',
    'filter.prefix',
    filters({
      'a prefix that is a number': { field: 'n', prefix: 5 },
      'a prefix with a lone surrogate': { field: 'n', prefix: '\ud800' },
    }),
  ),
  ...refuses('search', 'filter.text', filters({ 'a text with a lone surrogate': { field: 'n', text: 'x\udc00' } })),
  ...refuses('search', 'filter.exists', filters({ 'exists that is a text': { field: 'n', exists: 'true' } })),
  ...refuses(
    'search',
    'filter.ids[0]',
    filters({ 'ids that are numbers': { ids: [1] }, 'ids with a lone surrogate': { ids: ['\ud800'] } }),
  ),
  ...refuses('search', 'filter.ids', filters({ 'ids that are a text': { ids: 'ab' } })),
  ...refuses(
    'search',
    'filter.geoRadius.meters',
    filters({ 'a radius of NaN': { field: 'n', geoRadius: { center: { lat: 1, lon: 1 }, meters: Number.NaN } } }),
  ),
  ...refuses(
    'search',
    'filter.nested.path',
    filters({ 'a nested filter without a path': { nested: { filter: deep } } }),
    { not: { gRPC: 'an empty path is none there' } },
  ),
  ...[17, 18, 40, 1_000, 100_000].flatMap((levels) =>
    refuses(
      'search',
      'filter',
      { [`a filter ${levels} deep`]: { vector, filter: deepFilter(levels) } },
      {
        json: `{"vector":[1,2],"filter":${'{"all":['.repeat(levels)}{"field":"n","eq":1}${']}'.repeat(levels)}}`,
        ...(levels > 40
          ? { not: { gRPC: 'its decoders end at 100 messages within each other, before fields have names' } }
          : {}),
      },
    ),
  ),
];

const queries = (values: Values) => each(values, (branch) => ({ branches: [branch] }));
const querying: Row[] = [
  ...accepts('query', {
    'a branch': { branches: [{ vector }] },
    'sixteen branches': { branches: Array.from({ length: 16 }, () => ({ vector })) },
  }),
  ...refuses('query', 'branches', {
    'no branches': { branches: [] },
    'seventeen branches': { branches: Array.from({ length: 17 }, () => ({ vector })) },
    'branches that are missing': {},
    'branches that are an object': { branches: {} },
  }),
  ...refuses(
    'query',
    'branches[0]',
    queries({
      'an empty branch': {},
      'a vector and a text in a branch': { vector, text: { query: 'x' } },
      'a branch that is null': null,
      'an empty vector in a branch': { vector: [] },
    }),
  ),
  ...refuses('query', 'branches[0].weight', queries(each(NO_FLOATS, (weight) => ({ vector, weight })))),
  ...refuses(
    'query',
    'branches[0].weight',
    queries({ 'a weight of -1': { vector, weight: -1 }, 'a weight of 1e7': { vector, weight: 1e7 } }),
  ),
  ...refuses(
    'query',
    'branches[0].limit',
    queries({
      'a limit of -1': { vector, limit: -1 },
      'a limit of 10001': { vector, limit: 10_001 },
      'a limit of 1.5': { vector, limit: 1.5 },
    }),
  ),
  ...refuses('query', 'branches[0].ef', queries({ 'an ef of 10001 in a branch': { vector, ef: 10_001 } })),
  ...refuses(
    'query',
    'branches[0].recall',
    queries({
      'a recall of 0.4 in a branch': { vector, recall: 0.4 },
      'a recall and an ef in a branch': { vector, recall: 0.9, ef: 9 },
    }),
  ),
  ...refuses(
    'query',
    'branches[0].score_threshold',
    queries({ 'a threshold of NaN in a branch': { vector, scoreThreshold: Number.NaN } }),
  ),
  ...refuses('query', 'branches[0].weigth', queries({ 'an unknown option in a branch': { vector, weigth: 1 } })),
  ...refuses(
    'query',
    'branches[0].text.fields[0].feild',
    queries({ 'an unknown option of a field': { text: { query: 'x', fields: [{ feild: 'a' }] } } }),
  ),
  ...refuses(
    'query',
    'branches[0].text.fields[0].boost',
    queries({ 'a boost of NaN': { text: { query: 'x', fields: [{ path: 'a', boost: Number.NaN }] } } }),
  ),
  ...refuses(
    'query',
    'branches[0].filter.eq',
    queries({ 'a filter of NaN in a branch': { vector, filter: { field: 'n', eq: Number.NaN } } }),
  ),
  ...refuses(
    'query',
    'branches[0].vector[1]',
    queries({
      'null in the vector of a branch': { vector: [1, null] },
      'NaN in the vector of a branch': { vector: [1, Number.NaN] },
    }),
  ),
  ...refuses(
    'query',
    'branches[0].examples.positive_ids',
    queries({
      'no examples': { examples: { positiveIds: [] } },
      'examples that are a text': { examples: { positiveIds: 'ab' } },
    }),
  ),
  ...refuses(
    'query',
    'branches[0].sparse.values[0]',
    queries({ 'a sparse value of NaN': { sparse: { name: 'words', indices: [1], values: [Number.NaN] } } }),
  ),
  ...refuses('query', 'top_k', {
    'a top_k of -1': { branches: [{ vector }], topK: -1 },
    'a top_k of 10001': { branches: [{ vector }], topK: 10_001 },
  }),
  ...refuses('query', 'score_threshold', {
    'a threshold of Infinity': { branches: [{ vector }], scoreThreshold: Number.POSITIVE_INFINITY },
  }),
  ...refuses('query', 'fusion', { 'an unknown fusion': { branches: [{ vector }], fusion: 'max' } }),
  ...refuses('query', 'rrf_k', { 'an rrf_k of -1': { branches: [{ vector }], rrfK: -1 } }),
  ...refuses('query', 'diversity.share', {
    'a share of 2': { branches: [{ vector }], diversity: { share: 2 } },
    'a share of NaN': { branches: [{ vector }], diversity: { share: Number.NaN } },
  }),
  ...refuses('query', 'group_by.path', { 'groups by nothing': { branches: [{ vector }], groupBy: { path: '' } } }),
  ...refuses('query', 'group_by.size', {
    'an unknown option of groups': { branches: [{ vector }], groupBy: { path: 'n', size: 3 } },
  }),
  ...refuses('query', 'timeout_ms', { 'a timeout of 1.5': { branches: [{ vector }], timeoutMs: 1.5 } }),
  ...refuses(
    'query',
    'rescore_vector[1]',
    { 'a rescore vector with null': { branches: [{ vector }], rescoreVector: [1, null] } },
    { not: { REST: 'the field is bytes there', gRPC: 'the field is bytes there' } },
  ),
];

const listing = (field: string, values: Values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${field} ${name}`, { [field]: value }]));
const pages: Row[] = [
  ...accepts(
    'listPoints',
    listing('limit', { '0': 0, '1': 1, '1000': 1000, '5 as text': '5', undefined: undefined, null: null }),
  ),
  ...refuses('listPoints', 'limit', listing('limit', { ...NO_COUNTS, '1001': 1001, '2^31': 2 ** 31 })),
  ...refuses('listPoints', 'cursor', listing('cursor', { 'a number': 5, 'a lone surrogate': '\ud800' })),
  ...refuses('listPoints', 'include_vectors', listing('includeVectors', { 'a text': 'yes', '1': 1 })),
  ...refuses('listPoints', 'pageSize', { 'an unknown option': { pageSize: 5 } }),
  ...refuses('listPoints', 'order_by.path', { 'an order by a number': { orderBy: { path: 5 } } }),
  ...refuses('listPoints', 'order_by', { 'an order that is a text': { orderBy: 'n' } }),
  ...refuses('listPoints', 'order_by.desc', {
    'an unknown option of an order': { orderBy: { path: 'n', desc: true } },
  }),
  ...refuses('listPoints', 'cursor', { 'a cursor of another order': { orderBy: { path: 'n' }, cursor: 'x' } }),
  ...refuses('listPoints', 'filter.eq', { 'a filter of NaN': { filter: { field: 'n', eq: Number.NaN } } }),
  ...refuses('listPoints', 'consistency.level', { 'an unknown consistency': { consistency: 'strong' } }),
  ...accepts('count', { everything: {}, 'an empty filter': { filter: {} } }),
  ...refuses('count', 'filter.eq', { 'a filter of NaN': { filter: { field: 'n', eq: Number.NaN } } }),
  ...refuses(
    'count',
    'estimate',
    { 'an estimate that is a text': { estimate: 'yes' } },
    { not: { CLI: 'the flag has no value' } },
  ),
  ...refuses('count', 'fitler', { 'an unknown option': { fitler: {} } }),
  ...accepts('facets', { 'a path': { path: 'n' } }),
  ...refuses(
    'facets',
    'limit',
    each({ '-1': -1, '1.5': 1.5, '100001': 100_001, NaN: Number.NaN }, (limit) => ({ path: 'n', limit })),
  ),
  ...refuses('facets', 'path', {
    'a path that is a number': { path: 5 },
    'a path with a lone surrogate': { path: '\ud800' },
  }),
  ...refuses('facets', 'limits', { 'an unknown option': { path: 'n', limits: 5 } }),
  ...accepts('listChanges', { 'no wait': { waitMs: 0 } }),
  ...refuses('listChanges', 'wait_ms', {
    '-1': { waitMs: -1 },
    '60001': { waitMs: 60_001 },
    '1.5': { waitMs: 1.5 },
    'a word': { waitMs: 'x' },
  }),
  ...refuses('listChanges', 'cursor', { 'a cursor of nothing': { cursor: 'x' } }),
  ...refuses(
    'measureRecall',
    'queries',
    each({ '1001': 1001, '-1': -1, '1.5': 1.5, NaN: Number.NaN }, (queries) => ({ queries })),
  ),
  ...refuses(
    'measureRecall',
    'timeout_ms',
    each({ '600001': 600_001, '-1': -1, '2^31': 2 ** 31 }, (timeoutMs) => ({ timeoutMs })),
  ),
  ...refuses('measureRecall', 'sample', { 'an unknown option': { sample: 5 } }),
];

export const searchRows: readonly Row[] = [...limits, ...sought, ...filtering, ...querying, ...pages];

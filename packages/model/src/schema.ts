import { toVectronError, VectronError } from '@vectron/errors';
import { type gateway, workerData } from '@vectron/proto';
import { type AskShard, askFor, RouteChanged } from './ask-shard.js';
import type { Route } from './route.js';

const KINDS: Record<string, workerData.IndexKind> = {
  keyword: workerData.IndexKind.INDEX_KIND_KEYWORD,
  integer: workerData.IndexKind.INDEX_KIND_INTEGER,
  float: workerData.IndexKind.INDEX_KIND_FLOAT,
  bool: workerData.IndexKind.INDEX_KIND_BOOL,
  datetime: workerData.IndexKind.INDEX_KIND_DATETIME,
  geo: workerData.IndexKind.INDEX_KIND_GEO,
  text: workerData.IndexKind.INDEX_KIND_TEXT,
};
const NAMES = new Map(Object.entries(KINDS).map(([name, kind]) => [kind, name]));

function indexOf(index: gateway.PayloadIndex, field: string): workerData.PayloadIndex {
  const { path, type, language, stopWords } = index;
  // The default has one form, so that naming it is the same declaration.
  const analyzer = index.analyzer === 'words' ? '' : index.analyzer;
  if (!Object.hasOwn(KINDS, type)) {
    throw VectronError.invalid(`${field}.type`, `type must be one of ${Object.keys(KINDS).join(', ')}, not ${type}`);
  }
  if (path === '') throw VectronError.invalid(`${field}.path`, 'an index requires a path');
  return { path, kind: KINDS[type], language, analyzer, stopWords };
}

/** The shard checks its values. */
const namedVectorOf = (vector: gateway.NamedVector): workerData.NamedVector => {
  const { name, dimension, distance, hnswM: m, hnswEfConstruction: efConstruction } = vector;
  const { quantization, storage, oversampling } = vector;
  return { name, dimension, metric: distance.toLowerCase(), m, efConstruction, quantization, storage, oversampling };
};

const namedVector = (vector: workerData.NamedVector): gateway.NamedVector => {
  const { name, dimension, metric, m: hnswM, efConstruction: hnswEfConstruction } = vector;
  const { quantization, storage, oversampling } = vector;
  const distance = metric || 'cosine';
  return { name, dimension, distance, hnswM, hnswEfConstruction, quantization, storage, oversampling };
};

/** What a create or delete of an index asks of the shards. Throws INVALID_ARGUMENT. */
export function declarationOf(
  request: Pick<gateway.CreateIndexRequest, 'index' | 'sparseVector' | 'namedVector'>,
  drop: boolean,
): workerData.Declaration {
  const { index, sparseVector: name, namedVector } = request;
  if ([index !== undefined, name !== '', namedVector !== undefined].filter(Boolean).length !== 1) {
    throw VectronError.invalid('index', 'send an index, the name of a sparse vector, or a named vector');
  }
  if (namedVector !== undefined) {
    return { declare: { $case: drop ? 'dropVector' : 'addVector', value: namedVectorOf(namedVector) } };
  }
  if (index === undefined) return { declare: { $case: drop ? 'dropSparse' : 'addSparse', value: { name } } };
  return { declare: { $case: drop ? 'dropIndex' : 'addIndex', value: indexOf(index, 'index') } };
}

/** Everything that a new collection declares, each once. Throws INVALID_ARGUMENT. */
export function initialDeclarations(
  request: Pick<gateway.CreateCollectionRequest, 'indexes' | 'sparseVectors' | 'namedVectors'>,
): workerData.Declaration[] {
  eachOnce(
    'indexes',
    request.indexes.map(({ path, type }) => `${type} index of ${path}`),
  );
  eachOnce(
    'sparse_vectors',
    request.sparseVectors.map((name) => `sparse vector ${name}`),
  );
  eachOnce(
    'named_vectors',
    request.namedVectors.map(({ name }) => `named vector ${name}`),
  );
  return [
    ...request.indexes.map((index, at) => ({
      declare: { $case: 'addIndex' as const, value: indexOf(index, `indexes[${at}]`) },
    })),
    ...request.sparseVectors.map((name) => ({ declare: { $case: 'addSparse' as const, value: { name } } })),
    ...request.namedVectors.map((vector) => ({
      declare: { $case: 'addVector' as const, value: namedVectorOf(vector) },
    })),
  ];
}

function eachOnce(field: string, names: readonly string[]): void {
  const at = names.findIndex((name, place) => names.indexOf(name) !== place);
  if (at >= 0)
    throw VectronError.invalid(
      `${field}[${at}]`,
      `${field}[${at}]: the ${names[at]} is declared twice; declare it once`,
    );
}

/** An index, and how many shards have it. */
type ShardsIndex = gateway.IndexInfo & { shards: number };

/** What a shard says of its points, or why it does not. */
export interface ShardCounts {
  readonly points: bigint;
  /** Points that wait for a graph; at most `points`. */
  readonly indexLag: bigint;
  /** Empty: it says it. */
  readonly errorCode: string;
}

/** What each shard holds, by its id. */
export async function countsOf(route: Route, ask: AskShard): Promise<Map<number, ShardCounts>> {
  const counts = route.shards.map(async (shard): Promise<[number, ShardCounts]> => {
    try {
      const { points, indexLag } = await askFor(ask, shard, { $case: 'schema', value: {} }, 'schema');
      return [shard.shardId, { points, indexLag, errorCode: '' }];
    } catch (cause) {
      if (cause instanceof RouteChanged) throw cause;
      return [shard.shardId, { points: 0n, indexLag: 0n, errorCode: toVectronError(cause).code }];
    }
  });
  return new Map(await Promise.all(counts));
}

/** What the collection indexes, as far as every shard has it. */
export async function schemaOf(route: Route, ask: AskShard): Promise<gateway.ListIndexesResponse> {
  const shards = await Promise.all(
    route.shards.map((shard) => askFor(ask, shard, { $case: 'schema', value: {} }, 'schema')),
  );
  const points = shards.reduce((sum, shard) => sum + shard.points, 0n);
  const indexes = new Map<string, ShardsIndex>();
  for (const { index, indexed, ready, unread, unreadId, unreadValue } of shards.flatMap((shard) => shard.indexes)) {
    if (index === undefined) continue;
    const key = `${index.kind} ${index.path}`;
    const { path, language, analyzer, stopWords } = index;
    const named = { path, type: NAMES.get(index.kind) ?? '', language, analyzer, stopWords };
    const none = { indexed: 0n, points, ready: true, unread: 0n, unreadExample: undefined, shards: 0 };
    const known: ShardsIndex = indexes.get(key) ?? { index: named, ...none };
    known.indexed += indexed;
    known.ready &&= ready;
    known.unread += unread;
    if (unreadId !== '') known.unreadExample ??= { id: unreadId, value: unreadValue };
    known.shards += 1;
    indexes.set(key, known);
  }
  const vectors = new Map(shards.flatMap((shard) => shard.vectors.map((one) => [one.name, namedVector(one)])));
  const sparse = new Set(shards.flatMap((shard) => shard.sparse.map(({ name }) => name)));
  return {
    indexes: [...indexes.values()].map(({ shards: having, ...info }) => ({
      ...info,
      ready: info.ready && having === shards.length,
    })),
    sparseVectors: [...sparse],
    namedVectors: [...vectors.values()],
  };
}

/** The words of a text, as the shards of the collection make them: all of them make the same. */
export async function analyzed(
  route: Route,
  request: gateway.AnalyzeRequest,
  ask: AskShard,
): Promise<gateway.AnalyzeResponse> {
  const { text, path, index } = request;
  if (index !== undefined && index.type !== '' && index.type !== 'text') {
    throw VectronError.invalid(
      'index.type',
      `only an index of type text can analyze a text, not one of type ${index.type}`,
    );
  }
  const kind = workerData.IndexKind.INDEX_KIND_TEXT;
  const described = index && {
    path: index.path,
    kind,
    language: index.language,
    analyzer: index.analyzer,
    stopWords: index.stopWords,
  };
  return askFor(ask, route.shards[0], { $case: 'analyze', value: { text, path, index: described } }, 'analyzed');
}

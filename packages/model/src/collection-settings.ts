import { VectronError } from '@vectron/errors';
import { gateway, greatestOf, type placement } from '@vectron/proto';
import { checkCollectionName } from './collection-name.js';

const DURABILITIES = ['fsync', 'relaxed'] as const;
const DISTANCES = ['cosine', 'euclidean', 'dot'] as const;

const QUANTIZATIONS = ['int8', 'none', 'float16', 'binary', 'product'];
const STORAGES = ['memory', 'mmap', 'disk'];
const most = (field: string) => greatestOf('vectron.v1.CreateCollectionRequest', field);

/** What a collection is made for. */
export interface CollectionSettings {
  readonly name: string;
  readonly dimension: number;
  readonly distance: 'cosine' | 'euclidean' | 'dot';
  readonly hnswM: number;
  readonly hnswEfConstruction: number;
  /** Missing in records of the first format: the defaults. */
  readonly vectors?: gateway.VectorSettings;
  /** relaxed: acknowledged before it is on disk. */
  readonly durability: 'fsync' | 'relaxed';
  /** Missing: vectors are given, not texts. */
  readonly embedding?: gateway.EmbeddingSettings;
  readonly rerank?: Omit<gateway.RerankSettings, 'fieldBoosts'> & { fieldBoosts: [string, number][] };
}

/** The settings of a new collection with defaults filled in; throws INVALID_ARGUMENT naming the field. */
export function collectionSettings(request: gateway.CreateCollectionRequest): CollectionSettings {
  const { name, dimension } = request;
  checkCollectionName(name, 'name');
  inRange('dimension', dimension, 1, most('dimension'));
  const distance = DISTANCES.find((known) => known === (request.distance.toLowerCase() || 'cosine'));
  if (distance === undefined) throw VectronError.invalid('distance', 'distance must be cosine, euclidean or dot');
  inRange('shards', request.shards, 0, most('shards'));
  const hnswM = request.hnswM || 16;
  inRange('hnsw_m', hnswM, 2, most('hnsw_m'));
  const hnswEfConstruction = request.hnswEfConstruction || Math.max(200, hnswM);
  inRange('hnsw_ef_construction', hnswEfConstruction, hnswM, most('hnsw_ef_construction'));
  const vectors = vectorSettings(request.vectors);
  inRange('replicas', request.replicas, 0, most('replicas'));
  const durability = durabilityOf(request.durability || 'fsync');
  const rerank = rerankSettings(request.rerank);
  const embedding = embeddingSettings(request.embedding);
  return { name, dimension, distance, hnswM, hnswEfConstruction, vectors, durability, rerank, embedding };
}

function durabilityOf(asked: string): CollectionSettings['durability'] {
  const durability = DURABILITIES.find((known) => known === asked.toLowerCase());
  if (durability === undefined) throw VectronError.invalid('durability', 'durability must be fsync or relaxed');
  return durability;
}

/** The settings with what the request gives; throws INVALID_ARGUMENT naming the field. */
export function changedSettings<S extends CollectionSettings>(
  settings: S,
  request: gateway.UpdateCollectionRequest,
): S {
  const { durability, rerank, embedding } = request;
  if (durability === undefined && rerank === undefined && embedding === undefined) {
    throw VectronError.invalid('durability', 'send at least one of durability, rerank and embedding');
  }
  return {
    ...settings,
    ...(durability === undefined ? {} : { durability: durabilityOf(durability) }),
    ...(rerank === undefined ? {} : { rerank: rerankSettings(rerank) }),
    ...(embedding === undefined ? {} : { embedding: embeddingSettings(embedding) }),
  };
}

/** What would make the collection again, but for what was declared for it. */
export function requestOf(collection: placement.Collection): gateway.CreateCollectionRequest {
  const { name, dimension, distance, hnswM, hnswEfConstruction, vectors, durability, rerank, embedding } = collection;
  return {
    ...gateway.CreateCollectionRequest.fromPartial({}),
    ...{ name, dimension, distance, hnswM, hnswEfConstruction, vectors, rerank, embedding },
    durability: durability || 'fsync',
    shards: collection.shards.length,
  };
}

function vectorSettings(vectors: gateway.VectorSettings | undefined): gateway.VectorSettings {
  const { oversampling = 0, parallelBuild = false } = vectors ?? {};
  const quantization = vectors?.quantization || 'int8';
  const storage = vectors?.storage || 'memory';
  oneOf('vectors.quantization', quantization, QUANTIZATIONS);
  oneOf('vectors.storage', storage, STORAGES);
  inRange('vectors.oversampling', oversampling, 0, greatestOf('vectron.v1.VectorSettings', 'oversampling'));
  if (quantization === 'none' && storage === 'disk') {
    const why = 'quantization none compares the full vectors themselves, which disk does not keep in memory';
    throw VectronError.invalid('vectors.storage', `${why}: use memory or mmap, or another quantization`);
  }
  return { quantization, storage, oversampling, parallelBuild };
}

function oneOf(field: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw VectronError.invalid(field, `${field} must be one of ${known.join(', ')}`);
}

function rerankSettings(rerank: gateway.RerankSettings | undefined): CollectionSettings['rerank'] {
  if (rerank === undefined) return undefined;
  inRange('rerank.oversample', rerank.oversample, 0, greatestOf('vectron.v1.RerankSettings', 'oversample'));
  for (const [field, boost] of rerank.fieldBoosts) {
    if (!(boost >= 0 && boost <= 1000))
      throw VectronError.invalid(`rerank.field_boosts.${field}`, 'a boost must be a number from 0 to 1000');
  }
  return { ...rerank, fieldBoosts: [...rerank.fieldBoosts] };
}

/** Whether there is such a provider is for who has it set up. */
function embeddingSettings(embedding: gateway.EmbeddingSettings | undefined): gateway.EmbeddingSettings | undefined {
  if (embedding === undefined) return undefined;
  if (embedding.provider === '') throw VectronError.invalid('embedding.provider', 'embedding requires a provider');
  return { provider: embedding.provider, textField: embedding.textField || 'text' };
}

function inRange(field: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) {
    throw VectronError.invalid(field, `${field} must be ${min} to ${max}, not ${value}`);
  }
}

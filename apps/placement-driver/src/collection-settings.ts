import { VectronError } from '@vectron/errors';
import type { gateway } from '@vectron/proto';
import { checkCollectionName } from '@vectron/routing';
import type { CollectionRecord } from './collection-record.js';

const DISTANCES = ['cosine', 'euclidean', 'dot'] as const;

type Settings = Pick<CollectionRecord, 'name' | 'dimension' | 'distance' | 'hnswM' | 'hnswEfConstruction' | 'rerank'>;

/** The settings of a new collection with defaults filled in; throws INVALID_ARGUMENT naming the field. */
export function collectionSettings(request: gateway.CreateCollectionRequest): Settings {
  const { name, dimension } = request;
  checkCollectionName(name, 'name');
  inRange('dimension', dimension, 1, 65_536);
  const distance = DISTANCES.find((known) => known === (request.distance.toLowerCase() || 'cosine'));
  if (distance === undefined) throw VectronError.invalid('distance', 'distance must be cosine, euclidean or dot');
  inRange('shards', request.shards, 0, 64);
  const hnswM = request.hnswM || 16;
  inRange('hnsw_m', hnswM, 2, 128);
  const hnswEfConstruction = request.hnswEfConstruction || Math.max(200, hnswM);
  inRange('hnsw_ef_construction', hnswEfConstruction, hnswM, 4096);
  return { name, dimension, distance, hnswM, hnswEfConstruction, rerank: rerankSettings(request.rerank) };
}

function rerankSettings(rerank: gateway.RerankSettings | undefined): Settings['rerank'] {
  if (rerank === undefined) return undefined;
  inRange('rerank.oversample', rerank.oversample, 0, 20);
  for (const [field, boost] of rerank.fieldBoosts) {
    if (!(boost >= 0 && boost <= 1000))
      throw VectronError.invalid(`rerank.field_boosts.${field}`, 'a boost is 0 to 1000');
  }
  return { ...rerank, fieldBoosts: [...rerank.fieldBoosts] };
}

function inRange(field: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) {
    throw VectronError.invalid(field, `${field} must be ${min} to ${max}, not ${value}`);
  }
}

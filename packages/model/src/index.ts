/** What a point, a payload, a vector, a query and a collection may be: the rules that every home of the interface shares. */
export {
  changeCursor,
  changeKind,
  changesOf,
  MAX_CHANGES_WAIT_MS,
  parseChangeCursor,
  type ShardChanges,
} from './changes.js';
export { checkCollectionName } from './collection-name.js';
export { type CollectionSettings, collectionSettings } from './collection-settings.js';
export { mergeTokens, type ReadPlan, readPlan, writeToken } from './consistency.js';
export { type Document, decodeDocument, encodeDocument } from './document.js';
export { splitHashSpace } from './hash-ranges.js';
export { mergeHits } from './hits.js';
export { checkPointId } from './point-id.js';
export { encodePoints, type PointInput } from './points.js';
export { Route } from './route.js';
export { checkLimit, checkSearch, DEFAULT_TOP_K, MAX_TOP_K, type SearchLimits } from './search.js';
export { shardHash } from './shard-hash.js';
export { decodeVector, encodeVector, type VectorInput } from './vector.js';

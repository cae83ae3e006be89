/** The client of Vectron: one interface, over REST or gRPC. `connect('http://127.0.0.1:8080', { apiKey })`. */
export { connect, type ConnectOptions } from './connect.js';
export { type BatchProgress, upsertAll, type UpsertAllOptions } from './batching.js';
export { VectronError, type ErrorCode } from '@vectron/errors';
export type {
  Account,
  ApiKeyInfo,
  CollectionInfo,
  CollectionOptions,
  CollectionStatus,
  Feedback,
  Page,
  Point,
  SearchHit,
  SearchOptions,
  SearchResult,
  StoredPoint,
  UpsertResult,
  Vector,
  VectronClient,
} from './client.js';

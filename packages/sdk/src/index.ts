/**
 * The client of Vectron: one interface, over REST or gRPC (`connect('http://127.0.0.1:8080', { apiKey })`), or in this
 * process without a server (`open('/var/lib/vectors')`).
 */

export { type ErrorCode, type LostChanges, VectronError } from '@vectron/errors';
export { type Filter, type SparseInput, where } from '@vectron/model';
export type {
  Admin,
  Alert,
  AlertRule,
  AuditEntry,
  ClusterStatus,
  Health,
  Operation,
  Operations,
  Rebalancing,
  Shard,
  Stats,
  TenantCollection,
  Worker,
} from './admin.js';
export { type BatchProgress, type UpsertAllOptions, upsertAll } from './batching.js';
export type { ChangeStream, ChangeStreamOptions, ChangesOptions } from './change-stream.js';
export type {
  Account,
  AccountRemoval,
  Alias,
  AnalyzeOptions,
  ApiKeyInfo,
  ApiKeyOptions,
  BatchAck,
  Batches,
  Change,
  CollectionChange,
  CollectionInfo,
  CollectionOptions,
  CollectionStatus,
  Consistency,
  CountResult,
  Explanation,
  FacetResult,
  Feedback,
  Indexes,
  IndexInfo,
  IndexTarget,
  Inheritance,
  Invitation,
  InvitationOptions,
  ListOptions,
  Login,
  NamedVector,
  Page,
  PayloadIndex,
  PayloadUpdate,
  Point,
  PointsSelector,
  QueryBranch,
  QueryHit,
  QueryOptions,
  QueryResult,
  RecallInterval,
  RecallMeasurement,
  RecallOptions,
  RegisterOptions,
  SearchBatchOptions,
  SearchBatchResult,
  SearchHit,
  SearchOptions,
  SearchResult,
  ShardRead,
  StoredPoint,
  Token,
  Tokens,
  UpsertResult,
  UpsertStreamOptions,
  Value,
  Vector,
  VectorSettings,
  VectronClient,
  WhyNot,
} from './client.js';
export { type ConnectOptions, connect } from './connect.js';
export type { OpenOptions } from './embedded-client.js';
export { open } from './open.js';
export type { Snapshot, SnapshotPointsOptions } from './snapshot.js';

/** The Rust core in this process: the only package that loads the addon. */
export { descriptors } from './descriptors.js';
export {
  type Assigned,
  aloneHere,
  Engine,
  type EngineOptions,
  instructionSet,
  type Matches,
  matchIds,
  type PeerAddress,
  type Scrubbed,
  type SearchManyOptions,
  type ShardSettings,
  type ShardStatus,
  type StorageStatus,
  shardSettings,
} from './engine.js';
export { DEFAULT_REPLICATION, type ReplicationOptions } from './replication.js';
export { type CheckedPart, type ExportedShard, exportPebble, storedPoints, verifyDirectory } from './stored.js';

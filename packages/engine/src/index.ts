/** The Rust core in this process: the only package that loads the addon. */
export {
  type Assigned,
  aloneHere,
  DEFAULT_REPLICATION,
  Engine,
  type EngineOptions,
  instructionSet,
  type Matches,
  matchIds,
  type PeerAddress,
  type ReplicationOptions,
  type Scrubbed,
  type SearchManyOptions,
  type ShardSettings,
  type ShardStatus,
  shardSettings,
} from './engine.js';
export { type CheckedPart, type ExportedShard, exportPebble, storedPoints, verifyDirectory } from './stored.js';

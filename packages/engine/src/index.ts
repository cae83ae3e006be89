/** The Rust core in this process: the only package that loads the addon. */
export {
  Engine,
  type EngineOptions,
  instructionSet,
  type Matches,
  matchIds,
  type SearchManyOptions,
  type ShardSettings,
  type ShardStatus,
  shardSettings,
} from './engine.js';

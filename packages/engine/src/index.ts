/** The Rust core in this process: the only package that loads the addon. */
export { Engine, type EngineOptions, instructionSet, type ShardSettings, type ShardStatus } from './engine.js';

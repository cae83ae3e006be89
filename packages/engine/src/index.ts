/** The Rust core in this process: the only package that loads the addon. */
export { Engine, type EngineOptions, type ShardSettings, type ShardStatus, instructionSet } from './engine.js';

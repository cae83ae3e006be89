export { EmbeddedMetaStore } from './embedded-metastore.js';
export { MemoryMetaStore } from './memory-metastore.js';
export type { Change, Compare, MetaEntry, MetaStore, Operation, TxnResult } from './metastore.js';

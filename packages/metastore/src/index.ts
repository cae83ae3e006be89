export { Election, type Leadership } from './election.js';
export { EmbeddedMetaStore, readEmbedded } from './embedded-metastore.js';
export { EtcdMetaStore, type EtcdOptions, isSoundEtcd } from './etcd-metastore.js';
export { EtcdServer, type EtcdServerOptions, freePorts } from './etcd-server.js';
export { MemoryMetaStore } from './memory-metastore.js';
export type { Change, Compare, Lease, MetaEntry, MetaStore, Operation, Page, TxnResult } from './metastore.js';
export { MirroredMetaStore } from './mirrored-metastore.js';

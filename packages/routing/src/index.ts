export { checkCollectionName } from './collection-name.js';
export { splitHashSpace } from './hash-ranges.js';
export { Route } from './route.js';
export { shardHash } from './shard-hash.js';
export { StreamWorkerClient } from './stream-worker-client.js';
export { localWorkerClient, type SubmitOptions, type WorkerClient, type WorkerTarget } from './worker-client.js';

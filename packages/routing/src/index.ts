export { StreamWorkerClient } from './stream-worker-client.js';
export { localWorkerClient, type SubmitOptions, type WorkerClient, type WorkerTarget } from './worker-client.js';

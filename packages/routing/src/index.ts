export { StreamWorkerClient } from './stream-worker-client.js';
export {
  type LocalWorker,
  localWorkerClient,
  type SubmitOptions,
  type WorkerClient,
  type WorkerTarget,
} from './worker-client.js';
export { workerService } from './worker-service.js';

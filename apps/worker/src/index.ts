export { ClusterMember, type MemberParts, type PlacementApi } from './cluster-member.js';
export { type WorkerConfig, workerKnobs } from './config.js';
export { ShardService } from './shard-service.js';
export { WorkerController } from './worker.controller.js';
export { WorkerModule } from './worker.module.js';
export { reportWorker } from './worker-metrics.js';

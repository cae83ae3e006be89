export { type PlacementConfig, placementKnobs } from './config.js';
export { PlacementController } from './placement.controller.js';
export { PlacementModule } from './placement.module.js';
export { reportPlacement } from './placement-metrics.js';
export { PlacementNode } from './placement-node.js';
export { DEFAULT_LIMITS, plan } from './planner.js';
export { localWorkerCalls, remoteWorkerCalls } from './worker-calls.js';

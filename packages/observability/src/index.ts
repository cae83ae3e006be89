export { grpcSpan } from './grpc-spans.js';
export { LogFlood } from './log-flood.js';
export { createLogger, type Logger, NestLogger } from './logger.js';
export {
  createMetrics,
  type Metrics,
  type MetricsSnapshot,
  requestMeter,
  snapshotOf,
  sumOfMetrics,
} from './metrics.js';
export { createProcessMetrics, exposition, type ProcessMetrics } from './process-metrics.js';
export {
  type PlacementMetrics,
  placementMetrics,
  type RerankerMetrics,
  rerankerMetrics,
  rpcMetrics,
  type WorkerMetrics,
  workerMetrics,
} from './service-metrics.js';
export {
  type Carrier,
  currentTraceId,
  inSpan,
  isTracing,
  outgoingTrace,
  startTracing,
  type TracingOptions,
} from './tracing.js';

export { grpcSpan } from './grpc-spans.js';
export { createLogger, type Logger, NestLogger } from './logger.js';
export { createMetrics, type Metrics, type MetricsSnapshot, requestMeter, sumOfMetrics } from './metrics.js';
export {
  type Carrier,
  currentTraceId,
  inSpan,
  isTracing,
  outgoingTrace,
  startTracing,
  type TracingOptions,
} from './tracing.js';

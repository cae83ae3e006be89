export { grpcSpan } from './grpc-spans.js';
export { createLogger, type Logger, NestLogger } from './logger.js';
export { createMetrics, type Metrics, requestMeter } from './metrics.js';
export {
  type Carrier,
  currentTraceId,
  inSpan,
  isTracing,
  outgoingTrace,
  startTracing,
  type TracingOptions,
} from './tracing.js';

export { createLogger, type Logger, NestLogger } from './logger.js';
export { createMetrics, type Metrics } from './metrics.js';

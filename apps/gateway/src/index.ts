export type { Backends } from './backends.js';
export { type GatewayConfig, gatewayKnobs } from './config.js';
export { type AuditEntry, ID_FILE as AUDIT_ID_FILE, type Verification, verifyAudit } from './edge/audit-files.js';
export { type RunningGateway, startGateway } from './start-gateway.js';
export { gatewayCount } from './threads/gateway-count.js';
export type { Descriptors } from './threads/gateway-thread.js';
export { GatewayThreads, type ThreadsOptions } from './threads/gateway-threads.js';
export { runGateway, type ThreadFacts } from './threads/run-gateway.js';

export type { Backends } from './backends.js';
export { type GatewayConfig, gatewayKnobs } from './config.js';
export { type AuditEntry, verifyAudit } from './edge/audit.js';
export { type RunningGateway, startGateway } from './start-gateway.js';

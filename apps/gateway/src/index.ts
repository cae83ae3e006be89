export { type AuditEntry, verifyAudit } from './audit.js';
export type { Backends } from './backends.js';
export { type GatewayConfig, gatewayKnobs } from './config.js';
export { openApiDocument } from './openapi.js';
export { type RunningGateway, startGateway } from './start-gateway.js';

export { ApiKeyRepository } from './api-keys.js';
export { type AuditChain, AuditChains } from './audit-chains.js';
export { AuthController } from './auth.controller.js';
export { AuthModule } from './auth.module.js';
export { AuthInternalController } from './auth-internal.controller.js';
export { type Bootstrap, bootstrapAdmin } from './bootstrap.js';
export { type AuthConfig, authKnobs } from './config.js';
export { randomSecret, secretFile } from './secrets.js';
export { UserRepository } from './users.js';

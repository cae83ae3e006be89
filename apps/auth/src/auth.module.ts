import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import { ApiKeyRepository } from './api-keys.js';
import { AuditChains } from './audit-chains.js';
import { AuthController } from './auth.controller.js';
import { AuthInternalController } from './auth-internal.controller.js';
import { Authenticator } from './authenticator.js';
import type { AuthConfig } from './config.js';
import { FailureCounter } from './failures.js';
import { RevocationFeed } from './revocations.js';
import { randomSecret, secretFile } from './secrets.js';
import { SessionRepository } from './sessions.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';
import { UserRepository } from './users.js';

@Module({})
export class AuthModule {
  /** Reads the secrets in `<data>/secrets`, making them at the first run. */
  static async create(config: AuthConfig, meta: MetaStore): Promise<DynamicModule> {
    const pepper = await secretFile(join(config.data, 'secrets', 'pepper'), randomSecret);
    const signingKeys = await SigningKeys.open(config.data);
    const users = new UserRepository(meta);
    const keys = new ApiKeyRepository(meta, pepper);
    const tokens = new TokenService(signingKeys, config.tokenMinutes * 60);
    const sessions = new SessionRepository(meta, pepper);
    return {
      module: AuthModule,
      controllers: [AuthController, AuthInternalController],
      providers: [
        { provide: UserRepository, useValue: users },
        { provide: ApiKeyRepository, useValue: keys },
        { provide: TokenService, useValue: tokens },
        { provide: Authenticator, useValue: new Authenticator(users, keys, tokens, sessions) },
        { provide: SessionRepository, useValue: sessions },
        { provide: SigningKeys, useValue: signingKeys },
        { provide: FailureCounter, useValue: new FailureCounter(meta) },
        { provide: AuditChains, useValue: new AuditChains(meta, pepper) },
        { provide: RevocationFeed, useValue: new RevocationFeed(meta) },
      ],
    };
  }
}

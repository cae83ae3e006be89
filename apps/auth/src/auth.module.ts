import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import { ApiKeyRepository } from './api-keys.js';
import { AuthController } from './auth.controller.js';
import { AuthInternalController } from './auth-internal.controller.js';
import { Authenticator } from './authenticator.js';
import type { AuthConfig } from './config.js';
import { newSigningKey, randomSecret, secretFile } from './secrets.js';
import { TokenService } from './tokens.js';
import { UserRepository } from './users.js';

@Module({})
export class AuthModule {
  /** Reads the secrets in `<data>/secrets`, making them at the first run. */
  static async create(config: AuthConfig, meta: MetaStore): Promise<DynamicModule> {
    const pepper = await secretFile(join(config.data, 'secrets', 'pepper'), randomSecret);
    const signingKey = await secretFile(join(config.data, 'secrets', 'jwt.jwk'), newSigningKey);
    const users = new UserRepository(meta);
    const keys = new ApiKeyRepository(meta, pepper);
    const tokens = new TokenService(signingKey, config.tokenMinutes * 60);
    return {
      module: AuthModule,
      controllers: [AuthController, AuthInternalController],
      providers: [
        { provide: UserRepository, useValue: users },
        { provide: ApiKeyRepository, useValue: keys },
        { provide: TokenService, useValue: tokens },
        { provide: Authenticator, useValue: new Authenticator(users, keys, tokens) },
      ],
    };
  }
}

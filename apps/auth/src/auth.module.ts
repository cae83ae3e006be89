import { type DynamicModule, Module } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import { Accounts } from './accounts/accounts.js';
import { Counts } from './accounts/counts.js';
import { Deletions } from './accounts/deletions.js';
import { InvitationSweep } from './accounts/invitation-sweep.js';
import { ApiKeyRepository } from './api-keys.js';
import { AttemptSweep } from './attempt-sweep.js';
import { AuditChains } from './audit-chains.js';
import { AuthController } from './auth.controller.js';
import { AuthInternalController } from './auth-internal.controller.js';
import { authParts } from './auth-parts.js';
import { Authenticator } from './authenticator.js';
import { Callers } from './callers.js';
import type { AuthConfig } from './config.js';
import { KeyService } from './key-service.js';
import { Logins } from './logins.js';
import { RevocationFeed } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';
import { UserRepository } from './users.js';

@Module({})
export class AuthModule {
  static async create(config: AuthConfig, meta: MetaStore): Promise<DynamicModule> {
    const parts = await authParts(config, meta);
    return {
      module: AuthModule,
      controllers: [AuthController, AuthInternalController],
      providers: [
        { provide: UserRepository, useValue: parts.users },
        { provide: ApiKeyRepository, useValue: parts.keys },
        { provide: KeyService, useValue: parts.keyService },
        { provide: TokenService, useValue: parts.tokens },
        { provide: Authenticator, useValue: parts.authenticator },
        { provide: Callers, useValue: parts.callers },
        { provide: SigningKeys, useValue: parts.signing },
        { provide: Logins, useValue: parts.logins },
        { provide: Accounts, useValue: parts.accounts },
        { provide: Deletions, useValue: parts.deletions },
        { provide: Counts, useValue: parts.counts },
        { provide: AuditChains, useValue: parts.audits },
        { provide: RevocationFeed, useValue: parts.revocations },
        { provide: AttemptSweep, useValue: new AttemptSweep(parts.attempts) },
        { provide: InvitationSweep, useValue: new InvitationSweep(parts.invitations) },
      ],
    };
  }
}

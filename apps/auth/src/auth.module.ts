import { join } from 'node:path';
import { type DynamicModule, Module, type OnModuleDestroy } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import { ApiKeyRepository } from './api-keys.js';
import { AttemptCounters } from './attempts.js';
import { AuthController } from './auth.controller.js';
import { AuthInternalController } from './auth-internal.controller.js';
import { Authenticator } from './authenticator.js';
import type { AuthConfig } from './config.js';
import { GuessLimits } from './guess-limits.js';
import { KnownAddresses } from './known-addresses.js';
import { Logins } from './logins.js';
import { RevocationFeed } from './revocations.js';
import { randomSecret, secretFile } from './secrets.js';
import { type SessionLimits, SessionRepository } from './sessions.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';
import { UserRepository } from './users.js';

/** Often enough that all of the counters are looked at within their longest life. */
const SWEEP_MS = 4_000;

/** Removes counters of attempts that are forgotten, as long as the process runs. */
class AttemptSweeper implements OnModuleDestroy {
  readonly #timer: NodeJS.Timeout;

  constructor(attempts: AttemptCounters) {
    // What was not removed, because the MetaStore is away, is removed the next time round.
    this.#timer = setInterval(() => void attempts.sweep().catch(() => {}), SWEEP_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }
}

const HOUR_MS = 3_600_000;
const sessionLimits = ({ sessionIdleHours, sessionHours, maxSessions }: AuthConfig): SessionLimits => ({
  idleMs: sessionIdleHours * HOUR_MS,
  longestMs: sessionHours * HOUR_MS,
  most: maxSessions,
});

@Module({})
export class AuthModule {
  /** Reads the secrets in `<data>/secrets`, making them at the first run. */
  static async create(config: AuthConfig, meta: MetaStore): Promise<DynamicModule> {
    const pepper = await secretFile(join(config.data, 'secrets', 'pepper'), randomSecret);
    const signingKeys = await SigningKeys.open(config.data);
    const users = new UserRepository(meta);
    const keys = new ApiKeyRepository(meta, pepper);
    const tokens = new TokenService(signingKeys, config.tokenMinutes * 60);
    const sessions = new SessionRepository(meta, pepper, sessionLimits(config));
    const attempts = new AttemptCounters(meta);
    const guesses = new GuessLimits(attempts, new KnownAddresses(meta, pepper), pepper, config);
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
        { provide: GuessLimits, useValue: guesses },
        { provide: Logins, useValue: new Logins(users, sessions, tokens, guesses) },
        { provide: AttemptSweeper, useValue: new AttemptSweeper(attempts) },
        { provide: RevocationFeed, useValue: new RevocationFeed(meta) },
      ],
    };
  }
}

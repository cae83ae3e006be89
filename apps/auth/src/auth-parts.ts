import { join } from 'node:path';
import type { MetaStore } from '@vectron/metastore';
import { Accounts } from './accounts/accounts.js';
import { Administration } from './accounts/administration.js';
import { Counts } from './accounts/counts.js';
import { Deletions } from './accounts/deletions.js';
import { InvitationRepository } from './accounts/invitations.js';
import { Registration } from './accounts/registration.js';
import { Tenants } from './accounts/tenants.js';
import { ApiKeyRepository } from './api-keys.js';
import { AttemptCounters } from './attempts.js';
import { AuditChains } from './audit-chains.js';
import { Authenticator } from './authenticator.js';
import { Callers } from './callers.js';
import type { AuthConfig } from './config.js';
import { GuessLimits } from './guess-limits.js';
import { KeyService } from './key-service.js';
import { KnownAddresses } from './known-addresses.js';
import { Logins } from './logins.js';
import { RevocationFeed } from './revocations.js';
import { randomSecret, secretFile } from './secrets.js';
import { type SessionLimits, SessionRepository } from './sessions.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';
import { UserRepository } from './users.js';
import { Profiles } from './wire.js';

export type AuthParts = Awaited<ReturnType<typeof authParts>>;

/** Everything the auth service is made of. Reads the secrets in `<data>/secrets`, making them at the first run. */
export async function authParts(config: AuthConfig, meta: MetaStore) {
  const pepper = await secretFile(join(config.data, 'secrets', 'pepper'), randomSecret);
  const signing = await SigningKeys.open(config.data);
  const tenants = new Tenants(meta, config.maxTenantUsers);
  const users = new UserRepository(meta, tenants);
  const keys = new ApiKeyRepository(meta, pepper, config.maxUserKeys);
  const tokens = new TokenService(signing, config.tokenMinutes * 60);
  const sessions = new SessionRepository(meta, pepper, sessionLimits(config));
  const attempts = new AttemptCounters(meta);
  const guesses = new GuessLimits(attempts, new KnownAddresses(meta, pepper), pepper, config);
  const invitations = new InvitationRepository(meta, pepper, config.maxInvitations);
  const authenticator = new Authenticator(users, keys, tokens, sessions, tenants);
  const callers = new Callers(authenticator, users);
  const logins = new Logins(users, sessions, tokens, guesses);
  const accounts = new Accounts(
    new Registration(users, tenants, invitations, guesses, config.registration),
    new Administration(users, tenants, sessions),
    new Profiles(users, tenants),
    users,
    tenants,
  );
  const deletions = new Deletions(users, callers, logins, { keys, sessions, invitations });
  const revocations = new RevocationFeed(meta);
  const counts = new Counts(meta);
  return {
    ...{ users, keys, tokens, signing, sessions, attempts, guesses, invitations, authenticator, callers, logins },
    ...{
      audits: new AuditChains(meta, pepper),
      accounts,
      deletions,
      revocations,
      counts,
      keyService: new KeyService(keys, users, tokens),
    },
  };
}

const HOUR_MS = 3_600_000;
const sessionLimits = ({ sessionIdleHours, sessionHours, maxSessions }: AuthConfig): SessionLimits => ({
  idleMs: sessionIdleHours * HOUR_MS,
  longestMs: sessionHours * HOUR_MS,
  most: maxSessions,
});

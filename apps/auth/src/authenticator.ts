import { VectronError } from '@vectron/errors';
import type { authInternal } from '@vectron/proto';
import type { ApiKey, ApiKeyRepository } from './api-keys.js';
import type { SessionRepository } from './sessions.js';
import type { TokenService } from './tokens.js';
import type { Role, User, UserRepository } from './users.js';

const RANK: Record<Role, number> = { read: 0, write: 1, admin: 2 };

/** From a bearer token to who it is. Users and keys are looked up each time, so what was deleted is refused. */
export class Authenticator {
  constructor(
    private readonly users: UserRepository,
    private readonly keys: ApiKeyRepository,
    private readonly tokens: TokenService,
    private readonly sessions: SessionRepository,
  ) {}

  async authenticate(token: string): Promise<authInternal.Principal> {
    if (token.startsWith('vk_')) return this.#ofKey(await this.keys.verify(token), 0);
    const claims = await this.tokens.verify(token);
    if (claims.kind === 'sdk') return this.#ofKey(await this.keys.byId(claims.subject), claims.expiresAtMs);
    const [user, session] = await Promise.all([this.users.byId(claims.subject), this.sessions.byId(claims.sessionId)]);
    if (user === undefined || session?.userId !== user.id) throw refused();
    return principal(user, undefined, claims.expiresAtMs, session.id);
  }

  async #ofKey(key: ApiKey | undefined, tokenExpiresAtMs: number): Promise<authInternal.Principal> {
    const user = key && (await this.users.byId(key.userId));
    if (key === undefined || user === undefined) throw refused();
    const expiries = [key.expiresAtMs, tokenExpiresAtMs].filter((at) => at > 0);
    return principal(user, key, expiries.length > 0 ? Math.min(...expiries) : 0);
  }
}

function principal(user: User, key: ApiKey | undefined, expiresAtMs: number, sessionId = ''): authInternal.Principal {
  // A key never exceeds its user.
  const role = key !== undefined && RANK[key.role] < RANK[user.role] ? key.role : user.role;
  return {
    userId: user.id,
    tenantId: user.id,
    email: user.email,
    role,
    apiKeyId: key?.id ?? '',
    collections: key?.collections ?? [],
    expiresAtMs,
    sessionId,
    mustChangePassword: false,
    plan: user.plan,
  };
}

const refused = () => new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired');

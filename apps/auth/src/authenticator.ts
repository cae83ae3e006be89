import { VectronError } from '@vectron/errors';
import { authInternal } from '@vectron/proto';
import type { Tenants } from './accounts/tenants.js';
import type { ApiKey, ApiKeyRepository } from './api-keys.js';
import { lesser } from './rights.js';
import { isOfEpoch, type SessionRepository } from './sessions.js';
import type { TokenService } from './tokens.js';
import { epochOf, type User, type UserRepository } from './users.js';

/** From a bearer token to who it is. Users and keys are looked up each time, so what was deleted or disabled is refused. */
export class Authenticator {
  constructor(
    private readonly users: UserRepository,
    private readonly keys: ApiKeyRepository,
    private readonly tokens: TokenService,
    private readonly sessions: SessionRepository,
    private readonly tenants: Tenants,
  ) {}

  async authenticate(token: string): Promise<authInternal.Principal> {
    if (token.startsWith('vk_')) return this.#ofKey(await this.keys.verify(token), 0);
    const claims = await this.tokens.verify(token);
    if (claims.kind === 'sdk') return this.#ofKey(await this.keys.byId(claims.subject), claims.expiresAtMs);
    const [user, session] = await Promise.all([this.users.byId(claims.subject), this.sessions.byId(claims.sessionId)]);
    if (user === undefined || session?.userId !== user.id || !isOfEpoch(session, epochOf(user))) throw refused();
    const { expiresAtMs } = claims;
    const mustChangePassword = user.mustChangePassword === true;
    return this.#principal(user, { role: user.role, expiresAtMs, sessionId: session.id, mustChangePassword });
  }

  async #ofKey(key: ApiKey | undefined, tokenExpiresAtMs: number): Promise<authInternal.Principal> {
    const user = key && (await this.users.byId(key.userId));
    // A key never exceeds its user.
    const role = key && user && lesser(key.role, user.role);
    if (key === undefined || user === undefined || role === undefined) throw refused();
    const expiries = [key.expiresAtMs, tokenExpiresAtMs].filter((at) => at > 0);
    const expiresAtMs = expiries.length > 0 ? Math.min(...expiries) : 0;
    return this.#principal(user, { role, expiresAtMs, apiKeyId: key.id, collections: key.collections });
  }

  async #principal(user: User, credential: Partial<authInternal.Principal>): Promise<authInternal.Principal> {
    if (user.disabled === true) throw refused();
    const tenant = await this.tenants.byId(user.tenantId);
    return authInternal.Principal.fromPartial({
      userId: user.id,
      tenantId: user.tenantId,
      email: user.email,
      plan: tenant?.plan ?? 'FREE',
      ...credential,
    });
  }
}

const refused = () =>
  new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired; log in again, or send a valid API key');

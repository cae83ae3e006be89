import { VectronError } from '@vectron/errors';
import { type ApiKey, type ApiKeyRepository, noKey } from './api-keys.js';
import type { Caller } from './callers.js';
import { exceeds, mayGive, type Rights, requireRole, rightsOf } from './rights.js';
import type { TokenService } from './tokens.js';
import type { UserRepository } from './users.js';

const FIELD = { role: 'role', collections: 'collections', expiresAtMs: 'expires_at' } as const;
const WHAT = {
  role: (has: Rights) => `its role is ${has.role}`,
  collections: (has: Rights) => `it is for ${has.collections.join(', ')} only`,
  expiresAtMs: (has: Rights) => `it expires at ${Math.floor(has.expiresAtMs / 1000)}`,
} as const;

/** API keys of the caller's account. What a credential makes, lists or deletes never has more than it has itself. */
export class KeyService {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly users: UserRepository,
    private readonly tokens: TokenService,
  ) {}

  async create(caller: Caller, name: string, wanted: Rights): Promise<{ full: string; key: ApiKey }> {
    const { user } = caller;
    const has = rightsOf(caller.principal);
    requireRole(wanted.role);
    if (wanted.expiresAtMs !== 0 && wanted.expiresAtMs <= Date.now()) {
      throw VectronError.invalid('expires_at', 'expires_at must be in the future');
    }
    const more = mayGive(has.role, wanted.role) ? exceeds(has, wanted) : 'role';
    if (more !== undefined) {
      throw new VectronError(
        'PERMISSION_DENIED',
        `a key cannot have more rights than the credential that creates it: ${WHAT[more](has)}; reduce ${FIELD[more]}`,
        { details: { field: FIELD[more] } },
      );
    }
    const { role, expiresAtMs } = wanted;
    // An account that is disabled or fenced meanwhile gets no key.
    const stillThere = async () => {
      const entry = await this.users.entry(user.id);
      if (entry === undefined || entry.user.disabled) {
        throw new VectronError('UNAUTHENTICATED', 'the account was disabled or deleted; ask an administrator');
      }
      return { compares: [entry.compare], operations: [] };
    };
    return this.keys.create(
      { userId: user.id, name, role, collections: [...wanted.collections], expiresAtMs },
      stillThere,
    );
  }

  async list(caller: Caller): Promise<ApiKey[]> {
    return (await this.keys.ofUser(caller.user.id)).filter((key) => isCovered(caller, key));
  }

  /** A key may always revoke itself: whoever finds one that has leaked can make it useless. */
  async delete(caller: Caller, id: string): Promise<void> {
    const { apiKeyId, role } = caller.principal;
    if (apiKeyId === '' || apiKeyId !== id) {
      if (apiKeyId !== '' && role !== 'admin') {
        throw new VectronError(
          'PERMISSION_DENIED',
          'this key can only revoke itself; use a login token or an admin API key to revoke another key',
        );
      }
      const key = (await this.keys.ofUser(caller.user.id)).find((one) => one.id === id);
      if (key === undefined || !isCovered(caller, key)) throw noKey(id);
    }
    await this.keys.delete(caller.user.id, id);
  }

  /** A day-long token for a live key. */
  async token(caller: Caller, id: string): Promise<string> {
    const key = await this.keys.byId(id);
    if (key === undefined || key.userId !== caller.user.id || !isCovered(caller, key)) throw noKey(id);
    return (await this.tokens.sign('sdk', key.id)).token;
  }
}

/** For a key, one that has more is as good as none. A login stands for the user, whom no key exceeds. */
const isCovered = ({ principal }: Caller, key: ApiKey): boolean =>
  principal.apiKeyId === '' || exceeds(rightsOf(principal), key) === undefined;

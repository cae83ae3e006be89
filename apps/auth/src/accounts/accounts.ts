import type { ApiKey } from '../api-keys.js';
import type { User, UserRepository } from '../users.js';
import type { Profiles } from '../wire.js';
import type { Administration } from './administration.js';
import type { Registration } from './registration.js';
import type { Plan, Tenants } from './tenants.js';

/** Everything about accounts that is served. */
export class Accounts {
  constructor(
    readonly registration: Registration,
    readonly administration: Administration,
    readonly profiles: Profiles,
    private readonly users: UserRepository,
    private readonly tenants: Tenants,
  ) {}

  /** The enabled account of a key with its plan. */
  async ownerOf(key: ApiKey): Promise<{ user: User; plan: Plan } | undefined> {
    const user = await this.users.byId(key.userId);
    if (user === undefined || user.disabled) return undefined;
    return { user, plan: (await this.tenants.byId(user.tenantId))?.plan ?? 'FREE' };
  }
}

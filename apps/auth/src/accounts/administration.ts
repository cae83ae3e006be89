import { randomBytes } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Caller } from '../callers.js';
import { inLane } from '../password-lanes.js';
import { hashPassword } from '../passwords.js';
import { type Role, requireRole } from '../rights.js';
import type { SessionRepository } from '../sessions.js';
import { epochOf, type User, type UserRepository, withoutLogins } from '../users.js';
import type { Plan, Tenants } from './tenants.js';

/** What administrators do with the accounts of others. Who may call is decided before. */
export class Administration {
  constructor(
    private readonly users: UserRepository,
    private readonly tenants: Tenants,
    private readonly sessions: SessionRepository,
  ) {}

  /** Accounts behind the id `after`, by id, at most `limit`; `tenantId` empty: of all tenants. */
  list(tenantId: string, after: string, limit: number): Promise<User[]> {
    return this.users.page(tenantId, after, limit);
  }

  setRole({ user }: Caller, userId: string, role: Role): Promise<User> {
    if (userId === user.id)
      throw VectronError.invalid('user_id', 'you cannot change your own role; ask another administrator');
    requireRole(role);
    return this.users.update(userId, { role });
  }

  /** Disabling ends the logins. Enabling undoes a deletion that has begun and did not end. */
  async setDisabled({ user }: Caller, userId: string, disabled: boolean): Promise<User> {
    if (userId === user.id)
      throw VectronError.invalid('user_id', 'you cannot disable your own account; ask another administrator');
    if (!disabled) return this.users.change(userId, ({ leaving, ...other }) => ({ ...other, disabled }));
    return this.users.change(
      userId,
      (other) => withoutLogins(other.leaving ? other : { ...other, disabled }),
      (after) => this.sessions.ended(userId, epochOf(after)),
    );
  }

  /** A password that is good for one login, which must change it. Ends the logins. */
  async resetPassword(userId: string): Promise<string> {
    const password = randomBytes(15).toString('base64url');
    const passwordHash = await inLane('own', userId, () => hashPassword(password));
    await this.users.change(
      userId,
      (user) => withoutLogins({ ...user, passwordHash, mustChangePassword: true }),
      (after) => this.sessions.ended(userId, epochOf(after)),
    );
    return password;
  }

  /** Of the caller's tenant: PAID by administrators only, FREE by them or by the only account that has the tenant. */
  async setPlan({ user }: Caller, plan: Plan): Promise<void> {
    if (user.role !== 'admin') {
      const tenant = await this.tenants.byId(user.tenantId);
      if (plan === 'PAID' && tenant?.plan !== 'PAID') throw denied('only an administrator can grant the PAID plan');
      if (tenant?.users !== 1)
        throw denied('only an administrator can change the plan of a tenant with several accounts');
    }
    await this.tenants.setPlan(user.tenantId, plan);
  }
}

const denied = (message: string) => new VectronError('PERMISSION_DENIED', message);

import { auth } from '@vectron/proto';
import type { Invitation } from './accounts/invitations.js';
import type { Tenants } from './accounts/tenants.js';
import type { ApiKey } from './api-keys.js';
import type { User, UserRepository } from './users.js';

/** Seconds since 1970, as the public contract has times. */
export const seconds = (ms: number): bigint => BigInt(Math.floor(ms / 1000));

/** Accounts as the public contract shows them. */
export class Profiles {
  constructor(
    private readonly users: UserRepository,
    private readonly tenants: Tenants,
  ) {}

  async of(user: User): Promise<auth.UserProfile> {
    const [tenant, lastLoginMs] = await Promise.all([
      this.tenants.byId(user.tenantId),
      this.users.lastLoginMs(user.id),
    ]);
    return {
      id: user.id,
      email: user.email,
      createdAt: seconds(user.createdAtMs),
      plan: auth.Plan[tenant?.plan ?? 'FREE'],
      subscriptionStatus: auth.SubscriptionStatus.ACTIVE,
      role: user.role,
      tenantId: user.tenantId,
      disabled: user.disabled === true,
      mustChangePassword: user.mustChangePassword === true,
      lastLoginAt: seconds(lastLoginMs),
    };
  }
}

export function keyInfo(key: ApiKey): auth.APIKey {
  return {
    keyPrefix: key.id,
    userId: key.userId,
    createdAt: seconds(key.createdAtMs),
    name: key.name,
    role: key.role,
    collections: key.collections,
    expiresAt: seconds(key.expiresAtMs),
  };
}

export const invitationInfo = (invitation: Invitation): auth.Invitation => ({
  id: invitation.id,
  email: invitation.email,
  role: invitation.role,
  tenantId: invitation.tenantId,
  invitedBy: invitation.invitedBy,
  createdAt: seconds(invitation.createdAtMs),
  expiresAt: seconds(invitation.expiresAtMs),
});

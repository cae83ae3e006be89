import { VectronError } from '@vectron/errors';
import type { Caller } from '../callers.js';
import { clientNetwork } from '../client-network.js';
import { newEmailAddress } from '../email-address.js';
import type { GuessLimits } from '../guess-limits.js';
import { inLane } from '../password-lanes.js';
import { checkPassword, hashPassword } from '../passwords.js';
import { mayGive, type Role, requireRole } from '../rights.js';
import type { User, UserRepository } from '../users.js';
import type { Invitation, InvitationRepository } from './invitations.js';
import type { Tenants } from './tenants.js';

/**
 * Who may make an account: closed: who an administrator has invited; invite: who an administrator or a member of a tenant has
 * invited; open: everybody.
 */
export type RegistrationPolicy = 'closed' | 'invite' | 'open';

/** Who is invited, as it was asked for. */
export interface Wish {
  readonly email: string;
  readonly role: Role;
  /** Tenant that the account is to join; empty: that of who invites. */
  readonly tenantId: string;
  readonly newTenant: boolean;
  /** End of the invitation, milliseconds since 1970; 0: seven days from now. */
  readonly expiresAtMs: number;
}

const DAY_MS = 24 * 3_600_000;
const DEFAULT_LIFE_MS = 7 * DAY_MS;
const LONGEST_LIFE_MS = 30 * DAY_MS;

/** How accounts come to be: by themselves where that is allowed, else by invitation. */
export class Registration {
  constructor(
    private readonly users: UserRepository,
    private readonly tenants: Tenants,
    private readonly invitations: InvitationRepository,
    private readonly guesses: GuessLimits,
    private readonly policy: RegistrationPolicy,
  ) {}

  /** What is refused is refused before the password is hashed, which is what costs. */
  async register(typedEmail: string, password: string, token: string, address: string): Promise<User> {
    if (token === '' && this.policy !== 'open') {
      throw denied(
        'registration takes an invitation here: ask an administrator for one (InviteUser), and send its token as `invitation`',
      );
    }
    const email = newEmailAddress(typedEmail);
    await checkPassword(password);
    const invited = token === '' ? undefined : await this.#invitation(token, email);
    const passwordHash = await this.#hashed(email, password, address, invited === undefined);
    const account = { email, passwordHash, plan: 'FREE' } as const;
    if (invited === undefined) return this.users.create({ ...account, role: 'write' });
    const { role, tenantId } = invited.invitation;
    const own = tenantId === '' ? {} : { tenantId };
    return this.users.create({ ...account, ...own, role }, async () => {
      const { invitation, compares } = await this.#invitation(token, email);
      return { compares, operations: this.invitations.removed(invitation) };
    });
  }

  /** Who asks without an invitation which addresses are registered is counted as who registers. */
  #hashed(email: string, password: string, address: string, isCounted: boolean): Promise<string> {
    const network = clientNetwork(address);
    return inLane('registration', network, async () => {
      if (isCounted) await this.guesses.countRegistration(network);
      if (await this.users.isRegistered(email)) {
        throw new VectronError(
          'ALREADY_EXISTS',
          'this e-mail address is already registered; log in, or use another address',
        );
      }
      return hashPassword(password);
    });
  }

  /** The live invitation of the token, and what must not change until it is used. */
  async #invitation(token: string, email: string) {
    const known = await this.invitations.verify(token);
    const inviter = known && (await this.users.entry(known.invitation.invitedBy));
    if (
      known === undefined ||
      inviter === undefined ||
      known.invitation.email !== email ||
      !this.#mayStillInvite(inviter.user, known.invitation)
    ) {
      throw denied(
        'the invitation is not valid: it has expired, was used or withdrawn, or is for another e-mail address',
      );
    }
    return { invitation: known.invitation, compares: [known.compare, inviter.compare] };
  }

  #mayStillInvite(inviter: User, { role, tenantId }: Invitation): boolean {
    if (inviter.disabled) return false;
    if (inviter.role === 'admin') return true;
    const isMember = inviter.role === 'write' && inviter.tenantId === tenantId;
    return this.policy !== 'closed' && isMember && mayGive(inviter.role, role);
  }

  async invite({ user }: Caller, wish: Wish): Promise<{ token: string; invitation: Invitation }> {
    const email = newEmailAddress(wish.email);
    const tenantId = await this.#tenantOf(user, wish);
    requireRole(wish.role);
    if (!mayGive(user.role, wish.role)) {
      throw new VectronError(
        'PERMISSION_DENIED',
        `an account with the role ${user.role} cannot grant the role ${wish.role}`,
        {
          details: { field: 'role' },
        },
      );
    }
    const now = Date.now();
    const expiresAtMs = wish.expiresAtMs === 0 ? now + DEFAULT_LIFE_MS : wish.expiresAtMs;
    if (expiresAtMs <= now) throw VectronError.invalid('expires_at', 'expires_at must be in the future');
    if (expiresAtMs > now + LONGEST_LIFE_MS) {
      throw VectronError.invalid('expires_at', 'an invitation can be valid for at most 30 days');
    }
    const { id: invitedBy, tenantId: invitedFrom } = user;
    return this.invitations.create({ email, role: wish.role, tenantId, invitedBy, invitedFrom, expiresAtMs });
  }

  /** Empty: one of its own. */
  async #tenantOf(user: User, { tenantId, newTenant }: Wish): Promise<string> {
    if (newTenant && tenantId !== '') {
      throw VectronError.invalid('tenant_id', 'send either tenant_id or new_tenant, not both');
    }
    if (user.role !== 'admin') {
      if (this.policy === 'closed') throw denied('only administrators invite here');
      if (user.role !== 'write') throw denied(`the role ${user.role} may not invite`);
      if (newTenant || (tenantId !== '' && tenantId !== user.tenantId)) {
        throw denied('only administrators invite into other tenants');
      }
    }
    if (newTenant) return '';
    if (tenantId !== '' && (await this.tenants.byId(tenantId)) === undefined) {
      throw new VectronError('NOT_FOUND', `there is no tenant ${tenantId}`, { details: { field: 'tenant_id' } });
    }
    return tenantId || user.tenantId;
  }

  /** Behind the id `after`: an administrator sees all that are open, others their own. */
  async list({ user }: Caller, after: string, limit: number): Promise<Invitation[]> {
    const own = { userId: user.id, tenantId: user.tenantId };
    return this.invitations.page(after, limit, user.role === 'admin' ? undefined : own);
  }

  async withdraw({ user }: Caller, id: string): Promise<void> {
    const invitation = await this.invitations.byId(id);
    if (invitation === undefined || (user.role !== 'admin' && invitation.invitedBy !== user.id)) {
      throw new VectronError('NOT_FOUND', `there is no open invitation ${id}`);
    }
    await this.invitations.delete(invitation);
  }
}

const denied = (message: string) => new VectronError('PERMISSION_DENIED', message);

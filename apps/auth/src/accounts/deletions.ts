import { VectronError } from '@vectron/errors';
import type { CallContext } from '@vectron/rpc';
import type { ApiKeyRepository } from '../api-keys.js';
import type { Callers } from '../callers.js';
import { normalizeEmail } from '../email-address.js';
import type { Logins } from '../logins.js';
import type { SessionRepository } from '../sessions.js';
import type { User, UserRepository } from '../users.js';
import type { InvitationRepository } from './invitations.js';

export interface BegunDeletion {
  readonly user: User;
  /** No other account has the tenant. */
  readonly isLast: boolean;
  /** Tenant that is named to get the collections; empty: none is. */
  readonly heirTenantId: string;
}

/** What goes with an account. */
export interface Belongings {
  readonly keys: ApiKeyRepository;
  readonly sessions: SessionRepository;
  readonly invitations: InvitationRepository;
}

/**
 * Deletes accounts in two steps, between which the gateway decides on the collections: the account is fenced, so that it
 * makes nothing new meanwhile, and then deleted with what belongs to it. Cut off in between, it stays fenced, which an
 * administrator ends by deleting it again or by enabling it.
 */
export class Deletions {
  constructor(
    private readonly users: UserRepository,
    private readonly callers: Callers,
    private readonly logins: Logins,
    private readonly belongings: Belongings,
  ) {}

  /** `userId` empty: the caller's own account, which takes its password; else another one, which takes an administrator. */
  async begin(
    request: { userId: string; password: string; heir: string },
    context: CallContext,
  ): Promise<BegunDeletion> {
    const isOwn = request.userId === '';
    const calling = await this.callers.of(context, isOwn ? 'deleteUser' : 'removeUser');
    const { user: caller } = calling;
    if (request.userId === caller.id) {
      throw VectronError.invalid(
        'user_id',
        'delete your own account with your password: POST /v1/user/delete (DeleteUser)',
      );
    }
    if (isOwn) await this.logins.checkOwnPassword(calling, request.password);
    const id = isOwn ? caller.id : request.userId;
    const heir = request.heir === '' ? undefined : await this.#heir(request.heir, id, caller);
    const { user, others } = await (isOwn ? this.#fenceOwn(id) : this.users.fence(id));
    return { user, isLast: others === 0, heirTenantId: heir?.tenantId ?? '' };
  }

  /** Of who is fenced, no token is good any more to call again: where the outcome is not known, it is undone. */
  async #fenceOwn(id: string) {
    try {
      return await this.users.fence(id);
    } catch (error) {
      await this.undo(id);
      throw error;
    }
  }

  /** Who has no right to see accounts of other tenants is not told that there is one. */
  async #heir(idOrEmail: string, leavingId: string, caller: User): Promise<User> {
    const heir = idOrEmail.includes('@')
      ? await this.users.byEmail(normalizeEmail(idOrEmail))
      : await this.users.byId(idOrEmail);
    const isVisible = heir !== undefined && (caller.role === 'admin' || heir.tenantId === caller.tenantId);
    if (!isVisible || heir.disabled || heir.id === leavingId) {
      throw new VectronError(
        'NOT_FOUND',
        `there is no other enabled account ${idOrEmail}${caller.role === 'admin' ? '' : ' in your tenant; handing collections to another tenant takes an administrator'}`,
        { details: { field: 'heir' } },
      );
    }
    return heir;
  }

  /** Deletes the fenced account with its keys, logins and invitations. Returns the number of keys. May be repeated. */
  async finish(id: string): Promise<number> {
    const user = await this.users.byId(id);
    if (user === undefined) return 0;
    if (user.leaving === undefined) {
      throw new VectronError(
        'FAILED_PRECONDITION',
        `the deletion of account ${id} has not started, or was cancelled; start it again`,
      );
    }
    const { keys, sessions, invitations } = this.belongings;
    const deletedKeys = await keys.deleteAll(id);
    await invitations.deleteOf(id, user.tenantId);
    // The last logins go with the account: until then, the owner can call again where this is cut off and undone.
    await this.users.deleteFenced(id, await sessions.endMost(id));
    return deletedKeys;
  }

  /** The account is as before; its logins and keys work again. */
  async undo(id: string): Promise<void> {
    if ((await this.users.byId(id)) !== undefined) await this.users.unfence(id);
  }
}

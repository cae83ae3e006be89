import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Compare, MetaEntry, MetaStore, Operation } from '@vectron/metastore';
import { Administrators } from './accounts/administrators.js';
import { Counts } from './accounts/counts.js';
import { memberKey, type Plan, type TenantChange, Tenants } from './accounts/tenants.js';
import { upgradeAccounts } from './accounts/upgrade.js';
import { knownAddressesKey } from './known-addresses.js';
import type { Role } from './rights.js';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly tenantId: string;
  readonly createdAtMs: number;
  /** Has no logins, and its keys are refused. */
  readonly disabled?: boolean;
  /** The password was given by somebody else: a login may do nothing but change it. */
  readonly mustChangePassword?: boolean;
  /** Logins of another epoch are over: what ends all of them counts it up; left out: 0. */
  readonly loginEpoch?: number;
  /** Its deletion has begun: it is disabled, and not counted among the accounts of its tenant. */
  readonly leaving?: { readonly wasDisabled: boolean };
}

/** `tenantId` left out: it gets a tenant of its own, with the plan. */
export interface NewUser extends Pick<User, 'email' | 'passwordHash' | 'role' | 'mustChangePassword'> {
  readonly plan: Plan;
  readonly tenantId?: string;
}

/** Something else that a transaction needs and does. Asked anew at each attempt; throws when it cannot be any more. */
export type Condition = () => Promise<{ compares: readonly Compare[]; operations: readonly Operation[] }>;

/** Part of a transaction that changes an account, of what becomes of it. Asked anew at each attempt. */
export type Also = (after: User) => ReturnType<Condition>;

const ALL_USERS = '/auth/users/';
const userKey = (id: string) => ALL_USERS + id;
const BOOTSTRAPPED = '/auth/bootstrapped';
const BOOTSTRAPPING = '/auth/bootstrapping';
const BOOTSTRAP_LEASE_MS = 10_000;
const emailKey = (email: string) => `/auth/emails/${email}`;
/** Beside the user's record, changes of which are told to every gateway. */
const lastLoginKey = (id: string) => `/auth/last-logins/${id}`;

/** Keys of everything that is stored for the account itself. */
const belongingsOf = ({ id, email, tenantId }: User): string[] => [
  userKey(id),
  emailKey(email),
  memberKey(tenantId, id),
  lastLoginKey(id),
  knownAddressesKey(id),
];

/** The account with all of its logins ended; see SessionRepository.ended. */
export const withoutLogins = (user: User): User => ({ ...user, loginEpoch: epochOf(user) + 1 });
export const epochOf = ({ loginEpoch }: User): number => loginEpoch ?? 0;

const isAdministrator = ({ role, disabled }: User) => role === 'admin' && disabled !== true;

/** Users in the MetaStore; an e-mail address belongs to one of them. The last administrator cannot be changed into none. */
export class UserRepository {
  readonly #administrators: Administrators;
  readonly #counts: Counts;

  constructor(
    private readonly meta: MetaStore,
    private readonly tenants = new Tenants(meta),
  ) {
    this.#administrators = new Administrators(meta);
    this.#counts = new Counts(meta);
  }

  async create(user: NewUser, condition: Condition = async () => ({ compares: [], operations: [] })): Promise<User> {
    const { plan, ...given } = user;
    for (;;) {
      const id = randomUUID();
      const created: User = { ...given, id, tenantId: user.tenantId ?? id, createdAtMs: Date.now() };
      const { compares, operations } = await condition();
      if (await this.isRegistered(user.email)) {
        throw new VectronError(
          'ALREADY_EXISTS',
          'this e-mail address is already registered; log in, or use another address',
        );
      }
      const parts = [
        user.tenantId === undefined ? this.tenants.created(id, plan) : await this.tenants.joined(user.tenantId),
        await this.#counts.changed({ users: 1 }),
        ...(isAdministrator(created) ? [await this.#administrators.changed(id, true)] : []),
      ];
      const { succeeded } = await this.meta.txn(
        [{ key: emailKey(user.email), revision: 0 }, ...parts.map(({ compare }) => compare), ...compares],
        [
          { put: emailKey(user.email), value: id },
          { put: userKey(id), value: JSON.stringify(created) },
          { put: memberKey(created.tenantId, id), value: '' },
          ...parts.map(({ operation }) => operation),
          ...operations,
        ],
      );
      if (succeeded) return created;
    }
  }

  async byId(id: string): Promise<User | undefined> {
    return (await this.entry(id))?.user;
  }

  /** With what a transaction compares to see that the account is as it was. */
  async entry(id: string): Promise<{ user: User; compare: Compare } | undefined> {
    const entry = await this.meta.get(userKey(id));
    return entry && { user: userOf(entry), compare: { key: entry.key, revision: entry.revision } };
  }

  async byEmail(email: string): Promise<User | undefined> {
    const id = await this.meta.get(emailKey(email));
    return id && this.byId(id.value);
  }

  async isRegistered(email: string): Promise<boolean> {
    return (await this.meta.get(emailKey(email))) !== undefined;
  }

  /** Those behind the id `after`, by id, at most `limit`; `tenantId` empty: of all tenants. */
  async page(tenantId: string, after: string, limit: number): Promise<User[]> {
    if (tenantId === '') {
      const { entries } = await this.meta.range(ALL_USERS, { after: ALL_USERS + after, limit });
      return entries.map(userOf);
    }
    const ids = await this.tenants.userIds(tenantId, after, limit);
    const users = await Promise.all(ids.map((id) => this.byId(id)));
    return users.flatMap((user) => user ?? []);
  }

  async update(id: string, change: Partial<Pick<User, 'passwordHash' | 'role' | 'mustChangePassword'>>): Promise<User> {
    return this.change(id, (user) => ({ ...user, ...change }));
  }

  /** What `decide` makes of the account; it is asked again when something else has changed it meanwhile. */
  async change(id: string, decide: (user: User) => User, also?: Also): Promise<User> {
    return (await this.#change(id, decide, also)).user;
  }

  /**
   * Disables an account that is going to be deleted, and takes it out of the count of its tenant. Says how many accounts the
   * tenant has without it. May be repeated.
   */
  async fence(id: string): Promise<{ user: User; others: number }> {
    return this.#change(id, (user) =>
      user.leaving ? user : { ...user, disabled: true, leaving: { wasDisabled: user.disabled === true } },
    );
  }

  /** The account as it was before its deletion began. Does nothing for one that is not fenced. */
  async unfence(id: string): Promise<User> {
    return this.change(id, ({ leaving, ...user }) => (leaving ? { ...user, disabled: leaving.wasDisabled } : user));
  }

  async #change(id: string, decide: (user: User) => User, also?: Also): Promise<{ user: User; others: number }> {
    for (;;) {
      const entry = await this.entry(id);
      if (entry === undefined) throw new VectronError('NOT_FOUND', `there is no account ${id}`);
      const { user: before, compare } = entry;
      const after = decide(before);
      const tenant = await this.#tenantChange(before, after);
      const parts = tenant === undefined ? [] : [tenant];
      const administrator =
        isAdministrator(before) === isAdministrator(after)
          ? []
          : [await this.#administrators.changed(id, isAdministrator(after))];
      const others = tenant?.users ?? (await this.tenants.byId(before.tenantId))?.users ?? 0;
      if (after === before) return { user: before, others };
      const { compares, operations } = (await also?.(after)) ?? { compares: [], operations: [] };
      const { succeeded } = await this.meta.txn(
        [compare, ...[...parts, ...administrator].map((part) => part.compare), ...compares],
        [
          { put: userKey(id), value: JSON.stringify(after) },
          ...[...parts, ...administrator].map(({ operation }) => operation),
          ...operations,
        ],
      );
      if (succeeded) return { user: after, others };
    }
  }

  async #tenantChange(before: User, after: User): Promise<TenantChange | undefined> {
    if ((before.leaving === undefined) === (after.leaving === undefined)) return undefined;
    return this.tenants.counted(before.tenantId, after.leaving === undefined ? 1 : -1);
  }

  /** Deletes a fenced account, and its tenant with the last one. Does nothing for one that is gone. */
  async deleteFenced(id: string, also: readonly Operation[] = []): Promise<void> {
    for (;;) {
      const entry = await this.entry(id);
      if (entry === undefined) return;
      const { user, compare } = entry;
      if (user.leaving === undefined) {
        throw new VectronError(
          'FAILED_PRECONDITION',
          `the deletion of account ${id} has not started, or was cancelled; start it again`,
        );
      }
      const parts = [await this.tenants.left(user.tenantId), await this.#counts.changed({ users: -1 })].flatMap(
        (part) => part ?? [],
      );
      const { succeeded } = await this.meta.txn(
        [compare, ...parts.map((part) => part.compare)],
        [...belongingsOf(user).map((key) => ({ delete: key })), ...parts.map(({ operation }) => operation), ...also],
      );
      if (succeeded) return;
    }
  }

  /** Part of the transaction that begins a login. */
  loggedIn(id: string): Operation {
    return { put: lastLoginKey(id), value: String(Date.now()) };
  }

  /** Milliseconds since 1970; 0: never. */
  async lastLoginMs(id: string): Promise<number> {
    return Number((await this.meta.get(lastLoginKey(id)))?.value ?? 0);
  }

  /**
   * Runs `work`, which makes the first administrator and tells the operator, unless it was done before: once in all
   * processes that share the MetaStore. One that is cut off is done again. Returns whether this call did it.
   */
  async bootstrapped(work: () => Promise<void>): Promise<boolean> {
    for (;;) {
      if (await this.#isBootstrapped()) return false;
      const lease = await this.meta.grant(BOOTSTRAP_LEASE_MS);
      try {
        const lock = { put: BOOTSTRAPPING, value: '', lease: lease.id };
        const { succeeded } = await this.meta.txn([{ key: BOOTSTRAPPING, revision: 0 }], [lock]);
        if (succeeded && !(await this.#isBootstrapped())) {
          await work();
          await this.meta.txn([], [{ put: BOOTSTRAPPED, value: new Date().toISOString() }]);
          return true;
        }
      } finally {
        await lease.revoke();
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #isBootstrapped(): Promise<boolean> {
    return (await this.meta.get(BOOTSTRAPPED)) !== undefined;
  }

  /** Gives accounts of an earlier version what this one keeps of them. */
  upgrade(): Promise<void> {
    return upgradeAccounts(this.meta);
  }

  async count(): Promise<number> {
    return (await this.#counts.totals()).users;
  }
}

/** Accounts of before there were tenants have one each. */
function userOf({ value }: MetaEntry): User {
  const stored = JSON.parse(value) as Omit<User, 'tenantId'> & { readonly tenantId?: string };
  return { ...stored, tenantId: stored.tenantId ?? stored.id };
}

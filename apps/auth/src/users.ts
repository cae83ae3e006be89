import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';
import { knownAddressesKey } from './known-addresses.js';

export type Role = 'admin' | 'write' | 'read';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly plan: 'FREE' | 'PAID';
  readonly createdAtMs: number;
  /** To the minute; missing: never. */
  readonly lastLoginAtMs?: number;
}

const userKey = (id: string) => `/auth/users/${id}`;
const BOOTSTRAPPED = '/auth/bootstrapped';
const BOOTSTRAPPING = '/auth/bootstrapping';
const BOOTSTRAP_LEASE_MS = 10_000;
const emailKey = (email: string) => `/auth/emails/${email}`;

/** Users in the MetaStore; an e-mail address belongs to one of them. */
export class UserRepository {
  constructor(private readonly meta: MetaStore) {}

  async create(user: Omit<User, 'id' | 'createdAtMs'>): Promise<User> {
    const created: User = { ...user, id: randomUUID(), createdAtMs: Date.now() };
    const { succeeded } = await this.meta.txn(
      [{ key: emailKey(user.email), revision: 0 }],
      [
        { put: emailKey(user.email), value: created.id },
        { put: userKey(created.id), value: JSON.stringify(created) },
      ],
    );
    if (!succeeded) throw new VectronError('ALREADY_EXISTS', 'this e-mail address is registered already');
    return created;
  }

  async byId(id: string): Promise<User | undefined> {
    const entry = await this.meta.get(userKey(id));
    return entry && (JSON.parse(entry.value) as User);
  }

  async byEmail(email: string): Promise<User | undefined> {
    const id = await this.meta.get(emailKey(email));
    return id && this.byId(id.value);
  }

  async update(
    id: string,
    change: Partial<Pick<User, 'passwordHash' | 'plan' | 'role' | 'lastLoginAtMs'>>,
  ): Promise<User> {
    const entry = await this.meta.get(userKey(id));
    if (entry === undefined) throw new VectronError('NOT_FOUND', 'no such user');
    const updated = { ...(JSON.parse(entry.value) as User), ...change };
    const put = { put: userKey(id), value: JSON.stringify(updated) };
    const { succeeded } = await this.meta.txn([{ key: userKey(id), revision: entry.revision }], [put]);
    if (!succeeded) throw new VectronError('CONFLICT', 'the user was changed at the same time; try again');
    return updated;
  }

  async delete(user: User): Promise<void> {
    const keys = [userKey(user.id), emailKey(user.email), knownAddressesKey(user.id)];
    await this.meta.txn(
      [],
      keys.map((key) => ({ delete: key })),
    );
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

  async count(): Promise<number> {
    return (await this.meta.range('/auth/users/')).entries.length;
  }
}

/** Lower case, without surrounding space. */
export function normalizeEmail(email: string): string {
  const normalized = email.trim().toLowerCase();
  if (normalized.length > 254 || !/^[^\s@/]+@[^\s@/]+$/.test(normalized)) {
    throw VectronError.invalid('email', 'not an e-mail address');
  }
  return normalized;
}

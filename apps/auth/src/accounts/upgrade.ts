import type { MetaStore, Operation } from '@vectron/metastore';
import type { Role } from '../rights.js';
import { memberKey, type Plan, type Tenant } from './tenants.js';

/** What the records of accounts look like: 2: they have tenants. */
const FORMAT = '/auth/format';
const PAGE = 500;

/** The fields of an account as version 0.1 stored it that its new record is made of. */
interface OldUser {
  readonly id: string;
  readonly role: Role;
  readonly plan: Plan;
  readonly createdAtMs: number;
  readonly tenantId?: string;
  readonly disabled?: boolean;
}

/**
 * Gives the accounts of an installation of 0.1 what was not kept then: a tenant each, the list of administrators, and how
 * many there are. Reads all of them, once. May be cut off and repeated, by several processes at once.
 */
export async function upgradeAccounts(meta: MetaStore): Promise<void> {
  if ((await meta.get(FORMAT)) !== undefined) return;
  const administrators: string[] = [];
  let users = 0;
  for await (const value of values(meta, '/auth/users/')) {
    const user = JSON.parse(value) as OldUser;
    if (user.role === 'admin' && user.disabled !== true) administrators.push(user.id);
    if (user.tenantId !== undefined) continue;
    users += 1;
    const { id, plan, createdAtMs } = user;
    const tenant: Tenant = { id, plan, createdAtMs, users: 1 };
    const key = `/auth/tenants/${id}`;
    await meta.txn([{ key, revision: 0 }], [{ put: key, value: JSON.stringify(tenant) }]);
    await meta.txn([], [{ put: memberKey(id, id), value: '' }]);
  }
  // An installation that was made by this version has counted its keys itself.
  let keys = 0;
  if (users > 0) for await (const _ of values(meta, '/auth/keys/')) keys += 1;
  for (;;) {
    const [format, list, counts] = await Promise.all(
      [FORMAT, '/auth/administrators', '/auth/counts/0'].map((key) => meta.get(key)),
    );
    if (format !== undefined) return;
    const known = list === undefined ? [] : (JSON.parse(list.value) as string[]);
    const counted = counts === undefined ? { users: 0, keys: 0 } : JSON.parse(counts.value);
    const operations: Operation[] = [
      { put: FORMAT, value: '2' },
      { put: '/auth/administrators', value: JSON.stringify([...new Set([...known, ...administrators])]) },
      {
        put: '/auth/counts/0',
        value: JSON.stringify({ users: counted.users + users, keys: counted.keys + keys }),
      },
    ];
    const compares = [
      { key: FORMAT, revision: 0 },
      { key: '/auth/administrators', revision: list?.revision ?? 0 },
      { key: '/auth/counts/0', revision: counts?.revision ?? 0 },
    ];
    if ((await meta.txn(compares, operations)).succeeded) return;
  }
}

async function* values(meta: MetaStore, prefix: string): AsyncIterable<string> {
  for (let after = prefix; ; ) {
    const { entries } = await meta.range(prefix, { after, limit: PAGE });
    for (const { value } of entries) yield value;
    if (entries.length < PAGE) return;
    after = entries[entries.length - 1].key;
  }
}

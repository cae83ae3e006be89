import { VectronError } from '@vectron/errors';
import type { MetaEntry, MetaStore, Operation } from '@vectron/metastore';

export type Plan = 'FREE' | 'PAID';

/** Whose collections its users work with. The id of the first user is the tenant's as well. */
export interface Tenant {
  readonly id: string;
  readonly plan: Plan;
  readonly createdAtMs: number;
  /** Accounts that are not being deleted. */
  readonly users: number;
}

const tenantKey = (id: string) => `/auth/tenants/${id}`;
/** Tells which users a tenant has; the value is empty. */
export const memberKey = (tenantId: string, userId: string): string => `/auth/tenant-users/${tenantId}/${userId}`;

/** Tenants in the MetaStore: the plan of each and which accounts belong to it. */
export class Tenants {
  constructor(
    private readonly meta: MetaStore,
    /** Most accounts of one tenant. */
    private readonly maxUsers = 1_000,
  ) {}

  async byId(id: string): Promise<Tenant | undefined> {
    const entry = await this.meta.get(tenantKey(id));
    return entry && tenantOf(entry);
  }

  /** Ids of the users behind `after`, at most `limit`. */
  async userIds(id: string, after: string, limit: number): Promise<string[]> {
    const prefix = memberKey(id, '');
    const { entries } = await this.meta.range(prefix, { after: prefix + after, limit });
    return entries.map(({ key }) => key.slice(prefix.length));
  }

  /** Part of the transaction that makes the first account of a tenant. */
  created(id: string, plan: Plan): TenantChange {
    const tenant: Tenant = { id, plan, createdAtMs: Date.now(), users: 1 };
    return { compare: { key: tenantKey(id), revision: 0 }, operation: put(tenant), users: 1 };
  }

  /** Part of a transaction in which another account joins. Throws when the tenant is full, or goes with its last account. */
  async joined(id: string): Promise<TenantChange> {
    const { tenant, revision } = await this.#entry(id);
    if (tenant === undefined) throw new VectronError('NOT_FOUND', `there is no tenant ${id}`);
    if (tenant.users === 0)
      throw new VectronError('FAILED_PRECONDITION', 'this tenant is being deleted; use another tenant');
    if (tenant.users >= this.maxUsers) {
      throw new VectronError(
        'QUOTA_EXCEEDED',
        `this tenant has ${tenant.users} accounts, which is the limit; delete one first`,
      );
    }
    return changed({ ...tenant, users: tenant.users + 1 }, revision);
  }

  /** Part of a transaction in which an account is fenced for its deletion (-1), or is not any more (1). */
  async counted(id: string, by: 1 | -1): Promise<TenantChange> {
    const { tenant, revision } = await this.#entry(id);
    if (tenant === undefined) throw new VectronError('NOT_FOUND', `there is no tenant ${id}`);
    return changed({ ...tenant, users: tenant.users + by }, revision);
  }

  /** Part of the transaction that deletes a fenced account: the tenant goes with its last one. */
  async left(id: string): Promise<TenantChange | undefined> {
    const { tenant, revision } = await this.#entry(id);
    if (tenant === undefined || tenant.users > 0) return undefined;
    const others = await this.userIds(id, '', 2);
    if (others.length > 1) return undefined;
    return { compare: { key: tenantKey(id), revision }, operation: { delete: tenantKey(id) }, users: 0 };
  }

  async setPlan(id: string, plan: Plan): Promise<void> {
    for (;;) {
      const { tenant, revision } = await this.#entry(id);
      if (tenant === undefined) throw new VectronError('NOT_FOUND', `there is no tenant ${id}`);
      const { compare, operation } = changed({ ...tenant, plan }, revision);
      if ((await this.meta.txn([compare], [operation])).succeeded) return;
    }
  }

  async #entry(id: string): Promise<{ tenant?: Tenant; revision: number }> {
    const entry = await this.meta.get(tenantKey(id));
    return entry === undefined ? { revision: 0 } : { tenant: tenantOf(entry), revision: entry.revision };
  }
}

export interface TenantChange {
  readonly compare: { key: string; revision: number };
  readonly operation: Operation;
  /** Accounts of the tenant after it. */
  readonly users: number;
}

const tenantOf = ({ value }: MetaEntry) => JSON.parse(value) as Tenant;
const put = (tenant: Tenant): Operation => ({ put: tenantKey(tenant.id), value: JSON.stringify(tenant) });
const changed = (tenant: Tenant, revision: number): TenantChange => ({
  compare: { key: tenantKey(tenant.id), revision },
  operation: put(tenant),
  users: tenant.users,
});

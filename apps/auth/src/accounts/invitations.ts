import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from '@node-rs/crc32';
import { VectronError } from '@vectron/errors';
import type { Compare, MetaEntry, MetaStore, Operation } from '@vectron/metastore';
import type { Role } from '../rights.js';

export interface Invitation {
  /** Public part of the token: in lists and logs. */
  readonly id: string;
  /** The only address it is good for. */
  readonly email: string;
  readonly role: Role;
  /** Empty: the account gets a tenant of its own. */
  readonly tenantId: string;
  readonly invitedBy: string;
  /** Of the account that invited. */
  readonly invitedFrom: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** HMAC-SHA-256 of the token, which is not kept. */
  readonly mac: string;
}

const SHAPE = /^(vi_[A-Za-z0-9_-]{16})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;
const ALL = '/auth/invitations/';
const invitationKey = (id: string) => ALL + id;
/** By the tenant of who invited; the value is who did. */
const madeKey = (tenantId: string, id: string) => `/auth/tenant-invitations/${tenantId}/${id}`;
/** Changed by each new invitation of the tenant: two at once cannot both be the last one that is allowed. */
const lastMadeKey = (tenantId: string) => `/auth/last-made-invitations/${tenantId}`;
const PAGE = 500;

/** Invitations in the MetaStore: `vi_<id>_<256 bits>_<crc32>`, good once. */
export class InvitationRepository {
  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
    /** Most open ones that the users of one tenant have made. */
    private readonly maxPerTenant = 100,
  ) {}

  async create(
    invitation: Omit<Invitation, 'id' | 'mac' | 'createdAtMs'>,
  ): Promise<{ token: string; invitation: Invitation }> {
    const { invitedFrom } = invitation;
    for (;;) {
      const lock = lastMadeKey(invitedFrom);
      const lastMade = await this.meta.get(lock);
      await this.#requireRoom(invitedFrom);
      const id = `vi_${randomBytes(12).toString('base64url')}`;
      const body = `${id}_${randomBytes(32).toString('base64url')}`;
      const token = `${body}_${checksum(body)}`;
      const stored: Invitation = { ...invitation, id, mac: this.#mac(token), createdAtMs: Date.now() };
      const { succeeded } = await this.meta.txn(
        [
          { key: invitationKey(id), revision: 0 },
          { key: lock, revision: lastMade?.revision ?? 0 },
        ],
        [
          { put: invitationKey(id), value: JSON.stringify(stored) },
          { put: madeKey(invitedFrom, id), value: invitation.invitedBy },
          { put: lock, value: id },
        ],
      );
      if (succeeded) return { token, invitation: stored };
    }
  }

  async #requireRoom(tenantId: string): Promise<void> {
    const prefix = madeKey(tenantId, '');
    const made = async () => (await this.meta.range(prefix, { limit: this.maxPerTenant })).entries;
    const open = await made();
    if (open.length < this.maxPerTenant) return;
    for (const { key } of open) await this.#removeIfOver(key.slice(prefix.length));
    if ((await made()).length < this.maxPerTenant) return;
    throw new VectronError(
      'QUOTA_EXCEEDED',
      `this tenant has ${this.maxPerTenant} open invitations, which is the limit; withdraw one first`,
    );
  }

  /** The open invitation that `token` is, or undefined, with what a transaction compares to see that it is still open. */
  async verify(token: string): Promise<{ invitation: Invitation; compare: Compare } | undefined> {
    const [, id, , sum] = SHAPE.exec(token) ?? [];
    if (id === undefined || sum !== checksum(token.slice(0, -9))) return undefined;
    const entry = await this.meta.get(invitationKey(id));
    const invitation = entry && openOf(entry);
    if (entry === undefined || invitation === undefined) return undefined;
    const same = timingSafeEqual(Buffer.from(invitation.mac, 'base64url'), Buffer.from(this.#mac(token), 'base64url'));
    return same ? { invitation, compare: { key: entry.key, revision: entry.revision } } : undefined;
  }

  /** What takes it away, as part of a transaction. */
  removed({ id, invitedFrom }: Invitation): Operation[] {
    return [{ delete: invitationKey(id) }, { delete: madeKey(invitedFrom, id) }];
  }

  /** undefined when there is none or it has expired. */
  async byId(id: string): Promise<Invitation | undefined> {
    const entry = await this.meta.get(invitationKey(id));
    return entry && openOf(entry);
  }

  async delete(invitation: Invitation): Promise<void> {
    await this.meta.txn([], this.removed(invitation));
  }

  /** Open ones behind the id `after`, by id, at most `limit`; `inviter`: only those that it has made. */
  async page(after: string, limit: number, inviter?: { userId: string; tenantId: string }): Promise<Invitation[]> {
    const prefix = inviter === undefined ? ALL : madeKey(inviter.tenantId, '');
    const found: Invitation[] = [];
    for (let behind = after; found.length < limit; ) {
      const { entries } = await this.meta.range(prefix, { after: prefix + behind, limit: PAGE });
      for (const entry of entries) {
        behind = entry.key.slice(prefix.length);
        if (inviter !== undefined && entry.value !== inviter.userId) continue;
        const open = inviter === undefined ? openOf(entry) : await this.byId(behind);
        if (open !== undefined) found.push(open);
        if (found.length === limit) break;
      }
      if (entries.length < PAGE) break;
    }
    return found;
  }

  /** Those that the account has made, when it goes. */
  async deleteOf(userId: string, tenantId: string): Promise<void> {
    for (const invitation of await this.page('', Number.MAX_SAFE_INTEGER, { userId, tenantId })) {
      await this.delete(invitation);
    }
    const { entries } = await this.meta.range(madeKey(tenantId, ''), { limit: 1 });
    if (entries.length === 0) await this.meta.txn([], [{ delete: lastMadeKey(tenantId) }]);
  }

  /** Removes those that have expired. */
  async sweep(): Promise<void> {
    for (let after = ALL; ; ) {
      const { entries } = await this.meta.range(ALL, { after, limit: PAGE });
      for (const { key } of entries) await this.#removeIfOver(key.slice(ALL.length));
      if (entries.length < PAGE) return;
      after = entries[entries.length - 1].key;
    }
  }

  async #removeIfOver(id: string): Promise<void> {
    const entry = await this.meta.get(invitationKey(id));
    if (entry !== undefined && openOf(entry) === undefined) await this.delete(JSON.parse(entry.value) as Invitation);
  }

  #mac(token: string): string {
    return createHmac('sha256', this.pepper).update(`invitation/${token}`).digest('base64url');
  }
}

function openOf({ value }: MetaEntry): Invitation | undefined {
  const invitation = JSON.parse(value) as Invitation;
  return invitation.expiresAtMs > Date.now() ? invitation : undefined;
}

const checksum = (body: string) => crc32(body).toString(16).padStart(8, '0');

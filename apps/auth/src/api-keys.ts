import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from '@node-rs/crc32';
import { VectronError } from '@vectron/errors';
import type { MetaStore, Operation } from '@vectron/metastore';
import { Counts } from './accounts/counts.js';
import type { Role } from './rights.js';
import type { Condition } from './users.js';

export interface ApiKey {
  /** Public part, `vk_` and 12 characters: in lists and logs. */
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly role: Role;
  readonly collections: string[];
  readonly createdAtMs: number;
  /** 0: never. */
  readonly expiresAtMs: number;
  /** HMAC-SHA-256 of the full key with the pepper: the key is 256 random bits, so a slow hash adds nothing. */
  readonly mac: string;
}

const SHAPE = /^(vk_[A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const keyKey = (id: string) => `/auth/keys/${id}`;
const ownedKey = (userId: string, id: string) => `/auth/user-keys/${userId}/${id}`;
/** Changed by each creation of a key of the user: two at once cannot both be the last one that is allowed. */
const lastMadeKey = (userId: string) => `/auth/last-made-keys/${userId}`;
/** Keys that are deleted in one transaction. */
const AT_ONCE = 25;

/** API keys in the MetaStore: `vk_<id>_<256 bits>_<crc32>`; the full key is never stored. */
export class ApiKeyRepository {
  readonly #counts: Counts;

  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
    /** Most keys of one user. */
    private readonly maxPerUser = 100,
  ) {
    this.#counts = new Counts(meta);
  }

  /** Throws QUOTA_EXCEEDED when the user has as many as are allowed; those that have expired make room first. */
  async create(
    key: Omit<ApiKey, 'id' | 'mac' | 'createdAtMs'>,
    condition: Condition = async () => ({ compares: [], operations: [] }),
  ): Promise<{ full: string; key: ApiKey }> {
    for (;;) {
      const lock = lastMadeKey(key.userId);
      const lastMade = await this.meta.get(lock);
      await this.#requireRoom(key.userId);
      const id = `vk_${[...randomBytes(12)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
      const body = `${id}_${randomBytes(32).toString('base64url')}`;
      const full = `${body}_${checksum(body)}`;
      const stored: ApiKey = { ...key, id, mac: this.#mac(full), createdAtMs: Date.now() };
      const counted = await this.#counts.changed({ keys: 1 });
      const { compares, operations } = await condition();
      const { succeeded } = await this.meta.txn(
        [
          { key: keyKey(id), revision: 0 },
          { key: lock, revision: lastMade?.revision ?? 0 },
          counted.compare,
          ...compares,
        ],
        [
          { put: keyKey(id), value: JSON.stringify(stored) },
          { put: ownedKey(key.userId, id), value: '' },
          { put: lock, value: id },
          counted.operation,
          ...operations,
        ],
      );
      if (succeeded) return { full, key: stored };
    }
  }

  async #requireRoom(userId: string): Promise<void> {
    const owned = async () => (await this.#idsOf(userId, this.maxPerUser)).length;
    if ((await owned()) < this.maxPerUser) return;
    await this.#removeExpired(userId);
    if ((await owned()) < this.maxPerUser) return;
    throw new VectronError(
      'QUOTA_EXCEEDED',
      `this account has ${this.maxPerUser} API keys, which is the limit; delete one first`,
    );
  }

  /** The live key that `full` is, or undefined. */
  async verify(full: string): Promise<ApiKey | undefined> {
    const [, id, , sum] = SHAPE.exec(full) ?? [];
    if (id === undefined || sum !== checksum(full.slice(0, -9))) return undefined;
    const key = await this.byId(id);
    if (key === undefined) return undefined;
    const same = timingSafeEqual(Buffer.from(key.mac, 'base64url'), Buffer.from(this.#mac(full), 'base64url'));
    return same ? key : undefined;
  }

  /** undefined when there is none or it has expired. */
  async byId(id: string): Promise<ApiKey | undefined> {
    const entry = await this.meta.get(keyKey(id));
    if (entry === undefined) return undefined;
    const key = JSON.parse(entry.value) as ApiKey;
    return key.expiresAtMs === 0 || key.expiresAtMs > Date.now() ? key : undefined;
  }

  async ofUser(userId: string): Promise<ApiKey[]> {
    const stored = await Promise.all((await this.#idsOf(userId)).map((id) => this.meta.get(keyKey(id))));
    return stored.flatMap((entry) => (entry === undefined ? [] : [JSON.parse(entry.value) as ApiKey]));
  }

  async delete(userId: string, id: string): Promise<void> {
    const owned = await this.meta.get(ownedKey(userId, id));
    if (owned === undefined) throw noKey(id);
    await this.#delete(userId, [id]);
  }

  /** Returns how many there were. */
  async deleteAll(userId: string): Promise<number> {
    const ids = await this.#idsOf(userId);
    for (let at = 0; at < ids.length; at += AT_ONCE) await this.#delete(userId, ids.slice(at, at + AT_ONCE));
    await this.meta.txn([], [{ delete: lastMadeKey(userId) }]);
    return ids.length;
  }

  async #removeExpired(userId: string): Promise<void> {
    const now = Date.now();
    for (const { id, expiresAtMs } of await this.ofUser(userId)) {
      if (expiresAtMs !== 0 && expiresAtMs <= now) await this.#delete(userId, [id]);
    }
  }

  /** Those of them that are still there; each is counted once, whoever else deletes it. */
  async #delete(userId: string, ids: readonly string[]): Promise<void> {
    for (;;) {
      const stored = await Promise.all(ids.map((id) => this.meta.get(keyKey(id))));
      const live = stored.flatMap((entry) => entry ?? []);
      const counted = await this.#counts.changed({ keys: -live.length });
      const gone: Operation[] = ids.flatMap((id) => [{ delete: keyKey(id) }, { delete: ownedKey(userId, id) }]);
      const compares = live.map(({ key, revision }) => ({ key, revision }));
      if ((await this.meta.txn([...compares, counted.compare], [...gone, counted.operation])).succeeded) return;
    }
  }

  /** Ids of the first ones; without a limit, of all: no more than are allowed, but for those of before there was a limit. */
  async #idsOf(userId: string, limit?: number): Promise<string[]> {
    const prefix = ownedKey(userId, '');
    const { entries } = await this.meta.range(prefix, { limit });
    return entries.map(({ key }) => key.slice(prefix.length));
  }

  async count(): Promise<number> {
    return (await this.#counts.totals()).keys;
  }

  #mac(full: string): string {
    return createHmac('sha256', this.pepper).update(full).digest('base64url');
  }
}

const checksum = (body: string) => crc32(body).toString(16).padStart(8, '0');
export const noKey = (id: string) => new VectronError('NOT_FOUND', `there is no API key ${id}`);

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from '@node-rs/crc32';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';
import type { Role } from './users.js';

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

/** API keys in the MetaStore: `vk_<id>_<256 bits>_<crc32>`; the full key is never stored. */
export class ApiKeyRepository {
  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
  ) {}

  async create(key: Omit<ApiKey, 'id' | 'mac' | 'createdAtMs'>): Promise<{ full: string; key: ApiKey }> {
    for (;;) {
      const id = `vk_${[...randomBytes(12)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`;
      const body = `${id}_${randomBytes(32).toString('base64url')}`;
      const full = `${body}_${checksum(body)}`;
      const stored: ApiKey = { ...key, id, mac: this.#mac(full), createdAtMs: Date.now() };
      const { succeeded } = await this.meta.txn(
        [{ key: keyKey(id), revision: 0 }],
        [
          { put: keyKey(id), value: JSON.stringify(stored) },
          { put: ownedKey(key.userId, id), value: '' },
        ],
      );
      if (succeeded) return { full, key: stored };
    }
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
    const prefix = ownedKey(userId, '');
    const { entries } = await this.meta.range(prefix);
    const stored = await Promise.all(entries.map((entry) => this.meta.get(keyKey(entry.key.slice(prefix.length)))));
    return stored.flatMap((entry) => (entry === undefined ? [] : [JSON.parse(entry.value) as ApiKey]));
  }

  async delete(userId: string, id: string): Promise<void> {
    const owned = await this.meta.get(ownedKey(userId, id));
    if (owned === undefined) throw new VectronError('NOT_FOUND', `no API key ${id}`);
    await this.meta.txn([], [{ delete: keyKey(id) }, { delete: ownedKey(userId, id) }]);
  }

  async count(): Promise<number> {
    return (await this.meta.range('/auth/keys/')).entries.length;
  }

  #mac(full: string): string {
    return createHmac('sha256', this.pepper).update(full).digest('base64url');
  }
}

const checksum = (body: string) => crc32(body).toString(16).padStart(8, '0');

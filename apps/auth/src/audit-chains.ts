import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { MetaEntry, MetaStore } from '@vectron/metastore';

/** What an audit log must hold, at least. */
export interface AuditAnchor {
  /** The oldest entry that is kept. */
  readonly firstSequence: number;
  /** The newest entry that is known here, and its mac. */
  readonly sequence: number;
  readonly mac: string;
}

/** What it takes to check the audit log of a gateway. */
export interface AuditChain {
  readonly key: Buffer;
  /** That of the entries up to `oldSequence`, of a log from before keys were kept here. */
  readonly oldKey?: Buffer;
  readonly oldSequence: number;
  readonly anchor?: AuditAnchor;
}

interface Stored {
  /** AES-256-GCM under a key of the installation: nonce, tag and text, base64url. */
  readonly sealedOldKey?: string;
  readonly oldSequence?: number;
  readonly anchor?: AuditAnchor;
}

const PREFIX = '/audit/';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ATTEMPTS = 10;
const GATEWAY_ID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Keys and anchors of the audit logs of gateways. A key is derived (HKDF-SHA-256, RFC 5869) from the pepper of the
 * installation, which only the auth service has, and the id of the gateway: none lies beside a log. The anchors are in the
 * MetaStore, out of reach of who can write the files of a gateway. docs/adr/0033.
 */
export class AuditChains {
  constructor(
    private readonly meta: Pick<MetaStore, 'get' | 'range' | 'txn'>,
    private readonly pepper: string,
  ) {}

  /** The chain of a gateway. A key of its own from earlier is kept, sealed, the first time that one is shown. */
  async open(gatewayId: string, oldKey: Buffer, oldSequence: number): Promise<AuditChain> {
    if (oldKey.length > 0) {
      await this.#change(gatewayId, (stored) =>
        stored.sealedOldKey === undefined
          ? { ...stored, sealedOldKey: this.#seal(gatewayId, oldKey), oldSequence }
          : stored,
      );
    }
    return this.read(gatewayId);
  }

  async read(gatewayId: string): Promise<AuditChain> {
    const { stored } = await this.#read(gatewayId);
    return {
      key: derived(this.pepper, `entries of ${gatewayId}`),
      oldKey: stored.sealedOldKey === undefined ? undefined : this.#unseal(gatewayId, stored.sealedOldKey),
      oldSequence: stored.oldSequence ?? 0,
      anchor: stored.anchor,
    };
  }

  /** Gateways whose logs were anchored, by id. */
  async gateways(): Promise<string[]> {
    const { entries } = await this.meta.range(PREFIX);
    return entries.flatMap(({ key, value }) =>
      (JSON.parse(value) as Stored).anchor === undefined ? [] : [key.slice(PREFIX.length)],
    );
  }

  /** Throws CONFLICT when the chain would go back, or change what was said of it. */
  async anchor(gatewayId: string, anchor: AuditAnchor): Promise<void> {
    await this.#change(gatewayId, (stored) => {
      const known = stored.anchor;
      const back =
        known !== undefined &&
        (anchor.sequence < known.sequence ||
          anchor.firstSequence < known.firstSequence ||
          (anchor.sequence === known.sequence && anchor.mac !== known.mac));
      if (back)
        throw new VectronError('CONFLICT', 'the audit log has fewer entries than before; restore its missing files');
      return { ...stored, anchor };
    });
  }

  async #change(gatewayId: string, change: (stored: Stored) => Stored): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { entry, stored } = await this.#read(gatewayId);
      const next = change(stored);
      if (next === stored) return;
      const key = PREFIX + gatewayId;
      const put = { put: key, value: JSON.stringify(next) };
      if ((await this.meta.txn([{ key, revision: entry?.revision ?? 0 }], [put])).succeeded) return;
    }
    throw new VectronError(
      'CONFLICT',
      'several processes write the audit log of one gateway; give each gateway its own data directory',
    );
  }

  async #read(gatewayId: string): Promise<{ entry?: MetaEntry; stored: Stored }> {
    if (!GATEWAY_ID.test(gatewayId))
      throw VectronError.invalid('gateway_id', 'a gateway id must be 1 to 64 letters, digits and hyphens');
    const entry = await this.meta.get(PREFIX + gatewayId);
    return { entry, stored: entry === undefined ? {} : (JSON.parse(entry.value) as Stored) };
  }

  #seal(gatewayId: string, key: Buffer): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', derived(this.pepper, 'sealed keys'), nonce).setAAD(
      Buffer.from(gatewayId),
    );
    const text = Buffer.concat([cipher.update(key), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
  }

  #unseal(gatewayId: string, sealed: string): Buffer {
    const bytes = Buffer.from(sealed, 'base64url');
    const text = NONCE_BYTES + TAG_BYTES;
    const key = derived(this.pepper, 'sealed keys');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(gatewayId))
      .setAuthTag(bytes.subarray(NONCE_BYTES, text));
    return Buffer.concat([decipher.update(bytes.subarray(text)), decipher.final()]);
  }
}

const derived = (pepper: string, use: string) =>
  Buffer.from(hkdfSync('sha256', pepper, '', `vectron audit: ${use}`, KEY_BYTES));

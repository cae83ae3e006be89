import { createHmac } from 'node:crypto';
import type { MetaStore } from '@vectron/metastore';

interface KnownAddress {
  /** Keyed hash of the network: where people log in from is nothing to be read out of a backup. */
  readonly mac: string;
  readonly atMs: number;
}

const MOST = 16;
const DAY_MS = 24 * 3_600_000;
const KEPT_MS = 30 * DAY_MS;
const RACES = 4;
/** Looked up for accounts that do not exist, so that these cost the same. */
const NOBODY = 'nobody';
export const knownAddressesKey = (userId: string) => `/auth/known-addresses/${userId}`;

/** From where each account logged in within the last 30 days: the last 16 networks, see clientNetwork. */
export class KnownAddresses {
  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
    private readonly now: () => number = Date.now,
  ) {}

  async has(userId: string | undefined, network: string): Promise<boolean> {
    const { known } = await this.#read(userId ?? NOBODY);
    const mac = this.#mac(network);
    return known.some((one) => one.mac === mac);
  }

  /** After a successful login. Costs a write once a day for each network. */
  async remember(userId: string, network: string): Promise<void> {
    const mac = this.#mac(network);
    for (let race = 0; race < RACES; race++) {
      const { known, revision } = await this.#read(userId);
      const nowMs = this.now();
      if (known.some((one) => one.mac === mac && one.atMs + DAY_MS > nowMs)) return;
      const next = [{ mac, atMs: nowMs }, ...known.filter((one) => one.mac !== mac)].slice(0, MOST);
      const key = knownAddressesKey(userId);
      const { succeeded } = await this.meta.txn([{ key, revision }], [{ put: key, value: JSON.stringify(next) }]);
      if (succeeded) return;
    }
    // Others logged in at the same time each time; the next login from here tries again.
  }

  async #read(userId: string): Promise<{ known: KnownAddress[]; revision: number }> {
    const entry = await this.meta.get(knownAddressesKey(userId));
    const stored = entry === undefined ? [] : (JSON.parse(entry.value) as KnownAddress[]);
    return { known: stored.filter(({ atMs }) => atMs + KEPT_MS > this.now()), revision: entry?.revision ?? 0 };
  }

  #mac(network: string): string {
    return createHmac('sha256', this.pepper).update(`known/${network}`).digest('base64url').slice(0, 22);
  }
}

import { createHash } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';

const WINDOW_MS = 900_000;
/** Wrong passwords in that time: of one account, whoever sends them, and from one address, whatever the accounts. */
const MOST = { account: 10, address: 100 } as const;
/** After so many, each further attempt waits twice as long as the one before. */
const FREE = 3;
const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 1_000;
const ATTEMPTS = 5;

type Kind = keyof typeof MOST;
interface Counted {
  readonly count: number;
  readonly sinceMs: number;
}

/**
 * Wrong passwords, counted in the MetaStore so that all auth processes count together. Never more than a quarter of an
 * hour: nobody can lock an account for good.
 */
export class FailureCounter {
  constructor(private readonly meta: MetaStore) {}

  /** Throws RATE_LIMITED when there were too many; otherwise how long to wait before the next attempt is looked at. */
  async check(account: string, address: string): Promise<number> {
    let delayMs = 0;
    for (const [kind, who] of named(account, address)) {
      const counted = await this.#read(kind, who);
      if (counted === undefined) continue;
      if (counted.count >= MOST[kind]) {
        throw new VectronError('RATE_LIMITED', 'too many wrong passwords; try again later', {
          details: { retryAfterMs: counted.sinceMs + WINDOW_MS - Date.now() },
        });
      }
      if (kind === 'account' && counted.count >= FREE) {
        delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (counted.count - FREE));
      }
    }
    return delayMs;
  }

  async failed(account: string, address: string): Promise<void> {
    for (const [kind, who] of named(account, address)) await this.#count(kind, who);
  }

  async succeeded(account: string): Promise<void> {
    await this.meta.txn([], [{ delete: keyOf('account', account) }]);
  }

  async #count(kind: Kind, who: string): Promise<void> {
    const key = keyOf(kind, who);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const entry = await this.meta.get(key);
      const known = entry && (JSON.parse(entry.value) as Counted);
      const live = known !== undefined && known.sinceMs + WINDOW_MS > Date.now() ? known : undefined;
      const next: Counted = { count: (live?.count ?? 0) + 1, sinceMs: live?.sinceMs ?? Date.now() };
      const put = { put: key, value: JSON.stringify(next) };
      const { succeeded } = await this.meta.txn([{ key, revision: entry?.revision ?? 0 }], [put]);
      if (succeeded) return;
    }
    // Many at once, each of which was counted but for the slowest.
  }

  async #read(kind: Kind, who: string): Promise<Counted | undefined> {
    const entry = await this.meta.get(keyOf(kind, who));
    const counted = entry && (JSON.parse(entry.value) as Counted);
    return counted !== undefined && counted.sinceMs + WINDOW_MS > Date.now() ? counted : undefined;
  }

  /** Removes counts whose time is over. */
  async sweep(): Promise<void> {
    const { entries } = await this.meta.range('/auth/failures/');
    for (const { key, value, revision } of entries) {
      if ((JSON.parse(value) as Counted).sinceMs + WINDOW_MS > Date.now()) continue;
      await this.meta.txn([{ key, revision }], [{ delete: key }]);
    }
  }
}

function* named(account: string, address: string): Iterable<[Kind, string]> {
  yield ['account', account];
  if (address !== '') yield ['address', address];
}

/** What was typed may be anything. */
const keyOf = (kind: Kind, who: string) =>
  `/auth/failures/${kind}/${createHash('sha256').update(who).digest('base64url')}`;

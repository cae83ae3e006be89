import { LRUCache } from 'lru-cache';
import type { Asked } from './asked.js';

/** A read that takes more processor time than this, over all shards, has a lane for those that take long. */
const LONG_US = 5_000;
/** Kinds that are known at a time. */
const MOST_KINDS = 10_000;
const WEIGHT = 0.25;

/**
 * What reads of each kind cost the shards, as the last of them did. It is processor time, and so it is the same when the machine
 * is busy with something else.
 */
export class ReadCosts {
  /** Microseconds, by tenant and kind. */
  readonly #known = new LRUCache<string, number>({ max: MOST_KINDS });

  /** Whether a read takes long: by what those of its kind have cost; else by what it asks. */
  isLong(tenantId: string, { kind, likelyLong }: Asked): boolean {
    if (kind === undefined) return likelyLong;
    const known = this.#known.get(keyOf(tenantId, kind));
    return known === undefined ? likelyLong : known > LONG_US;
  }

  /** `cpuUs`: of one that has ended; 0 when no shard was asked, as for an answer that was kept. */
  learn(tenantId: string, { kind }: Asked, cpuUs: number): void {
    if (kind === undefined || cpuUs === 0) return;
    const key = keyOf(tenantId, kind);
    const known = this.#known.get(key);
    this.#known.set(key, known === undefined ? cpuUs : known + WEIGHT * (cpuUs - known));
  }
}

const keyOf = (tenantId: string, kind: string) => `${tenantId} ${kind}`;

import { VectronError } from '@vectron/errors';
import type { Compare, Lease, MetaStore } from './metastore.js';

/** For as long as this node leads. */
export interface Leadership {
  /** Goes into every transaction that only a leader may make: it fails once another one leads. */
  readonly fence: Compare;
  /** Aborted when the lead is lost, or may be. */
  readonly signal: AbortSignal;
}

const PAUSE_MS = 500;

/**
 * One leader among the processes that share a store: whoever makes the key, bound to its lease, leads. The key's revision
 * fences the leader's writes, so that one who does not know yet that it is a leader no more changes nothing.
 */
export class Election {
  constructor(
    private readonly meta: MetaStore,
    private readonly key: string,
    /** What the key holds: who this is. */
    private readonly self: string,
    private readonly ttlMs: number,
  ) {}

  /** Who leads now, '' when nobody does. */
  async leader(): Promise<string> {
    return (await this.meta.get(this.key))?.value ?? '';
  }

  /** Stands for election until `signal` aborts; `lead` runs while this node leads, and should end with its signal. */
  async run(signal: AbortSignal, lead: (leadership: Leadership) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      let lease: Lease | undefined;
      try {
        lease = await this.meta.grant(this.ttlMs);
        const fence = await this.#win(lease, signal);
        if (fence !== undefined) await lead({ fence, signal: AbortSignal.any([signal, lease.lost]) });
      } catch {
        // The store is away: it is tried again.
      }
      // A lease that cannot be revoked runs out.
      await lease?.revoke().catch(() => undefined);
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Waits for the key to be free and takes it; undefined: the lease or the caller's patience ended first. */
  async #win(lease: Lease, signal: AbortSignal): Promise<Compare | undefined> {
    const either = AbortSignal.any([signal, lease.lost]);
    while (!either.aborted) {
      const put = { put: this.key, value: this.self, lease: lease.id };
      const { succeeded, revision } = await this.meta.txn([{ key: this.key, revision: 0 }], [put]);
      if (succeeded) return { key: this.key, revision };
      await this.#freed(revision, either);
    }
    return undefined;
  }

  /** Resolves when the key is gone, or may be. */
  async #freed(revision: number, signal: AbortSignal): Promise<void> {
    const seen = await this.meta.get(this.key);
    if (seen === undefined) return;
    const stop = new AbortController();
    try {
      for await (const change of this.meta.watch(this.key, revision, AbortSignal.any([signal, stop.signal]))) {
        if (change.key === this.key && change.value === undefined) return;
      }
    } catch (error) {
      if (!(error instanceof VectronError && error.code === 'NOT_FOUND')) throw error;
    } finally {
      stop.abort();
    }
  }
}

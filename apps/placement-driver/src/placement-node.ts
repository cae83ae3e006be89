import { Election, type MetaStore } from '@vectron/metastore';
import { LEADER, NODES } from './catalog.js';
import type { CatalogView } from './catalog-view.js';
import type { ControlLoop } from './control-loop.js';
import type { WorkerCalls } from './worker-calls.js';

/** A node that dies is missed after so long, and another one does the background work. */
const LEASE_MS = 3_000;
const PAUSE_MS = 1_000;

/** One placement driver among those that share a MetaStore. */
export class PlacementNode {
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly meta: MetaStore,
    private readonly view: CatalogView,
    private readonly loop: ControlLoop,
    private readonly workers: WorkerCalls,
  ) {}

  /** Follows the records, makes `address` known and stands for election, until `stop`. */
  start(address: string): void {
    const { signal } = this.#stop;
    const election = new Election(this.meta, LEADER, address, LEASE_MS);
    this.#running = Promise.all([
      this.view.follow(signal),
      this.#announce(address, signal),
      election.run(signal, (leadership) => this.loop.lead(leadership)),
    ]);
  }

  /** Address of the node that leads, '' while none does. */
  leader(): Promise<string> {
    return new Election(this.meta, LEADER, '', LEASE_MS).leader();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.workers.close();
  }

  async #announce(address: string, signal: AbortSignal): Promise<void> {
    // By address: one that is back takes its own place, and does not stand beside its former self until that is missed.
    const key = NODES + address;
    while (!signal.aborted) {
      try {
        const lease = await this.meta.grant(LEASE_MS);
        await this.meta.txn([], [{ put: key, value: address, lease: lease.id }]);
        await aborted([signal, lease.lost]);
        if (signal.aborted) await lease.revoke();
      } catch {
        // The MetaStore is away.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Resolves when one of the signals aborts. */
function aborted(signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    }
  });
}

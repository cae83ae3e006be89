import type { workerData } from '@vectron/proto';

/**
 * Names the writes of this process, so that a shard applies one that is sent to it twice only once. A name is in use
 * until its write is answered; the shard forgets what is older than the oldest in use.
 */
export class WriteOrigins {
  readonly #client = crypto.getRandomValues(Buffer.alloc(16));
  /** In the order they were taken, which is that of their numbers. */
  readonly #inFlight = new Set<bigint>();
  #next = 1n;

  /** Runs a write under a name of its own. */
  async run<T>(write: (origin: workerData.Origin) => Promise<T>): Promise<T> {
    const sequence = this.#next;
    this.#next += 1n;
    this.#inFlight.add(sequence);
    const [pendingFrom = sequence] = this.#inFlight;
    try {
      return await write({ client: this.#client, sequence, pendingFrom });
    } finally {
      this.#inFlight.delete(sequence);
    }
  }
}

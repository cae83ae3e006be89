/** Of one stream, batches that are under way or not yet acknowledged. */
export const BATCHES_OF_STREAM = 8;
/** Bytes of batches from which on no more of a stream, and of all streams of a tenant in a gateway, is read. */
const BYTES = { stream: 16 << 20, tenant: 64 << 20 };

interface Tenant {
  streams: number;
  bytes: number;
  /** To be called when there may be room. */
  readonly waiting: Set<() => void>;
}

/**
 * How much of the streams of upserts is in memory. A stream reads its next batch while those before it leave room, its own and those
 * of its tenant's other streams. One that has no batch under way may always read one, so that no stream waits for another for ever.
 */
export class StreamWindows {
  readonly #tenants = new Map<string, Tenant>();

  constructor(private readonly bytes = BYTES) {}

  open(tenantId: string): StreamWindow {
    let tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = { streams: 0, bytes: 0, waiting: new Set() };
      this.#tenants.set(tenantId, tenant);
    }
    const own = tenant;
    own.streams += 1;
    return new StreamWindow(own, this.bytes, () => {
      if (--own.streams === 0) this.#tenants.delete(tenantId);
    });
  }
}

/** The window of one stream. */
export class StreamWindow {
  #bytes = 0;
  #batches = 0;
  #isClosed = false;

  constructor(
    private readonly tenant: Tenant,
    private readonly most: typeof BYTES,
    private readonly ended: () => void,
  ) {}

  get #isOpen(): boolean {
    if (this.#batches === 0) return true;
    return this.#bytes < this.most.stream && this.tenant.bytes < this.most.tenant;
  }

  /** Waits until the next batch may be read, or `stopped` tells that none will be; see `wake`. */
  async room(stopped: () => boolean): Promise<void> {
    while (!this.#isOpen && !stopped()) {
      await new Promise<void>((resolve) => {
        this.tenant.waiting.add(resolve);
      });
    }
  }

  /** Has the streams that wait look again. */
  wake(): void {
    const waiting = [...this.tenant.waiting];
    this.tenant.waiting.clear();
    for (const look of waiting) look();
  }

  /** Counts a batch until what is given is called, once. */
  take(bytes: number): () => void {
    this.#count(1, bytes);
    return () => {
      this.#count(-1, -bytes);
      this.wake();
      if (this.#isClosed && this.#batches === 0) this.ended();
    };
  }

  /** The stream has ended; batches of it may go on. */
  close(): void {
    this.#isClosed = true;
    if (this.#batches === 0) this.ended();
  }

  #count(batches: number, bytes: number): void {
    this.#batches += batches;
    this.#bytes += bytes;
    this.tenant.bytes += bytes;
  }
}

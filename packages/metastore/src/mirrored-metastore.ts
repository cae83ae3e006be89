import { VectronError } from '@vectron/errors';
import type { Change, Compare, Lease, MetaEntry, MetaStore, Operation, Page, TxnResult } from './metastore.js';
import { pageOf } from './page-of.js';

const PAUSE_MS = 1_000;

/**
 * Another store with a copy of one prefix in memory, kept by a watch: reads of it go on for `maxAgeMs` after the store was
 * last heard of. Nothing can be written meanwhile, so what is read is what was there when the store went away; a process
 * that alone lost the store reads what was true at most `maxAgeMs` ago.
 */
export class MirroredMetaStore implements MetaStore {
  readonly #stop = new AbortController();
  #copy: Map<string, MetaEntry> | undefined;
  #revision = 0;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly meta: MetaStore,
    private readonly prefix: string,
    private readonly maxAgeMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    void this.#follow();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { entries, revision } = await this.#heard(this.meta.range(this.prefix));
        this.#copy = new Map(entries.map((entry) => [entry.key, entry]));
        this.#revision = revision;
        for await (const change of this.meta.watch(this.prefix, revision, signal)) this.#take(change);
      } catch {
        // The store is away, or the watch too old: from the start.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    }
  }

  #take({ key, value, revision }: Change): void {
    this.#heardMs = this.now();
    this.#revision = revision;
    if (value === undefined) this.#copy?.delete(key);
    else this.#copy?.set(key, { key, value, revision });
  }

  async #heard<T>(answer: Promise<T>): Promise<T> {
    const value = await answer;
    this.#heardMs = this.now();
    return value;
  }

  /** The copy, when the store cannot be asked and was heard of lately; else throws what it said. */
  #instead(key: string, cause: unknown): Map<string, MetaEntry> {
    const fresh = this.now() - this.#heardMs <= this.maxAgeMs;
    const away = cause instanceof VectronError && cause.code === 'UNAVAILABLE';
    if (this.#copy === undefined || !fresh || !away || !key.startsWith(this.prefix)) throw cause;
    return this.#copy;
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    try {
      return await this.#heard(this.meta.get(key));
    } catch (cause) {
      return this.#instead(key, cause).get(key);
    }
  }

  async range(prefix: string, page: Page = {}): Promise<{ entries: MetaEntry[]; revision: number }> {
    try {
      return await this.#heard(this.meta.range(prefix, page));
    } catch (cause) {
      return { entries: pageOf(this.#instead(prefix, cause).values(), prefix, page), revision: this.#revision };
    }
  }

  txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    return this.#heard(this.meta.txn(compares, operations));
  }

  watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change> {
    return this.meta.watch(prefix, revision, signal);
  }

  grant(ttlMs: number): Promise<Lease> {
    return this.meta.grant(ttlMs);
  }

  close(): Promise<void> {
    this.#stop.abort();
    return this.meta.close();
  }
}

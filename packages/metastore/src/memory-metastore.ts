import { ChangeFeed } from './change-feed.js';
import { LocalLeases } from './local-leases.js';
import type { Change, Compare, Lease, MetaEntry, MetaStore, Operation, Page, TxnResult } from './metastore.js';
import { pageOf } from './page-of.js';

/** For tests and for state that may die with the process. */
export class MemoryMetaStore implements MetaStore {
  readonly #entries = new Map<string, MetaEntry>();
  readonly #feed = new ChangeFeed(0);
  readonly #leases = new LocalLeases(this);
  #revision = 0;

  async get(key: string): Promise<MetaEntry | undefined> {
    return this.#entries.get(key);
  }

  async range(prefix: string, page: Page = {}): Promise<{ entries: MetaEntry[]; revision: number }> {
    return { entries: pageOf(this.#entries.values(), prefix, page), revision: this.#revision };
  }

  async txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    const holds = compares.every(({ key, revision }) => (this.#entries.get(key)?.revision ?? 0) === revision);
    if (!holds || operations.length === 0) return { succeeded: holds, revision: this.#revision };
    this.#leases.bind(operations);
    const revision = ++this.#revision;
    const changes: Change[] = operations.map((operation) => {
      if ('put' in operation) {
        this.#entries.set(operation.put, { key: operation.put, value: operation.value, revision });
        return { key: operation.put, value: operation.value, revision };
      }
      this.#entries.delete(operation.delete);
      return { key: operation.delete, value: undefined, revision };
    });
    this.#feed.publish(changes);
    return { succeeded: true, revision };
  }

  watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change> {
    return this.#feed.watch(prefix, revision, signal);
  }

  async grant(): Promise<Lease> {
    return this.#leases.grant();
  }

  async close(): Promise<void> {
    this.#leases.end();
  }
}

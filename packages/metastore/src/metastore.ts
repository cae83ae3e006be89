/**
 * Control-plane and auth state: an ordered key-value store with revisions, as etcd has it. Keys are UTF-8
 * paths (`/users/42`); values are text. Every change gets the next revision of the whole store.
 */
export interface MetaStore {
  get(key: string): Promise<MetaEntry | undefined>;
  /**
   * Entries whose key starts with `prefix`, by key, as of one revision. `page`: only some of them; what can have many is
   * never read whole for a request.
   */
  range(prefix: string, page?: Page): Promise<{ entries: MetaEntry[]; revision: number }>;
  /**
   * Applies `operations`, each of another key, together if every compare holds, else changes nothing. Durable when it resolves
   * (where the implementation is durable at all).
   */
  txn(compares: Compare[], operations: Operation[]): Promise<TxnResult>;
  /**
   * Every change under `prefix` after `revision`, in revision order, none lost, until `signal` aborts.
   * Throws NOT_FOUND when those changes are no longer kept: read the range again.
   */
  watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change>;
  /** A lease that lives as long as this process and its store do, and at most `ttlMs` (at least 1,000) longer. */
  grant(ttlMs: number): Promise<Lease>;
  close(): Promise<void>;
}

/** A part of a range. */
export interface Page {
  /** Only keys behind this one. */
  readonly after?: string;
  /** At most so many entries, 1 or more. */
  readonly limit?: number;
}

/** What keys can be bound to: they are deleted when it ends. */
export interface Lease {
  readonly id: string;
  /** Aborted as soon as the lease may have ended for others. */
  readonly lost: AbortSignal;
  /** Ends it now. Its keys are gone when this resolves. */
  revoke(): Promise<void>;
}

export interface MetaEntry {
  readonly key: string;
  readonly value: string;
  /** Revision of the last change of this key. */
  readonly revision: number;
}

/** Holds when the key's last change is `revision`; 0: when the key does not exist. */
export interface Compare {
  readonly key: string;
  readonly revision: number;
}

/** `lease`: of {@link Lease.id}; a later put without one unbinds the key. */
export type Operation =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly delete: string };

export interface TxnResult {
  readonly succeeded: boolean;
  /** Of the change, or the store's current one when nothing changed. */
  readonly revision: number;
}

export interface Change {
  readonly key: string;
  /** undefined: deleted. */
  readonly value: string | undefined;
  readonly revision: number;
}

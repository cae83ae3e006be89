import type { ProviderOptions } from '@vectron/embeddings';

/** Options of `open`, which opens an embedded database. */
export interface OpenOptions {
  /** Embedding providers by name, in addition to `local`. */
  readonly embeddings?: Readonly<Record<string, ProviderOptions>>;
  /** Number of threads that answer queries and apply writes; default: one per core. */
  readonly threads?: number;
  /** Number of threads that build the index; default: half the number of cores. */
  readonly indexThreads?: number;
  /** Maximum number of points in one upsert; default 10,000. */
  readonly maxBatch?: number;
}

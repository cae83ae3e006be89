import type { ProviderOptions } from '@vectron/embeddings';

/** How a database in this process is opened. */
export interface OpenOptions {
  /** Embedding providers by name, besides `local`. */
  readonly embeddings?: Readonly<Record<string, ProviderOptions>>;
  /** Threads that answer queries and apply writes; default: one per core. */
  readonly threads?: number;
  /** Threads that build the index; default: half of the cores. */
  readonly indexThreads?: number;
  /** Points in one upsert; default 10,000. */
  readonly maxBatch?: number;
}

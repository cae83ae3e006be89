/** A vector of float32 values; results give `Float32Array`. */
export type Vector = Float32Array | readonly number[];
export type Payload = Record<string, unknown>;

export interface Point {
  /** 1 to 512 bytes of UTF-8. */
  readonly id: string;
  readonly vector: Vector;
  readonly payload?: Payload;
}
export interface StoredPoint {
  readonly id: string;
  /** undefined when it was not asked for. */
  readonly vector?: Float32Array;
  readonly payload: Payload;
}

export interface CollectionOptions {
  readonly dimension: number;
  /** Default: cosine. */
  readonly distance?: 'cosine' | 'euclidean' | 'dot';
  /** 1 to 64; default: one per worker, at most 16. */
  readonly shards?: number;
  readonly hnswM?: number;
  readonly hnswEfConstruction?: number;
  readonly vectors?: VectorSettings;
  /** Replicas of each shard, 1 to 7; default: 3 where there are as many workers, else 1. */
  readonly replicas?: number;
  /** relaxed: acknowledged before it is on disk, which a power loss may take. Default: fsync. */
  readonly durability?: 'fsync' | 'relaxed';
  readonly rerank?: {
    readonly enabled: boolean;
    readonly textFields?: readonly string[];
    readonly fieldBoosts?: Readonly<Record<string, number>>;
    readonly recencyField?: string;
    readonly oversample?: number;
  };
}
/**
 * Which writes a read must see. `any`: what the replica has; `bounded`: what was current `maxStalenessMs` ago;
 * `at_least`: the write that gave the token; `linearizable`: every write acknowledged before the read began.
 */
export type Consistency =
  | 'any'
  | 'linearizable'
  | { readonly maxStalenessMs: number }
  | { readonly writeToken: string };
/** How vectors are kept; fixed when the collection is made. */
export interface VectorSettings {
  /** Form in which the graph compares vectors; results are rescored with the full ones. Default: int8. */
  readonly quantization?: 'int8' | 'none' | 'float16' | 'binary' | 'product';
  /** Where the full vectors live. Default: memory. */
  readonly storage?: 'memory' | 'mmap' | 'disk';
  /** Candidates rescored per result, at most 100; default: by quantization. */
  readonly oversampling?: number;
  /** Build the index on all threads at once: faster, and not deterministic. */
  readonly parallelBuild?: boolean;
}
export interface CollectionInfo {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  readonly shards: number;
  readonly points: number;
}
export interface CollectionStatus {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  readonly points: number;
  /** Points that search scans because the index does not hold them yet. */
  readonly indexLag: number;
  readonly shards: {
    readonly shardId: number;
    readonly ready: boolean;
    readonly points: number;
    /** Numbers of the workers that hold it. */
    readonly replicas: number[];
  }[];
}

/** Exactly one of `vector` and `likeId`. */
export interface SearchOptions {
  readonly vector?: Vector;
  /** Search by the vector of this point; the point itself is left out. */
  readonly likeId?: string;
  /** 1 to 10,000; default 10. */
  readonly topK?: number;
  /** Text for the reranker, when the collection enables it. */
  readonly query?: string;
  readonly timeoutMs?: number;
  readonly includeVectors?: boolean;
  /** Default true. */
  readonly includePayload?: boolean;
  /** Candidates kept while searching; default: max(100, 2 * topK). */
  readonly ef?: number;
  /** 0.5 to 0.999, instead of `ef`: each shard picks the ef that it measured to give this recall. */
  readonly recall?: number;
  readonly exact?: boolean;
  readonly scoreThreshold?: number;
  /** Default: any. */
  readonly consistency?: Consistency;
}
export interface SearchHit {
  readonly id: string;
  /** Higher is better: cosine similarity, dot product, or 1 / (1 + L2 distance). */
  readonly score: number;
  readonly payload: Payload;
  readonly vector?: Float32Array;
  /** Terms of the reranker's score; empty without reranking. */
  readonly explanation: string;
}
export interface SearchResult {
  readonly hits: SearchHit[];
  /** Whether every shard answered. */
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  /** Recall to expect: 1 when the answer is exact, 0 while nothing was measured. */
  readonly recallEstimate: number;
  /** Names this answer in `feedback`. */
  readonly queryId: string;
  readonly rerankedBy: string;
}
export interface UpsertResult {
  readonly upserted: number;
  /** For a read that must see this write. */
  readonly writeToken: string;
}
export interface DeleteResult {
  readonly existed: boolean;
  /** For a read that must see this. */
  readonly writeToken: string;
}
/** What happened to a point; `logIndex` orders the changes of one shard. */
export interface Change {
  readonly shardId: number;
  readonly logIndex: bigint;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: string;
  /** Of an insert or update. */
  readonly vector?: Float32Array;
  readonly payload?: Payload;
}
export interface Changes {
  readonly changes: Change[];
  readonly nextCursor: string;
}
export interface Page {
  readonly points: StoredPoint[];
  /** undefined: no more. */
  readonly nextCursor?: string;
}
export interface Feedback {
  readonly collection: string;
  readonly queryId?: string;
  readonly query?: string;
  readonly items: {
    readonly resultId: string;
    readonly relevanceScore?: number;
    readonly clicked?: boolean;
    readonly position?: number;
    readonly comment?: string;
  }[];
}
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly role: string;
}
export interface ApiKeyInfo {
  /** Public part of the key. */
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
}

/**
 * What a Vectron answers, wherever it runs. Failures throw VectronError with a stable `code`; those marked
 * retryable were retried already. An upsert that returned is on disk. Safe to share between callers.
 */
export interface VectronClient {
  createCollection(name: string, options: CollectionOptions): Promise<void>;
  deleteCollection(name: string): Promise<void>;
  listCollections(): Promise<CollectionInfo[]>;
  collectionStatus(name: string): Promise<CollectionStatus>;
  /** All or, when a point is wrong, none. Of equal ids the last wins. */
  upsert(collection: string, points: readonly Point[]): Promise<UpsertResult>;
  search(collection: string, options: SearchOptions): Promise<SearchResult>;
  /** undefined: no such point. */
  get(collection: string, id: string, options?: { consistency?: Consistency }): Promise<StoredPoint | undefined>;
  delete(collection: string, id: string): Promise<DeleteResult>;
  listPoints(
    collection: string,
    options?: { limit?: number; cursor?: string; includeVectors?: boolean; consistency?: Consistency },
  ): Promise<Page>;
  /**
   * Changes since the cursor, in log order a shard, without a gap; without a cursor, from the oldest that is kept.
   * Waits up to `waitMs` for one. CHANGES_GONE: the log does not reach back to the cursor any more.
   */
  listChanges(collection: string, options?: { cursor?: string; waitMs?: number }): Promise<Changes>;
  /** Returns the feedback's id. */
  feedback(feedback: Feedback): Promise<string>;
  register(email: string, password: string): Promise<Account>;
  /** Returns a token for `connect`'s `apiKey`. */
  login(email: string, password: string): Promise<{ token: string; account: Account }>;
  profile(): Promise<Account>;
  /** The full key is shown this once. */
  createApiKey(
    name: string,
    options?: { role?: string; collections?: string[] },
  ): Promise<{ key: string; info: ApiKeyInfo }>;
  listApiKeys(): Promise<ApiKeyInfo[]>;
  deleteApiKey(prefix: string): Promise<void>;
  close(): Promise<void>;
}

import type { VectronError } from '@vectron/errors';
import type { SparseInput } from '@vectron/model';
import type { auth, gateway } from '@vectron/proto';
import type { FilterOf, PathOf, ValueAt } from './typed-filter.js';

/** A vector of float32 values. Results contain `Float32Array`. */
export type Vector = Float32Array | readonly number[];
/**
 * A JSON object. Integers beyond 2^53 are `bigint`, up to 64 bits. A property that is `undefined` is absent; NaN, Date, Map,
 * instances of classes, functions and other values without a JSON form are refused before anything is sent.
 */
export type Payload = Record<string, unknown>;
/** A payload value by which points are grouped or counted. */
export type Value = string | number | bigint | boolean;

/** A point to write. `P` is the type of its payload. */
export interface Point<P extends object = Payload> {
  /** The id of the point, 1 to 512 bytes of UTF-8. */
  readonly id: string;
  /** The vector of the point; omit it if you send `text`. */
  readonly vector?: Vector;
  /** Text from which the collection's embedding provider computes the vector. It is also stored in the payload. */
  readonly text?: string;
  readonly payload?: P;
  /** Sparse vectors by name, as declared for the collection. */
  readonly sparse?: Readonly<Record<string, SparseInput>>;
  /** Named dense vectors in addition to `vector`, as declared for the collection. */
  readonly vectors?: Readonly<Record<string, Vector>>;
  /** Seconds after which the point is deleted; undefined: it never expires. */
  readonly ttlSeconds?: number;
  /**
   * Required current version of the point; 0n: the point must not exist. Otherwise the batch fails with
   * VERSION_CONFLICT.
   */
  readonly ifVersion?: bigint;
}
/**
 * A point as it is stored. `P` is the type of its payload, which is not checked: the writers of the collection are
 * responsible for it.
 */
export interface StoredPoint<P extends object = Payload> {
  readonly id: string;
  /** The vector; undefined if vectors were not requested. */
  readonly vector?: Float32Array;
  readonly payload: P;
  /** Sparse vectors by name; undefined if the point has none. */
  readonly sparse?: Readonly<Record<string, { readonly indices: number[]; readonly values: number[] }>>;
  /** Named vectors; undefined if the point has none, or vectors were not requested. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
  /** The version of the point, which increases with every write. */
  readonly version: bigint;
  /** The time at which the point expires; undefined: never. */
  readonly expiresAt?: Date;
}

/** A payload index on the values at one path. */
export interface PayloadIndex {
  readonly path: string;
  readonly type: 'keyword' | 'integer' | 'float' | 'bool' | 'datetime' | 'geo' | 'text';
  /** For a text index: the language for stemming, such as english. */
  readonly language?: string;
  /** For a text index: the analyzer; default: words. */
  readonly analyzer?: 'words' | 'code';
  /** For a text index: stop words; `_language_` means the usual stop words of the language. */
  readonly stopWords?: readonly string[];
}
/** How a text is analyzed: with the text index at a path, or with the given settings, which need not be declared. */
export type AnalyzeOptions =
  | { readonly path: string }
  | { readonly index: Pick<PayloadIndex, 'language' | 'analyzer' | 'stopWords'> };
/** A term that a text index stores, or that a query searches for. */
export interface Token {
  readonly text: string;
  /** Start of the word in UTF-16 code units: the word is `text.slice(start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Position of the word among the words of the text, from 0. */
  readonly position: number;
  readonly word: string;
  readonly kind: 'word' | 'variant' | 'whole' | 'part' | 'unit' | 'pair' | 'query';
  /**
   * Whether a filter with this text requires the token; for a variant or a query token: whether it is accepted instead
   * of the word.
   */
  readonly asked: boolean;
}
/** The declaration of a named dense vector, which points can have in addition to their first vector. */
export interface NamedVector {
  readonly name: string;
  readonly dimension: number;
  /** The distance metric; default: cosine. */
  readonly distance?: 'cosine' | 'euclidean' | 'dot';
  readonly hnswM?: number;
  readonly hnswEfConstruction?: number;
  /** The quantization; default: int8. */
  readonly quantization?: VectorSettings['quantization'];
  /** Where the full vectors are stored; default: memory. */
  readonly storage?: 'memory' | 'mmap';
  readonly oversampling?: number;
}
/**
 * What to declare or delete: a payload index, a sparse vector, or a named dense vector. To delete a vector, its name is
 * sufficient.
 */
export type IndexTarget =
  | PayloadIndex
  | { readonly sparseVector: string }
  | { readonly namedVector: Pick<NamedVector, 'name'> & Partial<NamedVector> };
export interface IndexInfo extends PayloadIndex {
  /** The number of points in the index, out of `points`. */
  readonly indexed: number;
  readonly points: number;
  readonly ready: boolean;
  /**
   * Points of those indexed with a value, other than null, that is not of the index's type, or cannot be read as it: tests of that
   * type do not find such a value.
   */
  readonly unread: number;
  /** An example of an unread value; `value` is JSON text, cut after 200 bytes. */
  readonly unreadExample?: { readonly id: string; readonly value: string };
}
/** The indexes and vectors that are declared for a collection. */
export interface Indexes {
  readonly indexes: IndexInfo[];
  readonly sparseVectors: string[];
  readonly namedVectors: NamedVector[];
}

/** Settings of a new collection. Names and defaults are those of `createCollection` in the API. */
export interface CollectionOptions {
  readonly dimension: number;
  /** The distance metric; default: cosine. */
  readonly distance?: 'cosine' | 'euclidean' | 'dot';
  /** The number of shards, 1 to 64; default: one per worker, at most 16. */
  readonly shards?: number;
  readonly hnswM?: number;
  readonly hnswEfConstruction?: number;
  readonly vectors?: VectorSettings;
  /** Replicas of each shard, 1 to 7; default: 3 if there are at least 3 workers, otherwise 1. */
  readonly replicas?: number;
  /**
   * When writes are acknowledged: after the fsync (default), or with `relaxed` before it, so that a power loss can lose
   * them.
   */
  readonly durability?: 'fsync' | 'relaxed';
  readonly indexes?: readonly PayloadIndex[];
  /** Names of the sparse vectors that points can have. */
  readonly sparseVectors?: readonly string[];
  /** Named dense vectors that points can have in addition to their first vector. */
  readonly namedVectors?: readonly NamedVector[];
  /** The embedding provider that computes vectors of texts in points and queries. */
  readonly embedding?: { readonly provider: string; readonly textField?: string };
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
/** How vectors are stored and indexed; cannot be changed after the collection was created. */
export interface VectorSettings {
  /** The form in which the graph compares vectors; results are rescored with the full vectors. Default: int8. */
  readonly quantization?: 'int8' | 'none' | 'float16' | 'binary' | 'product';
  /** Where the full vectors are stored. Default: memory. */
  readonly storage?: 'memory' | 'mmap' | 'disk';
  /**
   * Maximum number of candidates to rescore per result, at most 100; default: as many as the quantization error
   * requires.
   */
  readonly oversampling?: number;
  /** Whether to build the index with all threads, which is faster but not deterministic. */
  readonly parallelBuild?: boolean;
}
/** A collection as `listCollections` returns it. */
export type CollectionInfo = Readonly<Omit<gateway.CollectionInfo, 'points' | 'createdAt'>> & {
  readonly points: number;
};
/** The state of a collection and its shards. */
export interface CollectionStatus {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  /**
   * The number of points, including every write that was acknowledged before; without shards that have an `errorCode`.
   */
  readonly points: number;
  /** The number of points that searches scan because they are not indexed yet; at most `points`. */
  readonly indexLag: number;
  readonly shards: {
    readonly shardId: number;
    readonly ready: boolean;
    readonly points: number;
    /** Numbers of the workers that hold a replica of the shard. */
    readonly replicas: number[];
    /** Why the shard did not report its points, so that `points` is 0; undefined: it did. */
    readonly errorCode?: string;
  }[];
  /** The current settings, without the indexes and vectors that were declared later (see `listIndexes`). */
  readonly settings: CollectionOptions;
}
/** Settings to change; omitted ones remain unchanged. */
export type CollectionChange = Pick<CollectionOptions, 'durability' | 'rerank' | 'embedding'>;

/** Optional fields with the same names and types as in the proto. */
type Asked<Message, Field extends keyof Message> = { readonly [F in Field]?: Message[F] };

/** Options that searches and queries share. */
export interface Selecting<P extends object = Payload> {
  /** Only consider points that match this filter. */
  readonly filter?: FilterOf<P>;
  /** Which writes the read must see; default: any. */
  readonly consistency?: Consistency;
  /** Whether to return payloads; default: true. */
  readonly includePayload?: boolean;
}
type Tuning = 'ef' | 'recall' | 'exact' | 'scoreThreshold' | 'using';
/** Exactly one of the fields of `All`. */
export type ExactlyOne<All> = {
  [One in keyof All]: { readonly [F in One]: All[F] } & { readonly [F in Exclude<keyof All, One>]?: undefined };
}[keyof All];

/** What a search looks for. */
export interface Sought {
  readonly vector: Vector;
  /** Text from which the collection's embedding provider computes the vector. */
  readonly text: string;
  /** Id of a stored point whose vector is used; the point itself is excluded from the results. */
  readonly likeId: string;
}
/** Options of a search, without what it looks for. */
export interface SearchSettings<P extends object = Payload>
  extends Selecting<P>,
    Asked<gateway.SearchRequest, Tuning | 'topK' | 'query' | 'timeoutMs' | 'includeVectors' | 'explain' | 'whyNot'> {}
/** A search: exactly one of `vector`, `text` and `likeId`, and the options of the search. */
export type SearchOptions<P extends object = Payload> = SearchSettings<P> & ExactlyOne<Sought>;

/** A batch of searches; the options apply to all of its vectors. */
export interface SearchBatchOptions<P extends object = Payload>
  extends Selecting<P>,
    Asked<
      gateway.SearchBatchRequest,
      'ef' | 'recall' | 'exact' | 'scoreThreshold' | 'using' | 'topK' | 'includeVectors'
    > {
  /** Time limit for the whole call with all of its searches, in milliseconds; default: that of the server. */
  readonly timeoutMs?: number;
  /** 1 to 1,000 vectors as a list; or concatenated in one array, with their number in `count`. */
  readonly vectors: Float32Array | readonly Vector[];
  /** The number of vectors, if `vectors` is a single array. */
  readonly count?: number;
}
/** The results of a batch of searches: the hits of the first search, followed by those of the next ones. */
export interface SearchBatchResult<P extends object = Payload> {
  /** The number of hits of each search; `ids`, `scores` and the other lists have one entry per hit. */
  readonly counts: Uint32Array;
  /** The ids of the hits; within each search, the best comes first. */
  readonly ids: string[];
  /** The scores of the hits, as `score` of a `SearchHit`. */
  readonly scores: Float32Array;
  /** The payloads of the hits; empty without `includePayload`. */
  readonly payloads: P[];
  /** The vectors of the hits; empty without `includeVectors`. */
  readonly vectors: Float32Array[];
  /** A report of each search, without its hits. */
  readonly searches: Omit<SearchResult, 'hits' | 'rerankedBy' | 'explanation' | 'whyNot'>[];
}

/** What a branch of a query looks for. */
export interface SoughtByBranch<P extends object = Payload> {
  readonly vector: Vector;
  /** Text from which the collection's embedding provider computes the vector. */
  readonly embed: string;
  /** Id of a stored point whose vector is used; the point itself is excluded from the results. */
  readonly likeId: string;
  readonly sparse: SparseInput & { readonly name: string };
  /**
   * Words, scored by BM25; without `fields`, over every field with a text index. Each of the phrases stands in one of the
   * fields; without a query, their words are scored.
   */
  readonly text: {
    readonly query?: string;
    readonly fields?: readonly { path: PathOf<P>; boost?: number }[];
    readonly phrases?: readonly string[];
  };
  /** Stored points to be near to, and optionally others to be far from. */
  readonly examples: { readonly positiveIds: readonly string[]; readonly negativeIds?: readonly string[] };
}
/** Options of a branch, without what it looks for. */
export interface BranchSettings<P extends object = Payload>
  extends Asked<gateway.QueryBranch, Tuning | 'limit' | 'weight'> {
  /** A filter of this branch, in addition to the one of the whole query. */
  readonly filter?: FilterOf<P>;
}
/** One branch of a query: exactly one of the fields of `SoughtByBranch`, and its options. */
export type QueryBranch<P extends object = Payload> = BranchSettings<P> & ExactlyOne<SoughtByBranch<P>>;
/** A query: its branches, and how their results are combined. */
export interface QueryOptions<P extends object = Payload>
  extends Selecting<P>,
    Asked<gateway.QueryRequest, 'topK' | 'rrfK' | 'timeoutMs' | 'includeVectors' | 'scoreThreshold'> {
  /** 1 to 16 branches, whose results are fused. */
  readonly branches: readonly QueryBranch<P>[];
  /** How branches are fused: `rrf` (default) by rank, `weighted` by the scores, scaled to 0..1 within each branch. */
  readonly fusion?: 'rrf' | 'weighted';
  /** A vector by whose similarity the fused candidates are ordered again. */
  readonly rescoreVector?: Vector;
  /** Selects diverse results by maximal marginal relevance (MMR). */
  readonly diversity?: Pick<gateway.Diversity, 'share'> & Asked<gateway.Diversity, 'candidates'>;
  /** Groups the results by the value at a path, and returns the best groups. */
  readonly groupBy?: { readonly path: PathOf<P> } & Asked<gateway.Grouping, 'groups' | 'groupSize'>;
}
/** A result of a query. Its score is the one of the last step: the fusion or the rescoring. */
export type QueryHit<P extends object = Payload> = Omit<SearchHit<P>, 'explanation'>;
/** The results of a query, and how complete they are. */
export interface QueryResult<P extends object = Payload> {
  /** The results, best first; empty with `groupBy`. */
  readonly hits: QueryHit<P>[];
  readonly groups: { readonly value: Value; readonly hits: QueryHit<P>[] }[];
  /** Whether every shard answered for every branch. */
  readonly complete: boolean;
  /** Reports of the branches, in the order of the query. */
  readonly branches: Readonly<gateway.BranchReport>[];
}
/** Options of `measureRecall`: the number of queries, and the options of the searches. */
export type RecallOptions<P extends object = Payload> = Asked<
  gateway.MeasureRecallRequest,
  'queries' | 'topK' | 'ef' | 'recall' | 'using' | 'timeoutMs'
> &
  Pick<Selecting<P>, 'filter'>;
/** Search results compared with exact results; proto/apigateway/apigateway.proto describes each field. */
export type RecallMeasurement = Readonly<Omit<gateway.MeasureRecallResponse, 'interval' | 'plans'>> & {
  readonly interval: RecallInterval;
  readonly plans: Readonly<Record<string, number>>;
};
/** Options of `count`: the points to count, and whether to estimate. */
export interface CountOptions<P extends object = Payload> extends Pick<Selecting<P>, 'filter' | 'consistency'> {
  /** Whether to estimate from a sample where indexes cannot give the exact count. */
  readonly estimate?: boolean;
}
/**
 * The number of matching points. `exact`: the count is not an estimate; `unindexed`: payloads were read because no
 * index covers the filter.
 */
export interface CountResult {
  readonly count: number;
  readonly exact: boolean;
  readonly unindexed: boolean;
}
/** Options of `facets`: the points to consider, and the number of values to return. */
export interface FacetOptions<P extends object = Payload> extends Pick<Selecting<P>, 'filter' | 'consistency'> {
  /** Maximum number of values, 1 to 10,000; default 10. */
  readonly limit?: number;
}
/** The values at a path. `unindexed`: payloads were read because no index covers the path. */
export interface FacetResult {
  /** The values with the number of points of each, most frequent first. */
  readonly values: { readonly value: Value; readonly count: number }[];
  /** Whether there are more values than those returned. */
  readonly more: boolean;
  readonly unindexed: boolean;
}
/** Selects points by ids, by a filter, or by both. */
export interface PointsSelector<P extends object = Payload> {
  /** Ids of points; unknown ids are ignored. With a filter, only those that match it. */
  readonly ids?: readonly string[];
  readonly filter?: FilterOf<P>;
  /** Required current version of every point; only with ids, not with a filter. */
  readonly ifVersion?: bigint;
}
export interface PayloadUpdate<P extends object = Payload> extends PointsSelector<P> {
  /** A new payload that replaces the old one, before the other changes. */
  readonly replace?: P;
  /** Paths of the payload fields to remove. */
  readonly remove?: readonly PathOf<P>[];
  /** New values of payload fields, by path. */
  readonly set?: { readonly [Path in PathOf<P>]?: ValueAt<P, Path> };
}
/** An alias: an additional name of a collection. */
export type Alias = Readonly<gateway.Alias>;
/** A result of a search. */
export interface SearchHit<P extends object = Payload> {
  readonly id: string;
  /** The score; higher is better: cosine similarity, dot product, or 1 / (1 + L2 distance). */
  readonly score: number;
  readonly payload: P;
  readonly vector?: Float32Array;
  /** The terms of the reranker's score as text; empty without reranking. */
  readonly explanation: string;
}
/** The results of a search, and how they were found. */
export interface SearchResult<P extends object = Payload> {
  readonly hits: SearchHit<P>[];
  /** Whether every shard answered; otherwise results can be missing. */
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  /**
   * Recall to expect, of the shard with the least: 1 when the answer is exact; absent while nothing was measured. An answer is
   * exact when `recallInterval.low` is 1, too: a mean of 1 may also have been measured.
   */
  readonly recallEstimate?: number;
  /** The 95 % confidence interval of `recallEstimate`. */
  readonly recallInterval?: RecallInterval;
  /** Whether you asked for a `recall`, and a shard measured a lower one or has measured nothing. */
  readonly recallUnmet: boolean;
  /** Identifies this answer in `feedback`. */
  readonly queryId: string;
  readonly rerankedBy: string;
  /** How each shard found its part of the results. */
  readonly shards: ShardRead[];
  /** The explanation of the search, if `explain` was requested. */
  readonly explanation?: Explanation;
  /** Why a point is not among the results, if `whyNot` was requested. */
  readonly whyNot?: WhyNot;
}
/** A 95 % confidence interval of a recall, `low` to `high`. */
export type RecallInterval = Readonly<gateway.RecallInterval>;
/** Report of a search in one shard; proto/apigateway/apigateway.proto describes each field. */
export type ShardRead = Readonly<Omit<gateway.ShardRead, 'replica' | 'matching'>> & {
  readonly replica: number;
  readonly matching: number;
};
/** The steps of one search through the services. */
export type Explanation = Readonly<Omit<gateway.Explanation, 'steps'>> & {
  /** The steps in order; `details` contains the decisions and observations of each step. */
  readonly steps: (Omit<gateway.Step, 'details'> & { readonly details: Readonly<Record<string, string>> })[];
};
/** The step at which a point was excluded from the results, and the reason. */
export type WhyNot = Readonly<gateway.WhyNot>;
/** The result of an upsert. */
export interface UpsertResult {
  readonly upserted: number;
  /** A token for reads that must see this write. */
  readonly writeToken: string;
}
/** Batches of points; each batch is written like one upsert. */
export type Batches<P extends object = Payload> = Iterable<readonly Point<P>[]> | AsyncIterable<readonly Point<P>[]>;
/** Options of `upsertStream`. */
export interface UpsertStreamOptions {
  /** Maximum number of batches without an acknowledgement that you have consumed, 1 to 1,000; default 4. */
  readonly maxInFlight?: number;
  /**
   * Whether a batch of a stream of gRPC that is refused for a passing reason is sent again, as the client's `retries` and its budget of
   * retries allow, while those behind it are written: for batches that share no points. Default: false. Over REST each batch is
   * a call, which is retried as others are.
   */
  readonly retry?: boolean;
  /** Ends the stream with CANCELLED. Batches that were already sent may have been written. */
  readonly signal?: AbortSignal;
}
/** The acknowledgement of one batch: its result or its error. */
export interface BatchAck extends UpsertResult {
  /** The position of the batch in the stream, from 0. */
  readonly batch: number;
  /** Why the batch was not written, or not completely; undefined: it was written. */
  readonly error?: VectronError;
}
/** The result of the deletion of one point. */
export interface DeleteResult {
  readonly existed: boolean;
  /** A token for reads that must see this deletion. */
  readonly writeToken: string;
}
/**
 * A change of one point. Insertions and updates contain the whole point; `logIndex` orders the changes within one
 * shard.
 */
export interface Change<P extends object = Payload> extends Partial<Omit<StoredPoint<P>, 'id'>> {
  readonly shardId: number;
  readonly logIndex: bigint;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: string;
}
/** A list of changes, and the cursor after them. */
export interface Changes<P extends object = Payload> {
  readonly changes: Change<P>[];
  readonly nextCursor: string;
}
/** Options of `listPoints`: the points, their order, and the size of a page. */
export interface ListOptions<P extends object = Payload>
  extends Omit<Selecting<P>, 'includePayload'>,
    Asked<gateway.ListPointsRequest, 'limit' | 'cursor' | 'includeVectors'> {
  /** The `token` of a snapshot, to list its points, by id, instead of the current ones. */
  readonly snapshot?: string;
  /** Orders the points by the values at a path instead of by id. */
  readonly orderBy?: { readonly path: PathOf<P> } & Asked<gateway.OrderBy, 'descending'>;
}
/** One page of points and the cursor of the next page. */
export interface Page<P extends object = Payload> {
  readonly points: StoredPoint<P>[];
  /** The cursor of the next page; undefined: this is the last page. */
  readonly nextCursor?: string;
}
/** Limits of a call: a signal to cancel it, and a time limit. Omitted limits are those of the client. */
export interface CallLimits {
  /** Cancels the call with CANCELLED. A write that was already sent may have been applied. */
  readonly signal?: AbortSignal;
  /** Time limit of a call with its retries, in milliseconds: an integer or Infinity; default: that of the client. */
  readonly timeoutMs?: number;
}
/** Feedback on the relevance of the results of a search. */
export interface Feedback extends Asked<gateway.SubmitFeedbackRequest, 'queryId' | 'query'> {
  readonly collection: string;
  readonly items: (Pick<gateway.FeedbackItem, 'resultId'> & Asked<gateway.FeedbackItem, FeedbackField>)[];
}
type FeedbackField = 'relevanceScore' | 'clicked' | 'position' | 'comment';
/** An account with its current state. */
export interface Account extends Readonly<Pick<auth.UserProfile, 'id' | 'email' | 'role' | 'tenantId'>> {
  readonly createdAt: Date;
  /** Whether the account is disabled: it cannot log in, and its API keys are refused. */
  readonly disabled: boolean;
  /** Whether the password must be changed with `changePassword` before anything else is allowed. */
  readonly mustChangePassword: boolean;
  /** The time of the latest login; undefined: never. */
  readonly lastLoginAt?: Date;
}
/** The role of an account or key: `admin`, `write`, `read` or `metrics`. */
export type Role = string;
/** Options of `register`. */
export interface RegisterOptions {
  /** The token of an invitation, which determines the role and the tenant. */
  readonly invitation?: string;
}
/** The tokens of a login. Both are secrets. */
export interface Tokens {
  /** The access token: pass it as `apiKey` to `connect`; valid until `expiresAt`. */
  readonly token: string;
  readonly expiresAt: Date;
  /** The refresh token for `refresh`; it can only be used once. */
  readonly refreshToken: string;
}
export interface Login extends Tokens {
  readonly account: Account;
}
/**
 * What happens to the collections of a tenant when its last account is deleted. Exactly one field is required if the
 * tenant has collections.
 */
export interface Inheritance {
  /** Id or e-mail address of the account whose tenant gets the collections. */
  readonly heir?: string;
  /** Whether to delete the collections with their points. */
  readonly deleteCollections?: boolean;
}
/** What happened to the collections and keys of a deleted account. */
export type AccountRemoval = Readonly<Omit<auth.RemoveUserResponse, '$type'>>;
/** Options of `inviteUser`: the rights of the new account, and the validity of the invitation. */
export interface InvitationOptions {
  /** The role; default: write. */
  readonly role?: Role;
  /** The tenant of the new account; default: the caller's tenant. */
  readonly tenantId?: string;
  /** Whether to create a new tenant for the account; only for administrators. */
  readonly newTenant?: boolean;
  /** The expiry time; default: in seven days. */
  readonly expiresAt?: Date;
}
/** An invitation to register an account. Its token is only returned when it is created. */
export interface Invitation extends Readonly<Pick<auth.Invitation, 'id' | 'email' | 'role' | 'invitedBy'>> {
  /** The tenant of the new account; undefined: a new tenant. */
  readonly tenantId?: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
/** Options of `createApiKey`: the rights and the validity of the key. */
export interface ApiKeyOptions {
  /** The role; default: write. */
  readonly role?: Role;
  /** The collections that the key can access; default: all of the tenant. */
  readonly collections?: readonly string[];
  /** The expiry time; default: never. */
  readonly expiresAt?: Date;
}
/** The properties of an API key, without the key itself. */
export interface ApiKeyInfo {
  /** The public part of the key, which identifies it. */
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
  /** The collections that the key can access; empty: all of the tenant. */
  readonly collections: readonly string[];
  readonly createdAt: Date;
  /** The expiry time; undefined: the key never expires. */
  readonly expiresAt?: Date;
}

import type { VectronError } from '@vectron/errors';
import type { SparseInput } from '@vectron/model';
import type { auth, gateway } from '@vectron/proto';
import type { FilterOf, PathOf, ValueAt } from './typed-filter.js';

/** A vector of float32 values; results give `Float32Array`. */
export type Vector = Float32Array | readonly number[];
/**
 * A JSON object. Integers beyond 2^53 are `bigint`, up to 64 bits. A property that is `undefined` is absent; NaN, Date, Map,
 * instances of classes, functions and other values without a JSON form are refused before anything is sent.
 */
export type Payload = Record<string, unknown>;
/** A value that points are grouped and counted by. */
export type Value = string | number | bigint | boolean;

/** `P`: the type of the payload. */
export interface Point<P extends object = Payload> {
  /** 1 to 512 bytes of UTF-8. */
  readonly id: string;
  /** Or `text`. */
  readonly vector?: Vector;
  /** Text that the collection's embedding provider makes the vector of; kept in the payload. */
  readonly text?: string;
  readonly payload?: P;
  /** By name, as declared for the collection. */
  readonly sparse?: Readonly<Record<string, SparseInput>>;
  /** Dense vectors besides `vector`, by name, as declared. */
  readonly vectors?: Readonly<Record<string, Vector>>;
  /** The point is deleted so long after; missing: never. */
  readonly ttlSeconds?: number;
  /** Only if the point's version is this, or the batch is refused with VERSION_CONFLICT; 0n: only if there is none. */
  readonly ifVersion?: bigint;
}
/** `P`: the type of the payload, which nobody checks: it is what the collection's writers say. */
export interface StoredPoint<P extends object = Payload> {
  readonly id: string;
  /** undefined when it was not asked for. */
  readonly vector?: Float32Array;
  readonly payload: P;
  /** Missing when there is none. */
  readonly sparse?: Readonly<Record<string, { readonly indices: number[]; readonly values: number[] }>>;
  /** Missing when there is none, or vectors were not asked for. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
  /** Grows with every write of the point. */
  readonly version: bigint;
  /** When it is deleted; missing: never. */
  readonly expiresAt?: Date;
}

/** An index of what is at a path of the payload. */
export interface PayloadIndex {
  readonly path: string;
  readonly type: 'keyword' | 'integer' | 'float' | 'bool' | 'datetime' | 'geo' | 'text';
  /** Of a text index: language whose word endings are cut, such as english. */
  readonly language?: string;
  /** Of a text index; default: words. */
  readonly analyzer?: 'words' | 'code';
  /** Of a text index: words that are left out; `_language_` stands for the usual ones of the language. */
  readonly stopWords?: readonly string[];
}
/** What makes the words of a text: the text index that is declared at a path, or one that need not be. */
export type AnalyzeOptions =
  | { readonly path: string }
  | { readonly index: Pick<PayloadIndex, 'language' | 'analyzer' | 'stopWords'> };
/** A term that a text index keeps, or that a query asks for. */
export interface Token {
  readonly text: string;
  /** Where the word is: `text.slice(start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Of the word among the words, from 0. */
  readonly position: number;
  readonly word: string;
  readonly kind: 'word' | 'variant' | 'whole' | 'part' | 'unit' | 'pair' | 'query';
  /** Whether a filter that has this text needs it; of a variant and a query token: takes it in place of the word. */
  readonly asked: boolean;
}
/** A dense vector that points may have besides their first one. */
export interface NamedVector {
  readonly name: string;
  readonly dimension: number;
  /** Default: cosine. */
  readonly distance?: 'cosine' | 'euclidean' | 'dot';
  readonly hnswM?: number;
  readonly hnswEfConstruction?: number;
  /** Default: int8. */
  readonly quantization?: VectorSettings['quantization'];
  /** Default: memory. */
  readonly storage?: 'memory' | 'mmap';
  readonly oversampling?: number;
}
/** A payload index, the name of a sparse vector that points may have, or a dense one; to delete one, its name is enough. */
export type IndexTarget =
  | PayloadIndex
  | { readonly sparseVector: string }
  | { readonly namedVector: Pick<NamedVector, 'name'> & Partial<NamedVector> };
export interface IndexInfo extends PayloadIndex {
  /** Points that are in it, of all points. */
  readonly indexed: number;
  readonly points: number;
  readonly ready: boolean;
  /**
   * Points of those indexed with a value, other than null, that is not of the index's type, or cannot be read as it: tests of that
   * type do not find such a value.
   */
  readonly unread: number;
  /** One of them; `value` is JSON text, cut off after 200 bytes. */
  readonly unreadExample?: { readonly id: string; readonly value: string };
}
/** What is declared of a collection. */
export interface Indexes {
  readonly indexes: IndexInfo[];
  readonly sparseVectors: string[];
  readonly namedVectors: NamedVector[];
}

/** How a collection is made. Names of settings and their defaults are those of `createCollection` in the API. */
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
  readonly indexes?: readonly PayloadIndex[];
  /** Names of sparse vectors that points may have. */
  readonly sparseVectors?: readonly string[];
  /** Dense vectors that points may have besides their first one. */
  readonly namedVectors?: readonly NamedVector[];
  /** Lets points and queries be given as text. */
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
/** How vectors are kept; fixed when the collection is made. */
export interface VectorSettings {
  /** Form in which the graph compares vectors; results are rescored with the full ones. Default: int8. */
  readonly quantization?: 'int8' | 'none' | 'float16' | 'binary' | 'product';
  /** Where the full vectors live. Default: memory. */
  readonly storage?: 'memory' | 'mmap' | 'disk';
  /** Most candidates rescored per result, at most 100; default: as many as the error of the codes asks for. */
  readonly oversampling?: number;
  /** Build the index on all threads at once: faster, and not deterministic. */
  readonly parallelBuild?: boolean;
}
/** A collection in a list. */
export type CollectionInfo = Readonly<Omit<gateway.CollectionInfo, 'points' | 'createdAt'>> & {
  readonly points: number;
};
/** How a collection and its shards are. */
export interface CollectionStatus {
  readonly name: string;
  readonly dimension: number;
  readonly distance: string;
  /** As of every write that was acknowledged before; without those of shards that have an `errorCode`. */
  readonly points: number;
  /** Points that search scans because the index does not hold them yet; at most `points`. */
  readonly indexLag: number;
  readonly shards: {
    readonly shardId: number;
    readonly ready: boolean;
    readonly points: number;
    /** Numbers of the workers that hold it. */
    readonly replicas: number[];
    /** Why it did not say how many points it has, and `points` is 0; missing: it did. */
    readonly errorCode?: string;
  }[];
  /** What it was made with, as it is now; without indexes and vectors that were declared for it (`listIndexes`). */
  readonly settings: CollectionOptions;
}
/** What is not given stays as it is. */
export type CollectionChange = Pick<CollectionOptions, 'durability' | 'rerank' | 'embedding'>;

/** Fields that the interface takes as the proto has them; each may be left out. */
type Asked<Message, Field extends keyof Message> = { readonly [F in Field]?: Message[F] };

/** What searches and queries have in common. */
export interface Selecting<P extends object = Payload> {
  /** Only points that pass. */
  readonly filter?: FilterOf<P>;
  /** Default: any. */
  readonly consistency?: Consistency;
  /** Default true. */
  readonly includePayload?: boolean;
}
type Tuning = 'ef' | 'recall' | 'exact' | 'scoreThreshold' | 'using';
/** One of the fields of `All`, and none of the others. */
export type ExactlyOne<All> = {
  [One in keyof All]: { readonly [F in One]: All[F] } & { readonly [F in Exclude<keyof All, One>]?: undefined };
}[keyof All];

/** What a search is for. */
export interface Sought {
  readonly vector: Vector;
  /** Text that the collection's embedding provider makes the vector of. */
  readonly text: string;
  /** The vector of this point; the point itself is left out. */
  readonly likeId: string;
}
/** How a search is made, whatever it is for. */
export interface SearchSettings<P extends object = Payload>
  extends Selecting<P>,
    Asked<gateway.SearchRequest, Tuning | 'topK' | 'query' | 'timeoutMs' | 'includeVectors' | 'explain' | 'whyNot'> {}
/** What a search is for, exactly one thing, and how it is made. */
export type SearchOptions<P extends object = Payload> = SearchSettings<P> & ExactlyOne<Sought>;

/** What is not about one vector holds for all of the searches. */
export interface SearchBatchOptions<P extends object = Payload>
  extends Selecting<P>,
    Asked<
      gateway.SearchBatchRequest,
      'ef' | 'recall' | 'exact' | 'scoreThreshold' | 'using' | 'topK' | 'includeVectors'
    > {
  /** Budget of the whole call, milliseconds, for all of its searches together; missing: the server's default. */
  readonly timeoutMs?: number;
  /** 1 to 1,000; or one vector after the other in one array, with how many there are in `count`. */
  readonly vectors: Float32Array | readonly Vector[];
  /** With `vectors` in one array: how many there are. */
  readonly count?: number;
}
/** What many searches found: the hits of the first one, then those of the next. */
export interface SearchBatchResult<P extends object = Payload> {
  /** How many hits each search has; `ids`, `scores` and the others have a place for each of them. */
  readonly counts: Uint32Array;
  /** Best first in each search. */
  readonly ids: string[];
  /** As `score` of a hit. */
  readonly scores: Float32Array;
  /** Empty without `includePayload`. */
  readonly payloads: P[];
  /** Empty without `includeVectors`. */
  readonly vectors: Float32Array[];
  /** How each search went. */
  readonly searches: Omit<SearchResult, 'hits' | 'rerankedBy' | 'explanation' | 'whyNot'>[];
}

/** What a branch of a query is for. */
export interface SoughtByBranch<P extends object = Payload> {
  readonly vector: Vector;
  /** Text that the collection's embedding provider makes the vector of. */
  readonly embed: string;
  /** The vector of this point; the point itself is left out. */
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
  /** Near these points and far from those. */
  readonly examples: { readonly positiveIds: readonly string[]; readonly negativeIds?: readonly string[] };
}
/** How a branch of a query searches, whatever it is for. */
export interface BranchSettings<P extends object = Payload>
  extends Asked<gateway.QueryBranch, Tuning | 'limit' | 'weight'> {
  /** Besides the filter of the whole query. */
  readonly filter?: FilterOf<P>;
}
/** One way to the points. */
export type QueryBranch<P extends object = Payload> = BranchSettings<P> & ExactlyOne<SoughtByBranch<P>>;
/** What a query looks for: several branches, and what becomes of what they find. */
export interface QueryOptions<P extends object = Payload>
  extends Selecting<P>,
    Asked<gateway.QueryRequest, 'topK' | 'rrfK' | 'timeoutMs' | 'includeVectors' | 'scoreThreshold'> {
  /** 1 to 16; several are fused. */
  readonly branches: readonly QueryBranch<P>[];
  /** rrf (default): by the ranks. weighted: by the scores, scaled to 0..1 in each branch. */
  readonly fusion?: 'rrf' | 'weighted';
  /** The fused candidates are ordered by their similarity to this vector. */
  readonly rescoreVector?: Vector;
  /** Maximal marginal relevance. */
  readonly diversity?: Pick<gateway.Diversity, 'share'> & Asked<gateway.Diversity, 'candidates'>;
  /** The best groups of points that share a value. */
  readonly groupBy?: { readonly path: PathOf<P> } & Asked<gateway.Grouping, 'groups' | 'groupSize'>;
}
/** A point that a query found; its score is that of the last step: of the fusion, or of the rescoring. */
export type QueryHit<P extends object = Payload> = Omit<SearchHit<P>, 'explanation'>;
/** What a query found. */
export interface QueryResult<P extends object = Payload> {
  /** Empty with `groupBy`. */
  readonly hits: QueryHit<P>[];
  readonly groups: { readonly value: Value; readonly hits: QueryHit<P>[] }[];
  /** Whether every shard answered every branch. */
  readonly complete: boolean;
  /** In the order of the query's. */
  readonly branches: Readonly<gateway.BranchReport>[];
}
/** How `measureRecall` searches. */
export type RecallOptions<P extends object = Payload> = Asked<
  gateway.MeasureRecallRequest,
  'queries' | 'topK' | 'ef' | 'recall' | 'using' | 'timeoutMs'
> &
  Pick<Selecting<P>, 'filter'>;
/** Answers compared with the truth; proto/apigateway/apigateway.proto says what each field is. */
export type RecallMeasurement = Readonly<Omit<gateway.MeasureRecallResponse, 'interval' | 'plans'>> & {
  readonly interval: RecallInterval;
  readonly plans: Readonly<Record<string, number>>;
};
/** Which points are counted, and how. */
export interface CountOptions<P extends object = Payload> extends Pick<Selecting<P>, 'filter' | 'consistency'> {
  /** Where the indexes do not know, look at a sample only. */
  readonly estimate?: boolean;
}
/** How many points pass. `exact`: none was left out or guessed; `unindexed`: payloads were read because no index knows the filter. */
export interface CountResult {
  readonly count: number;
  readonly exact: boolean;
  readonly unindexed: boolean;
}
/** Which points are looked at, and how many values are given. */
export interface FacetOptions<P extends object = Payload> extends Pick<Selecting<P>, 'filter' | 'consistency'> {
  /** 1 to 10,000; default 10. */
  readonly limit?: number;
}
/** The values at a path. `unindexed`: payloads were read because no index has the path. */
export interface FacetResult {
  /** The most frequent first. */
  readonly values: { readonly value: Value; readonly count: number }[];
  /** Whether there are others. */
  readonly more: boolean;
  readonly unindexed: boolean;
}
/** Points by id, by filter, or by both. */
export interface PointsSelector<P extends object = Payload> {
  /** Those that are there; with a filter: those of them that pass. */
  readonly ids?: readonly string[];
  readonly filter?: FilterOf<P>;
  /** Only if the version of every point is this; with ids alone. */
  readonly ifVersion?: bigint;
}
export interface PayloadUpdate<P extends object = Payload> extends PointsSelector<P> {
  /** The whole payload, before the other changes. */
  readonly replace?: P;
  /** Paths. */
  readonly remove?: readonly PathOf<P>[];
  /** Values by path. */
  readonly set?: { readonly [Path in PathOf<P>]?: ValueAt<P, Path> };
}
/** A name that stands for a collection. */
export type Alias = Readonly<gateway.Alias>;
/** A point that a search found. */
export interface SearchHit<P extends object = Payload> {
  readonly id: string;
  /** Higher is better: cosine similarity, dot product, or 1 / (1 + L2 distance). */
  readonly score: number;
  readonly payload: P;
  readonly vector?: Float32Array;
  /** Terms of the reranker's score; empty without reranking. */
  readonly explanation: string;
}
/** What a search found, and how. */
export interface SearchResult<P extends object = Payload> {
  readonly hits: SearchHit<P>[];
  /** Whether every shard answered. */
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  /**
   * Recall to expect, of the shard with the least: 1 when the answer is exact; absent while nothing was measured. An answer is
   * exact when `recallInterval.low` is 1, too: a mean of 1 may also have been measured.
   */
  readonly recallEstimate?: number;
  /** Its 95 % confidence interval. */
  readonly recallInterval?: RecallInterval;
  /** Whether `recall` was asked for, and what a shard measured is less, or it has measured nothing. */
  readonly recallUnmet: boolean;
  /** Names this answer in `feedback`. */
  readonly queryId: string;
  readonly rerankedBy: string;
  /** How each shard found its part. */
  readonly shards: ShardRead[];
  /** With `explain`. */
  readonly explanation?: Explanation;
  /** With `whyNot`. */
  readonly whyNot?: WhyNot;
}
/** A 95 % confidence interval of a recall. */
export type RecallInterval = Readonly<gateway.RecallInterval>;
/** How a search went in one shard; proto/apigateway/apigateway.proto says what each field is. */
export type ShardRead = Readonly<Omit<gateway.ShardRead, 'replica' | 'matching'>> & {
  readonly replica: number;
  readonly matching: number;
};
/** The way of one search through the services. */
export type Explanation = Readonly<Omit<gateway.Explanation, 'steps'>> & {
  /** In their order; `details`: what was decided and seen. */
  readonly steps: (Omit<gateway.Step, 'details'> & { readonly details: Readonly<Record<string, string>> })[];
};
/** Why a point is not among the results. */
export type WhyNot = Readonly<gateway.WhyNot>;
/** What became of an upsert. */
export interface UpsertResult {
  readonly upserted: number;
  /** For a read that must see this write. */
  readonly writeToken: string;
}
/** Batches of points, each of which is written as one upsert is. */
export type Batches<P extends object = Payload> = Iterable<readonly Point<P>[]> | AsyncIterable<readonly Point<P>[]>;
/** How a stream of upserts is sent. */
export interface UpsertStreamOptions {
  /** Batches that are sent and not acknowledged, or whose ack was not taken, at most; 1 to 1,000, default 4. */
  readonly maxInFlight?: number;
  /**
   * Whether a batch of a stream of gRPC that is refused for a passing reason is sent again, as the client's `retries` and its budget of
   * retries allow, while those behind it are written: for batches that share no points. Default: false. Over REST each batch is
   * a call, which is retried as others are.
   */
  readonly retry?: boolean;
  /** Ends the stream with CANCELLED. What was sent may be written. */
  readonly signal?: AbortSignal;
}
/** What became of one batch. */
export interface BatchAck extends UpsertResult {
  /** Its place in the stream, from 0. */
  readonly batch: number;
  /** Why nothing of it was written, or not all; missing: all of it is. */
  readonly error?: VectronError;
}
/** What became of a delete. */
export interface DeleteResult {
  readonly existed: boolean;
  /** For a read that must see this. */
  readonly writeToken: string;
}
/** What happened to a point, which an insert or update has whole; `logIndex` orders the changes of one shard. */
export interface Change<P extends object = Payload> extends Partial<Omit<StoredPoint<P>, 'id'>> {
  readonly shardId: number;
  readonly logIndex: bigint;
  readonly kind: 'insert' | 'update' | 'delete';
  readonly id: string;
}
/** Changes, and the cursor behind them. */
export interface Changes<P extends object = Payload> {
  readonly changes: Change<P>[];
  readonly nextCursor: string;
}
/** Which points are listed, in which order, and how many of them a page has. */
export interface ListOptions<P extends object = Payload>
  extends Omit<Selecting<P>, 'includePayload'>,
    Asked<gateway.ListPointsRequest, 'limit' | 'cursor' | 'includeVectors'> {
  /** `token` of a snapshot: its points instead of the current ones, by id. */
  readonly snapshot?: string;
  /** Instead of by id. */
  readonly orderBy?: { readonly path: PathOf<P> } & Asked<gateway.OrderBy, 'descending'>;
}
/** One page of points. */
export interface Page<P extends object = Payload> {
  readonly points: StoredPoint<P>[];
  /** undefined: no more. */
  readonly nextCursor?: string;
}
/** When a call gives up: at the signal of its caller, or after a time; what is missing is as the client has it. */
export interface CallLimits {
  /** Ends a call with CANCELLED; of a write, what was sent by then may be done. */
  readonly signal?: AbortSignal;
  /** Milliseconds that a call may take with its retries: a whole number, or Infinity; missing: what calls of the client may. */
  readonly timeoutMs?: number;
}
/** How good the hits of an answer were. */
export interface Feedback extends Asked<gateway.SubmitFeedbackRequest, 'queryId' | 'query'> {
  readonly collection: string;
  readonly items: (Pick<gateway.FeedbackItem, 'resultId'> & Asked<gateway.FeedbackItem, FeedbackField>)[];
}
type FeedbackField = 'relevanceScore' | 'clicked' | 'position' | 'comment';
/** An account, as it is now. */
export interface Account extends Readonly<Pick<auth.UserProfile, 'id' | 'email' | 'role' | 'tenantId'>> {
  readonly createdAt: Date;
  /** Has no logins, and its API keys are refused. */
  readonly disabled: boolean;
  /** Until `changePassword`, its logins may do nothing else. */
  readonly mustChangePassword: boolean;
  /** undefined: never. */
  readonly lastLoginAt?: Date;
}
/** `admin`, `write`, `read` or `metrics`. */
export type Role = string;
/** How an account is made. */
export interface RegisterOptions {
  /** Token of an invitation, which decides role and tenant. */
  readonly invitation?: string;
}
/** What keeps a login going. Both tokens are secrets. */
export interface Tokens {
  /** For `connect`'s `apiKey`, until `expiresAt`. */
  readonly token: string;
  readonly expiresAt: Date;
  /** For `refresh`, once. */
  readonly refreshToken: string;
}
export interface Login extends Tokens {
  readonly account: Account;
}
/** What becomes of the collections of a tenant when its last account is deleted. One of the two, unless there are none. */
export interface Inheritance {
  /** Id or e-mail address of the account whose tenant gets them. */
  readonly heir?: string;
  /** They are deleted with their points. */
  readonly deleteCollections?: boolean;
}
/** What became of the collections and keys of a deleted account. */
export type AccountRemoval = Readonly<Omit<auth.RemoveUserResponse, '$type'>>;
/** What the invited account may do, and how long the invitation is good. */
export interface InvitationOptions {
  /** Default: write. */
  readonly role?: Role;
  /** Default: the caller's own. */
  readonly tenantId?: string;
  /** The account gets a tenant of its own; for administrators. */
  readonly newTenant?: boolean;
  /** Default: in seven days. */
  readonly expiresAt?: Date;
}
/** Who may make an account, and which; its token is shown once, when it is made. */
export interface Invitation extends Readonly<Pick<auth.Invitation, 'id' | 'email' | 'role' | 'invitedBy'>> {
  /** undefined: one of its own. */
  readonly tenantId?: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
/** What an API key may do, and how long. */
export interface ApiKeyOptions {
  /** Default: write. */
  readonly role?: Role;
  /** The only collections that the key may touch; default: all of the tenant. */
  readonly collections?: readonly string[];
  /** Default: never. */
  readonly expiresAt?: Date;
}
/** What is known of an API key besides the key itself. */
export interface ApiKeyInfo {
  /** Public part of the key. */
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
  /** Empty: all of the tenant. */
  readonly collections: readonly string[];
  readonly createdAt: Date;
  /** undefined: never. */
  readonly expiresAt?: Date;
}

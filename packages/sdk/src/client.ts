import type { VectronError } from '@vectron/errors';
import type { Admin } from './admin.js';
import type { ChangeStream, ChangeStreamOptions, ChangesOptions } from './change-stream.js';
import type { Snapshot } from './snapshot.js';
import type { PathOf } from './typed-filter.js';
import type {
  Account,
  AccountRemoval,
  Alias,
  AnalyzeOptions,
  ApiKeyInfo,
  ApiKeyOptions,
  BatchAck,
  Batches,
  CallLimits,
  Changes,
  CollectionChange,
  CollectionInfo,
  CollectionOptions,
  CollectionStatus,
  Consistency,
  CountOptions,
  CountResult,
  DeleteResult,
  FacetOptions,
  FacetResult,
  Feedback,
  Indexes,
  IndexTarget,
  Inheritance,
  Invitation,
  InvitationOptions,
  ListOptions,
  Login,
  Page,
  Payload,
  PayloadUpdate,
  Point,
  PointsSelector,
  QueryOptions,
  QueryResult,
  RecallMeasurement,
  RecallOptions,
  RegisterOptions,
  SearchBatchOptions,
  SearchBatchResult,
  SearchOptions,
  SearchResult,
  StoredPoint,
  Token,
  Tokens,
  UpsertResult,
  UpsertStreamOptions,
} from './types.js';

export type * from './types.js';

/**
 * What a Vectron answers, wherever it runs. Failures throw VectronError with a stable `code`; those marked
 * retryable were retried already. An upsert that returned is on disk. Safe to share between callers.
 */
export interface VectronClient extends AsyncDisposable {
  readonly admin: Admin;
  /** The collection of that name, whose points have payloads of the type `P`. Asks nothing, and does not make it. */
  collection<P extends object = Payload>(name: string): Collection<P>;
  /**
   * This client with limits for its calls: `db.with({ signal, timeoutMs: 500 }).search(...)`. Signals of both count. It shares the
   * connections of this client, and closing either closes both.
   */
  with(limits: CallLimits): VectronClient;
  /** Makes a collection. COLLECTION_EXISTS: there is one of that name. */
  createCollection(name: string, options: CollectionOptions): Promise<void>;
  /** Changes settings while the collection serves; gives them all. */
  updateCollection(name: string, change: CollectionChange): Promise<CollectionOptions>;
  /** Deletes a collection with its points. COLLECTION_NOT_FOUND: there is none. */
  deleteCollection(name: string): Promise<void>;
  /** The collections that the caller may see. */
  listCollections(): Promise<CollectionInfo[]>;
  /** How a collection and its shards are, and what it was made with. */
  collectionStatus(name: string): Promise<CollectionStatus>;
  /** All or, when a point is wrong, none. Of equal ids the last wins. */
  upsert(collection: string, points: readonly Point[]): Promise<UpsertResult>;
  /**
   * Writes batches one after the other, `maxInFlight` of them at a time, and gives what became of each, in their order. A batch is
   * asked for when there is room for it. One that fails has the error in its ack, and the stream goes on: it is not sent again
   * without `retry`, because those behind it may be written by then. Of two batches that share a point, both written, the later one wins. Over gRPC it is
   * one call; when that is lost, batches without an ack are sent again, with the effect of once. Over REST each batch is a request.
   */
  upsertStream(
    collection: string,
    batches: Batches,
    options?: UpsertStreamOptions,
  ): AsyncIterable<BatchAck> & AsyncDisposable;
  /** The nearest points to a vector, the best first. An answer says whether every shard gave its part. */
  search(collection: string, options: SearchOptions): Promise<SearchResult>;
  /**
   * The searches of many vectors in one call: what each would have found by itself, in typed arrays. When one of the vectors is
   * wrong, all are refused, and the error names it.
   */
  searchBatch(collection: string, options: SearchBatchOptions): Promise<SearchBatchResult>;
  /** undefined: no such point. */
  get(collection: string, id: string, options?: { consistency?: Consistency }): Promise<StoredPoint | undefined>;
  /** Deletes a point; says whether there was one. */
  delete(collection: string, id: string): Promise<DeleteResult>;
  /** One page of points; the next one begins at its `nextCursor`. */
  listPoints(collection: string, options?: ListOptions): Promise<Page>;
  /** Every point, or those that pass; by id, or as `orderBy` says. Fetched page by page as they are read, `limit` (1,000) at a time. */
  points(collection: string, options?: ListOptions): AsyncIterable<StoredPoint> & AsyncDisposable;
  /** Several ways to the points at once, fused into one answer. */
  query(collection: string, options: QueryOptions): Promise<QueryResult>;
  /** Each query has a result, or the error it ended with. */
  queryBatch(queries: readonly (QueryOptions & { collection: string })[]): Promise<(QueryResult | VectronError)[]>;
  /**
   * How much of the true answers searches like this one find: sampled queries, answered as usual and exactly. Without points to
   * compare answers of, FAILED_PRECONDITION.
   */
  measureRecall(collection: string, options?: RecallOptions): Promise<RecallMeasurement>;
  /** How many points there are, or pass a filter. */
  count(collection: string, options?: CountOptions): Promise<CountResult>;
  /** The values at a path of the payload, with how many points have each; 10 of them, or `limit`. */
  facets(collection: string, path: string, options?: FacetOptions): Promise<FacetResult>;
  /** Changes payload fields. Those that a filter chooses are changed in steps of at most 1,000, each atomic. */
  updatePoints(collection: string, update: PayloadUpdate): Promise<{ updated: number; writeToken: string }>;
  /** Deletes points by id, by filter, or by both. Those that a filter chooses are deleted in steps, each atomic. */
  deletePoints(collection: string, selector: PointsSelector): Promise<{ deleted: number; writeToken: string }>;
  /** Declares it on every shard; it is built while the collection goes on serving. `true`: it was not there before. */
  createIndex(collection: string, target: IndexTarget): Promise<boolean>;
  /** `true`: it was there. */
  deleteIndex(collection: string, target: IndexTarget): Promise<boolean>;
  /** The payload indexes and the vectors that are declared, and how far the indexes are. */
  listIndexes(collection: string): Promise<Indexes>;
  /** The words that a text becomes; without `how`, as where there is no text index. */
  analyze(collection: string, text: string, how?: AnalyzeOptions): Promise<Token[]>;
  /** The aliases of the tenant. */
  listAliases(): Promise<Alias[]>;
  /** All of the changes at one moment, or none. */
  updateAliases(changes: { set?: readonly Alias[]; delete?: readonly string[] }): Promise<void>;
  /**
   * The points as of one moment, whatever is written meanwhile, and the cursor of the changes after it: together an exact copy.
   * Close it when it was read.
   */
  snapshot(collection: string): Promise<Snapshot>;
  /**
   * Changes since the cursor, in log order a shard, without a gap; without a cursor, from the oldest that is kept. Waits up to
   * `waitMs` for one. CHANGES_GONE: the log does not reach back to the cursor any more; `details.lost` of the error says what is
   * lost, and has the cursor behind it.
   */
  listChanges(collection: string, options?: ChangesOptions): Promise<Changes>;
  /** The same as a stream that goes on as long as it is read; its `cursor` is where another can go on. */
  changes(collection: string, options?: ChangeStreamOptions): ChangeStream;
  /** Returns the feedback's id. */
  feedback(feedback: Feedback): Promise<string>;
  /** Makes an account; unless registration is open, that takes an invitation. */
  register(email: string, password: string, options?: RegisterOptions): Promise<Account>;
  /** Opens a login, whose token is good for `connect`. UNAUTHENTICATED: the two do not belong together. */
  login(email: string, password: string): Promise<Login>;
  /** New tokens for the refresh token of a login, which is good once. */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Ends the login that this client acts for: its tokens are refused from now on. */
  logout(): Promise<void>;
  /** All other logins of the account end. */
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  /** The account of this login. */
  profile(): Promise<Account>;
  /** Deletes the account of this login with its API keys. */
  deleteAccount(password: string, inheritance?: Inheritance): Promise<AccountRemoval>;
  /** Into the caller's tenant, unless an administrator says another. The token is shown this once. */
  inviteUser(email: string, options?: InvitationOptions): Promise<{ token: string; invitation: Invitation }>;
  /** Those that are open: an administrator sees all, others their own. Fetched page by page as they are read. */
  listInvitations(): AsyncIterable<Invitation>;
  /** Takes an invitation back. */
  deleteInvitation(id: string): Promise<void>;
  /** The full key is shown this once. */
  createApiKey(name: string, options?: ApiKeyOptions): Promise<{ key: string; info: ApiKeyInfo }>;
  /** The API keys of the account, without their secrets. */
  listApiKeys(): Promise<ApiKeyInfo[]>;
  /** Takes an API key back; it is refused from now on. */
  deleteApiKey(prefix: string): Promise<void>;
  /** Ends the connections, or the database in this process. Calls that are under way end with an error. */
  close(): Promise<void>;
}

/**
 * One collection of a database, whose points have payloads of the type `P`: filters, updates and answers are typed by it. Each verb is that of
 * the client, which says what it does, and takes limits of its one call last. Nothing checks that the payloads which are stored are of `P`.
 */
export interface Collection<P extends object = Payload> {
  readonly client: VectronClient;
  readonly name: string;
  /** This collection with limits for its calls, as `with` of the client. */
  with(limits: CallLimits): Collection<P>;
  /** {@inheritDoc VectronClient.upsert} */
  upsert(points: readonly Point<P>[], limits?: CallLimits): Promise<UpsertResult>;
  /** {@inheritDoc VectronClient.upsertStream} */
  upsertStream(
    batches: Batches<P>,
    options?: UpsertStreamOptions,
    limits?: CallLimits,
  ): AsyncIterable<BatchAck> & AsyncDisposable;
  /** {@inheritDoc VectronClient.search} */
  search(options: SearchOptions<P>, limits?: CallLimits): Promise<SearchResult<P>>;
  /** {@inheritDoc VectronClient.searchBatch} */
  searchBatch(options: SearchBatchOptions<P>, limits?: CallLimits): Promise<SearchBatchResult<P>>;
  /** {@inheritDoc VectronClient.get} */
  get(
    id: string,
    options?: { readonly consistency?: Consistency },
    limits?: CallLimits,
  ): Promise<StoredPoint<P> | undefined>;
  /** {@inheritDoc VectronClient.delete} */
  delete(id: string, limits?: CallLimits): Promise<DeleteResult>;
  /** {@inheritDoc VectronClient.listPoints} */
  listPoints(options?: ListOptions<P>, limits?: CallLimits): Promise<Page<P>>;
  /** {@inheritDoc VectronClient.points} */
  points(options?: ListOptions<P>, limits?: CallLimits): AsyncIterable<StoredPoint<P>> & AsyncDisposable;
  /** {@inheritDoc VectronClient.query} */
  query(options: QueryOptions<P>, limits?: CallLimits): Promise<QueryResult<P>>;
  /** {@inheritDoc VectronClient.measureRecall} */
  measureRecall(options?: RecallOptions<P>, limits?: CallLimits): Promise<RecallMeasurement>;
  /** {@inheritDoc VectronClient.count} */
  count(options?: CountOptions<P>, limits?: CallLimits): Promise<CountResult>;
  /** {@inheritDoc VectronClient.facets} */
  facets(path: PathOf<P>, options?: FacetOptions<P>, limits?: CallLimits): Promise<FacetResult>;
  /** {@inheritDoc VectronClient.updatePoints} */
  updatePoints(update: PayloadUpdate<P>, limits?: CallLimits): ReturnType<VectronClient['updatePoints']>;
  /** {@inheritDoc VectronClient.deletePoints} */
  deletePoints(selector: PointsSelector<P>, limits?: CallLimits): ReturnType<VectronClient['deletePoints']>;
  /** {@inheritDoc VectronClient.snapshot} */
  snapshot(limits?: CallLimits): Promise<Snapshot<P>>;
  /** {@inheritDoc VectronClient.listChanges} */
  listChanges(options?: ChangesOptions, limits?: CallLimits): Promise<Changes<P>>;
  /** {@inheritDoc VectronClient.changes} */
  changes(options?: ChangeStreamOptions, limits?: CallLimits): ChangeStream<P>;
}

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
  /**
   * Returns an object for the collection of this name, whose payloads have the type `P`. It sends no request and does
   * not create the collection.
   */
  collection<P extends object = Payload>(name: string): Collection<P>;
  /**
   * This client with limits for its calls: `db.with({ signal, timeoutMs: 500 }).search(...)`. Signals of both count. It shares the
   * connections of this client, and closing either closes both.
   */
  with(limits: CallLimits): VectronClient;
  /** Creates a collection. Throws COLLECTION_EXISTS if there is one with this name. */
  createCollection(name: string, options: CollectionOptions): Promise<void>;
  /** Changes settings online, and returns all settings. */
  updateCollection(name: string, change: CollectionChange): Promise<CollectionOptions>;
  /** Deletes a collection with its points. Throws COLLECTION_NOT_FOUND if it does not exist. */
  deleteCollection(name: string): Promise<void>;
  /** Lists the collections that the caller can access. */
  listCollections(): Promise<CollectionInfo[]>;
  /** Returns the state and the settings of a collection and its shards. */
  collectionStatus(name: string): Promise<CollectionStatus>;
  /** Writes points: all of them or, if one is invalid, none. If ids are equal, the last point wins. */
  upsert(collection: string, points: readonly Point[]): Promise<UpsertResult>;
  /**
   * Writes batches in order, with up to `maxInFlight` of them in progress, and returns an acknowledgement for each, in order. The next
   * batch is read when there is room for it. A failed batch has its error in its acknowledgement, and the stream continues: without
   * `retry` the batch is not repeated, because later batches may already be written. If two written batches contain the same point,
   * the later one wins. Over gRPC the stream is one call; when it breaks, batches without an acknowledgement are sent again and
   * applied only once. Over REST each batch is a request.
   */
  upsertStream(
    collection: string,
    batches: Batches,
    options?: UpsertStreamOptions,
  ): AsyncIterable<BatchAck> & AsyncDisposable;
  /** Returns the nearest points to a vector, best first. The result reports whether every shard answered. */
  search(collection: string, options: SearchOptions): Promise<SearchResult>;
  /**
   * Searches with many vectors in one call, and returns the results of separate searches in typed arrays. If one of the vectors is
   * invalid, the whole call is refused, and the error names the vector.
   */
  searchBatch(collection: string, options: SearchBatchOptions): Promise<SearchBatchResult>;
  /** Returns a point by id; undefined if it does not exist. */
  get(collection: string, id: string, options?: { consistency?: Consistency }): Promise<StoredPoint | undefined>;
  /** Deletes a point, and returns whether it existed. */
  delete(collection: string, id: string): Promise<DeleteResult>;
  /** Returns one page of points; the next page starts at its `nextCursor`. */
  listPoints(collection: string, options?: ListOptions): Promise<Page>;
  /**
   * Iterates over all points or those that match a filter, by id or by `orderBy`. Pages of `limit` (1,000) points are
   * fetched as they are read.
   */
  points(collection: string, options?: ListOptions): AsyncIterable<StoredPoint> & AsyncDisposable;
  /** Runs several searches as branches of one query, and fuses their results. */
  query(collection: string, options: QueryOptions): Promise<QueryResult>;
  /** Runs several queries in one call; each gets a result or an error. */
  queryBatch(queries: readonly (QueryOptions & { collection: string })[]): Promise<(QueryResult | VectronError)[]>;
  /**
   * How much of the true answers searches like this one find: sampled queries, answered as usual and exactly. Without points to
   * compare answers of, FAILED_PRECONDITION.
   */
  measureRecall(collection: string, options?: RecallOptions): Promise<RecallMeasurement>;
  /** Counts all points, or those that match a filter. */
  count(collection: string, options?: CountOptions): Promise<CountResult>;
  /**
   * Returns the most frequent values at a path of the payload with the number of points of each; 10 of them, or
   * `limit`.
   */
  facets(collection: string, path: string, options?: FacetOptions): Promise<FacetResult>;
  /**
   * Changes payload fields. Points selected by a filter are changed in steps of at most 1,000 points; each step is
   * atomic.
   */
  updatePoints(collection: string, update: PayloadUpdate): Promise<{ updated: number; writeToken: string }>;
  /**
   * Deletes points by ids, by a filter, or by both. Points selected by a filter are deleted in steps; each step is
   * atomic.
   */
  deletePoints(collection: string, selector: PointsSelector): Promise<{ deleted: number; writeToken: string }>;
  /** Declares an index on every shard; it is built online. Returns whether it is new. */
  createIndex(collection: string, target: IndexTarget): Promise<boolean>;
  /** Deletes an index, and returns whether it existed. */
  deleteIndex(collection: string, target: IndexTarget): Promise<boolean>;
  /** Lists the declared payload indexes and vectors, with the progress of the indexes. */
  listIndexes(collection: string): Promise<Indexes>;
  /** Returns the tokens of a text; without `how`, as analyzed without a text index. */
  analyze(collection: string, text: string, how?: AnalyzeOptions): Promise<Token[]>;
  /** Lists the aliases of the tenant. */
  listAliases(): Promise<Alias[]>;
  /** Sets and deletes aliases atomically: all of the changes or none. */
  updateAliases(changes: { set?: readonly Alias[]; delete?: readonly string[] }): Promise<void>;
  /**
   * Opens a consistent view of the points at one time, with the cursor of the changes after it: both together give an exact copy.
   * Close it after reading it.
   */
  snapshot(collection: string): Promise<Snapshot>;
  /**
   * Changes since the cursor, in log order a shard, without a gap; without a cursor, from the oldest that is kept. Waits up to
   * `waitMs` for one. CHANGES_GONE: the log does not reach back to the cursor any more; `details.lost` of the error says what is
   * lost, and has the cursor behind it.
   */
  listChanges(collection: string, options?: ChangesOptions): Promise<Changes>;
  /**
   * Returns the changes as a stream that continues as long as it is read; another stream can continue from its
   * `cursor`.
   */
  changes(collection: string, options?: ChangeStreamOptions): ChangeStream;
  /** Stores feedback on the results of a search, and returns its id. */
  feedback(feedback: Feedback): Promise<string>;
  /** Registers an account. Unless registration is open, this requires an invitation. */
  register(email: string, password: string, options?: RegisterOptions): Promise<Account>;
  /**
   * Logs in, and returns tokens; pass `token` as `apiKey` to `connect`. Throws UNAUTHENTICATED if the address or the
   * password is wrong.
   */
  login(email: string, password: string): Promise<Login>;
  /** Returns new tokens for a refresh token, which can only be used once. */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Ends the login of this client: its tokens are refused from now on. */
  logout(): Promise<void>;
  /** Changes the password, and ends all other logins of the account. */
  changePassword(currentPassword: string, newPassword: string): Promise<void>;
  /** Returns the account of this login or key. */
  profile(): Promise<Account>;
  /** Deletes the account of this login with its API keys. */
  deleteAccount(password: string, inheritance?: Inheritance): Promise<AccountRemoval>;
  /**
   * Invites a person into the caller's tenant, or into another one as an administrator. The token is only returned
   * here.
   */
  inviteUser(email: string, options?: InvitationOptions): Promise<{ token: string; invitation: Invitation }>;
  /**
   * Iterates over open invitations: all of them for administrators, their own for others. Pages are fetched as they are
   * read.
   */
  listInvitations(): AsyncIterable<Invitation>;
  /** Withdraws an invitation, so that its token is refused. */
  deleteInvitation(id: string): Promise<void>;
  /** Creates an API key. The full key is only returned here. */
  createApiKey(name: string, options?: ApiKeyOptions): Promise<{ key: string; info: ApiKeyInfo }>;
  /** Lists the API keys of the account, without their secrets. */
  listApiKeys(): Promise<ApiKeyInfo[]>;
  /** Deletes an API key, which is refused from now on. A client whose key is below admin can delete that key alone. */
  deleteApiKey(prefix: string): Promise<void>;
  /** Closes the connections or the embedded database. Calls in progress fail with an error. */
  close(): Promise<void>;
}

/**
 * One collection of a database, whose points have payloads of the type `P`: filters, updates and answers are typed by it. Each verb is that of
 * the client, which says what it does, and takes limits of its one call last. Nothing checks that the payloads which are stored are of `P`.
 */
export interface Collection<P extends object = Payload> {
  readonly client: VectronClient;
  readonly name: string;
  /** Returns this collection with limits for its calls, like `with` of the client. */
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

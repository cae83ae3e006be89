import type { ChangeStream, ChangeStreamOptions, ChangesOptions } from './change-stream.js';
import type { VectronClient } from './client.js';
import type { Snapshot } from './snapshot.js';
import type { PathOf } from './typed-filter.js';
import type * as api from './types.js';

type Limits = api.CallLimits;

/**
 * One collection of a database, whose points have payloads of the type `P`: filters, updates and answers are typed by it. Each verb is that of
 * the client, which says what it does, and takes limits of its one call last. Nothing checks that the payloads which are stored are of `P`.
 */
export interface Collection<P extends object = api.Payload> {
  readonly client: VectronClient;
  readonly name: string;
  /** This collection with limits for its calls, as `with` of the client. */
  with(limits: Limits): Collection<P>;
  upsert(points: readonly api.Point<P>[], limits?: Limits): Promise<api.UpsertResult>;
  upsertStream(
    batches: api.Batches<P>,
    options?: api.UpsertStreamOptions,
    limits?: Limits,
  ): AsyncIterable<api.BatchAck> & AsyncDisposable;
  search(options: api.SearchOptions<P>, limits?: Limits): Promise<api.SearchResult<P>>;
  searchBatch(options: api.SearchBatchOptions<P>, limits?: Limits): Promise<api.SearchBatchResult<P>>;
  get(
    id: string,
    options?: { readonly consistency?: api.Consistency },
    limits?: Limits,
  ): Promise<api.StoredPoint<P> | undefined>;
  delete(id: string, limits?: Limits): Promise<api.DeleteResult>;
  listPoints(options?: api.ListOptions<P>, limits?: Limits): Promise<api.Page<P>>;
  points(options?: api.ListOptions<P>, limits?: Limits): AsyncIterable<api.StoredPoint<P>> & AsyncDisposable;
  query(options: api.QueryOptions<P>, limits?: Limits): Promise<api.QueryResult<P>>;
  measureRecall(options?: api.RecallOptions<P>, limits?: Limits): Promise<api.RecallMeasurement>;
  count(options?: api.CountOptions<P>, limits?: Limits): Promise<api.CountResult>;
  facets(path: PathOf<P>, options?: api.FacetOptions<P>, limits?: Limits): Promise<api.FacetResult>;
  updatePoints(update: api.PayloadUpdate<P>, limits?: Limits): ReturnType<VectronClient['updatePoints']>;
  deletePoints(selector: api.PointsSelector<P>, limits?: Limits): ReturnType<VectronClient['deletePoints']>;
  snapshot(limits?: Limits): Promise<Snapshot<P>>;
  listChanges(options?: ChangesOptions, limits?: Limits): Promise<api.Changes<P>>;
  changes(options?: ChangeStreamOptions, limits?: Limits): ChangeStream<P>;
}

type Verb = Exclude<keyof Collection, 'client' | 'name' | 'with'>;
/** How many arguments each verb has before its limits. */
const ARGUMENTS: Readonly<Record<Verb, number>> = {
  upsert: 1,
  upsertStream: 2,
  search: 1,
  searchBatch: 1,
  get: 2,
  delete: 1,
  listPoints: 1,
  points: 1,
  query: 1,
  measureRecall: 1,
  count: 1,
  facets: 2,
  updatePoints: 1,
  deletePoints: 1,
  snapshot: 0,
  listChanges: 1,
  changes: 1,
};

/** See `collection` of the client. */
export function collectionOf<P extends object>(client: VectronClient, name: string): Collection<P> {
  const verbs = Object.entries(ARGUMENTS).map(([verb, count]) => [
    verb,
    (...given: unknown[]) => {
      const limits = given[count] as Limits | undefined;
      const db = limits === undefined ? client : client.with(limits);
      return (db[verb as Verb] as (...all: unknown[]) => unknown)(name, ...given.slice(0, count));
    },
  ]);
  return {
    client,
    name,
    with: (limits: Limits) => collectionOf(client.with(limits), name),
    ...Object.fromEntries(verbs),
  };
}

import type { ChangeStream, ChangeStreamOptions, ChangesOptions } from './change-stream.js';
import type { VectronClient } from './client.js';
import type { Snapshot } from './snapshot.js';
import type { PathOf } from './typed-filter.js';
import type * as api from './types.js';

/**
 * One collection of a database, whose points have payloads of the type `P`: filters, updates and answers are typed by it. Each verb is that of
 * the client, which says what it does, and takes limits of its one call last. Nothing checks that the payloads which are stored are of `P`.
 */
export class Collection<P extends object = api.Payload> {
  constructor(
    readonly client: VectronClient,
    readonly name: string,
  ) {}

  /** This collection with limits for its calls, as `with` of the client. */
  with(limits: api.CallLimits): Collection<P> {
    return new Collection(this.client.with(limits), this.name);
  }

  upsert(points: readonly api.Point<P>[], limits?: api.CallLimits): Promise<api.UpsertResult> {
    return this.#db(limits).upsert(this.name, points as never);
  }

  upsertStream(
    batches: api.Batches<P>,
    options?: api.UpsertStreamOptions,
  ): AsyncIterable<api.BatchAck> & AsyncDisposable {
    return this.client.upsertStream(this.name, batches as never, options);
  }

  search(options: api.SearchOptions<P>, limits?: api.CallLimits): Promise<api.SearchResult<P>> {
    return this.#db(limits).search(this.name, options as never) as never;
  }

  searchBatch(options: api.SearchBatchOptions<P>, limits?: api.CallLimits): Promise<api.SearchBatchResult<P>> {
    return this.#db(limits).searchBatch(this.name, options as never) as never;
  }

  get(
    id: string,
    options?: { readonly consistency?: api.Consistency },
    limits?: api.CallLimits,
  ): Promise<api.StoredPoint<P> | undefined> {
    return this.#db(limits).get(this.name, id, options) as never;
  }

  delete(id: string, limits?: api.CallLimits): Promise<api.DeleteResult> {
    return this.#db(limits).delete(this.name, id);
  }

  listPoints(options?: api.ListOptions<P>, limits?: api.CallLimits): Promise<api.Page<P>> {
    return this.#db(limits).listPoints(this.name, options as never) as never;
  }

  points(options?: api.ListOptions<P>): AsyncIterable<api.StoredPoint<P>> & AsyncDisposable {
    return this.client.points(this.name, options as never) as never;
  }

  query(options: api.QueryOptions<P>, limits?: api.CallLimits): Promise<api.QueryResult<P>> {
    return this.#db(limits).query(this.name, options as never) as never;
  }

  measureRecall(options?: api.RecallOptions<P>, limits?: api.CallLimits): Promise<api.RecallMeasurement> {
    return this.#db(limits).measureRecall(this.name, options as never);
  }

  count(options?: api.CountOptions<P>, limits?: api.CallLimits): Promise<api.CountResult> {
    return this.#db(limits).count(this.name, options as never);
  }

  facets(path: PathOf<P>, options?: api.FacetOptions<P>, limits?: api.CallLimits): Promise<api.FacetResult> {
    return this.#db(limits).facets(this.name, path, options as never);
  }

  updatePoints(
    update: api.PayloadUpdate<P>,
    limits?: api.CallLimits,
  ): Promise<{ readonly updated: number; readonly writeToken: string }> {
    return this.#db(limits).updatePoints(this.name, update as never);
  }

  deletePoints(
    selector: api.PointsSelector<P>,
    limits?: api.CallLimits,
  ): Promise<{ readonly deleted: number; readonly writeToken: string }> {
    return this.#db(limits).deletePoints(this.name, selector as never);
  }

  snapshot(limits?: api.CallLimits): Promise<Snapshot<P>> {
    return this.#db(limits).snapshot(this.name) as never;
  }

  listChanges(options?: ChangesOptions): Promise<api.Changes<P>> {
    return this.client.listChanges(this.name, options) as never;
  }

  changes(options?: ChangeStreamOptions): ChangeStream<P> {
    return this.client.changes(this.name, options) as never;
  }

  #db(limits: api.CallLimits | undefined): VectronClient {
    return limits === undefined ? this.client : this.client.with(limits);
  }
}

import type { gateway } from '@vectron/proto';
import { allPoints } from './all-points.js';
import type { ListOptions, Page, Payload, StoredPoint } from './types.js';

/** The calls that read and close a snapshot. */
export interface SnapshotCalls {
  listPoints(collection: string, options: ListOptions): Promise<Page>;
  closeSnapshot(collection: string, snapshot: string): Promise<boolean>;
}

/** Options for reading the points of a snapshot. */
export type SnapshotPointsOptions<P extends object = Payload> = Pick<
  ListOptions<P>,
  'filter' | 'includeVectors' | 'limit'
>;

/**
 * A consistent view of the points of a collection at one time. It occupies disk space until it is closed, or has not been read
 * for `expiresAfterMs`; `await using` closes it. It is lost if a worker that holds a part of it restarts; its pages then end with
 * SNAPSHOT_GONE, and a new snapshot must be opened.
 */
export class Snapshot<P extends object = Payload> implements AsyncDisposable {
  /** The token of the snapshot, to pass to `listPoints`. */
  readonly token: string;
  /** The cursor for `changes` and `listChanges`: exactly the changes after this snapshot. */
  readonly cursor: string;
  /** The number of points in the snapshot. */
  readonly count: number;
  readonly expiresAfterMs: number;
  /** The last write of each shard that the snapshot contains. */
  readonly shards: readonly { readonly shardId: number; readonly logIndex: bigint }[];

  constructor(
    private readonly calls: SnapshotCalls,
    readonly collection: string,
    { snapshot, cursor, points, expiresAfterMs, shards }: gateway.OpenSnapshotResponse,
  ) {
    this.token = snapshot;
    this.cursor = cursor;
    this.count = Number(points);
    this.expiresAfterMs = expiresAfterMs;
    this.shards = shards;
  }

  /**
   * Iterates over the points by id, with vectors unless `includeVectors` is false; `limit` is the page size, 1,000 by
   * default.
   */
  points(options: SnapshotPointsOptions<P> = {}): AsyncGenerator<StoredPoint<P>, void, undefined> & AsyncDisposable {
    const asked = { includeVectors: true, ...options, snapshot: this.token } as ListOptions;
    return allPoints((page) => this.calls.listPoints(this.collection, page), asked) as never;
  }

  /** Closes the snapshot, and returns whether it was open. */
  close(): Promise<boolean> {
    return this.calls.closeSnapshot(this.collection, this.token);
  }

  /** Closes the snapshot at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

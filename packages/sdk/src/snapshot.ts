import type { gateway } from '@vectron/proto';
import { allPoints } from './all-points.js';
import type { ListOptions, Page, Payload, StoredPoint } from './types.js';

/** The calls that a snapshot is read and closed by. */
export interface SnapshotCalls {
  listPoints(collection: string, options: ListOptions): Promise<Page>;
  closeSnapshot(collection: string, snapshot: string): Promise<boolean>;
}

/** Which points of a snapshot are read, and what of them. */
export type SnapshotPointsOptions<P extends object = Payload> = Pick<
  ListOptions<P>,
  'filter' | 'includeVectors' | 'limit'
>;

/**
 * The points of a collection as of one moment, whatever is written meanwhile. It holds disk space until it is closed, or was not
 * read for `expiresAfterMs`; `await using` closes it. It is lost with the worker that holds a part of it: its pages then end
 * with SNAPSHOT_GONE, and another one has to be opened.
 */
export class Snapshot<P extends object = Payload> implements AsyncDisposable {
  /** For `listPoints`. */
  readonly token: string;
  /** For `changes` and `listChanges`: all that happened after this moment, and nothing before. */
  readonly cursor: string;
  /** Points in it. */
  readonly count: number;
  readonly expiresAfterMs: number;
  /** The moment: of each shard, the last write that is in it. */
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

  /** Its points by id, with vectors unless `includeVectors` is false; `limit`: of one page, 1,000 unless it is given. */
  points(options: SnapshotPointsOptions<P> = {}): AsyncGenerator<StoredPoint<P>, void, undefined> & AsyncDisposable {
    const asked = { includeVectors: true, ...options, snapshot: this.token } as ListOptions;
    return allPoints((page) => this.calls.listPoints(this.collection, page), asked) as never;
  }

  /** Whether it was open. */
  close(): Promise<boolean> {
    return this.calls.closeSnapshot(this.collection, this.token);
  }

  /** Closes the snapshot. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

import { toVectronError, VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import { BatchQueue } from './batch-queue.js';
import type { Collection } from './client.js';
import { checkSignal } from './limits.js';
import type { BatchAck, CallLimits, Payload, Point, UpsertResult } from './types.js';

/** How points are written in bulk. `P`: the type of the payload. */
export interface BulkOptions<P extends object = Payload> {
  /** Most points of a batch; default 100. */
  readonly batchSize?: number;
  /** Most bytes of a batch that has several points, about; default 4 MiB. */
  readonly batchBytes?: number;
  /** Batches that are sent and not acknowledged, at most; 1 to 1,000, default 4. */
  readonly maxInFlight?: number;
  /** Called for each batch, in the order of the batches. An error that it throws stops the writer. */
  readonly onAck?: (ack: BulkAck<P>) => void;
  /**
   * Called after `onAck` for each batch with points that were not written; the writer then continues. Without it, the first
   * such batch stops the writer. An error that it throws also stops the writer.
   */
  readonly onError?: (error: BulkWriteError<P>) => void;
  /** Told after each batch how far the writer is. What it throws stops the writer. */
  readonly onProgress?: (progress: BatchProgress) => void;
  /** Stops the writer with CANCELLED. What was sent may be written. */
  readonly signal?: AbortSignal;
}

/** How far a bulk load is. */
export interface BatchProgress {
  /** The number of points acknowledged so far. */
  readonly upserted: number;
  /** Points of which no write was acknowledged. */
  readonly failed: number;
}

/** What became of a bulk load. */
export interface BulkResult extends BatchProgress {
  /** Batches with an outcome, written or not. */
  readonly batches: number;
}

/** What became of one batch of a bulk writer. `P`: the type of the payload. */
export interface BulkAck<P extends object = Payload> extends Omit<BatchAck, 'error'> {
  /** The points of the batch, in the order in which they were added. */
  readonly points: readonly Point<P>[];
  /** Why some of them, or all, are not written; missing: all of them are on disk. */
  readonly error?: BulkWriteError<P>;
}

/**
 * Points of one batch of which no write was acknowledged. Code, message and details are those of the failure, which is the `cause`.
 * Where that is of the server's word (`INVALID_ARGUMENT`, say), the points are not written; where no answer came
 * (`UNAVAILABLE`, `DEADLINE_EXCEEDED`, `CANCELLED`), they may be.
 */
export class BulkWriteError<P extends object = Payload> extends VectronError {
  /** The place of the batch, from 0. */
  readonly batch: number;
  /** Those that no write was acknowledged of; logs and inspection leave them out. */
  declare readonly points: readonly Point<P>[];

  /** @internal */
  constructor(batch: number, points: readonly Point<P>[], failure: unknown) {
    const cause = toVectronError(failure);
    super(cause.code, cause.message, { cause, details: cause.details });
    this.name = 'BulkWriteError';
    this.batch = batch;
    Object.defineProperty(this, 'points', { value: points });
  }

  /** The ids of `points`, without those of points that have none. */
  get ids(): readonly string[] {
    return this.points.flatMap((point) => idOf(point) ?? []);
  }
}

/**
 * Writes points in batches, in bounded memory: `add` waits while there is no room. A point belongs to the writer until it is
 * acknowledged, and is not to be changed before. Every point that `add` has taken is in one ack.
 */
export interface BulkWriter<P extends object = Payload> extends AsyncDisposable {
  /**
   * Takes a point, once there is room for it. Throws what has stopped the writer, and OVERLOADED when 10,000 points wait for
   * room, which happens to who does not await it.
   */
  add(point: Point<P>): Promise<void>;
  /**
   * Takes each point of an iterable, which is read as there is room. Throws as `add` does, or what the iterable throws.
   */
  addAll(points: Iterable<Point<P>> | AsyncIterable<Point<P>>): Promise<void>;
  /**
   * Sends the batch that is not full yet, and waits until all points added before are acknowledged. Throws the error that
   * stopped the writer.
   */
  flush(): Promise<void>;
  /**
   * Flushes like `flush`, and ends the writer. No request is in progress when it returns or throws. It can be called again, with
   * the same outcome.
   */
  close(): Promise<BulkResult>;
  /** As `close`; it does not throw what another call has thrown already. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a bulk writer uses of a collection. */
export type BulkTarget<P extends object = Payload> = Pick<Collection<P>, 'upsert' | 'upsertStream'>;

/**
 * Writes points to a collection in batches, several of them at a time, each as one upsert is: over gRPC in a stream, over REST and
 * embedded as upserts. What fails for a passing reason is sent again, as the client's `retries` and its budget of retries allow.
 * A batch that is larger than the server takes is sent in halves; of a point that is so alone the error names the id, with
 * PAYLOAD_TOO_LARGE. Of points with the same id the one added last wins: a batch is not sent before the earlier ones that
 * share a point with it have their ack.
 *
 * @example
 * ```ts
 * await using writer = bulkWriter(db.collection('papers'), { onProgress: ({ upserted }) => console.log(upserted) });
 * for await (const point of points) await writer.add(point);
 * const { upserted } = await writer.close();
 * ```
 * @throws VectronError INVALID_ARGUMENT when an option is wrong.
 */
export function bulkWriter<P extends object = Payload>(
  collection: BulkTarget<P>,
  options: BulkOptions<P> = {},
): BulkWriter<P> {
  return writerFor(collection, options);
}

/** As `bulkWriter`, for who can stop it. */
export function writerFor<P extends object>(collection: BulkTarget<P>, options: BulkOptions<P>): Writer<P> {
  const callbacks = ['onAck', 'onError', 'onProgress'] as const;
  checkOptions(options, ['batchSize', 'batchBytes', 'maxInFlight', 'signal', ...callbacks]);
  const { batchSize = 100, batchBytes = 4 << 20, maxInFlight = 4, signal } = options;
  checkWhole('batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('batchBytes', batchBytes, 1, Number.MAX_SAFE_INTEGER);
  checkWhole('maxInFlight', maxInFlight, 1, MOST_IN_FLIGHT);
  checkSignal(signal);
  for (const name of callbacks) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw VectronError.invalid(name, `${name} must be a function`);
  }
  return new Writer(collection, new BatchQueue(batchSize, batchBytes), maxInFlight, options);
}

const MOST_IN_FLIGHT = 1_000;
/** Failures that every later batch would have, too. */
const OF_THE_CALLER = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'CANCELLED']);

const idOf = (point: Partial<Pick<Point, 'id'>> | null | undefined): string | undefined =>
  typeof point?.id === 'string' ? point.id : undefined;

export class Writer<P extends object> implements BulkWriter<P> {
  /** Batches without an outcome, in the order of their acks. */
  readonly #sent: (readonly Point<P>[])[] = [];
  /** Ids of the points of `#sent`. */
  readonly #busy = new Set<string>();
  readonly #limits: CallLimits | undefined;
  readonly #running: Promise<void>;
  readonly #progress = { upserted: 0, failed: 0, batches: 0 };
  /** Points that have an outcome. */
  #settled = 0;
  #failure: { readonly cause: unknown } | undefined;
  #isOver = false;
  #isTold = false;
  /** Those who wait for something about this writer to change. */
  #waiting: (() => void)[] = [];

  constructor(
    private readonly target: BulkTarget<P>,
    private readonly queue: BatchQueue<P>,
    private readonly maxInFlight: number,
    private readonly options: BulkOptions<P>,
  ) {
    this.#limits = options.signal && { signal: options.signal };
    this.#running = this.#run();
  }

  async add(point: Point<P>): Promise<void> {
    this.#mayAdd();
    const room = this.queue.add(point);
    this.#changed();
    if (room !== undefined) await room.catch((cause: unknown) => this.#tell(cause));
  }

  async addAll(points: Iterable<Point<P>> | AsyncIterable<Point<P>>): Promise<void> {
    const given = points as Partial<Iterable<unknown> & AsyncIterable<unknown>> | undefined;
    if (given?.[Symbol.asyncIterator] === undefined && given?.[Symbol.iterator] === undefined)
      throw VectronError.invalid('points', 'points must be an iterable of points');
    for await (const point of points) await this.add(point);
  }

  async flush(): Promise<void> {
    this.#mayAdd();
    this.queue.cut();
    this.#changed();
    const { added } = this.queue;
    await this.#until(() => this.#isOver || (this.#failure === undefined && this.#settled >= added));
    if (this.#failure !== undefined) this.#tell(this.#failure.cause);
  }

  async close(): Promise<BulkResult> {
    this.queue.end();
    this.#changed();
    await this.#running;
    if (this.#failure !== undefined) this.#tell(this.#failure.cause);
    return { ...this.#progress };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Who has heard of it has thrown it on, or knows what to do.
    const isTold = this.#isTold;
    try {
      await this.close();
    } catch (error) {
      if (!isTold) throw error;
    }
  }

  /**
   * Sends nothing more because of `cause`, not even a batch that is not full; ends when no request is in progress.
   */
  async stop(cause: unknown): Promise<void> {
    this.#fail(cause);
    await this.#running;
  }

  #mayAdd(): void {
    if (this.#failure !== undefined) this.#tell(this.#failure.cause);
    if (this.queue.isEnded)
      throw new VectronError('FAILED_PRECONDITION', 'the bulk writer is closed; create a new one');
  }

  #tell(cause: unknown): never {
    this.#isTold = true;
    throw cause;
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing more is sent; who waits for room is told of it. */
  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.queue.refuse(this.#failure.cause);
    this.#changed();
  }

  /** Writes all batches, over a new stream where one has ended; ends when all are told of. Never rejects. */
  async #run(): Promise<void> {
    const { signal } = this.options;
    const abort = () => this.#fail(new VectronError('CANCELLED', 'the bulk writer was cancelled'));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    while (this.#failure === undefined && !this.queue.isDone) await this.#stream();
    signal?.removeEventListener('abort', abort);
    const unsent = new VectronError('CANCELLED', 'the batch was not sent, because the bulk writer has stopped');
    for (let points = this.queue.take(); points !== undefined; points = this.queue.take())
      this.#settle(points, unwritten(points, unsent));
    this.#isOver = true;
    this.#changed();
  }

  /** Writes batches until there are no more, or the stream ends before: what it has not answered has failed then. */
  async #stream(): Promise<void> {
    const run = { isLive: true };
    try {
      const acks = this.target.upsertStream(
        this.#batches(run),
        { maxInFlight: this.maxInFlight, retry: true },
        this.#limits,
      );
      for await (const ack of acks) {
        const [points] = this.#sent;
        const outcome = await this.#outcome(points, ack);
        void this.#sent.shift();
        this.#settle(points, outcome);
      }
      if (this.#sent.length > 0 || (this.#failure === undefined && !this.queue.isDone))
        throw new VectronError('INTERNAL', 'the stream of upserts has ended before its batches did');
    } catch (cause) {
      run.isLive = false;
      const failure = toVectronError(cause);
      const lost = this.#sent.splice(0);
      for (const points of lost) this.#settle(points, unwritten(points, failure));
      // A stream that has carried nothing would end so again.
      if (lost.length === 0 || OF_THE_CALLER.has(failure.code)) this.#fail(failure);
    }
  }

  /** The batches of one stream, each once those before it that share a point with it have an outcome. */
  async *#batches(run: { readonly isLive: boolean }): AsyncGenerator<readonly Point<P>[], void, undefined> {
    const isFree = (points: readonly Point<P>[]) => !points.some((point) => this.#busy.has(idOf(point) ?? ''));
    for (;;) {
      await this.#until(() => {
        const { first } = this.queue;
        return !run.isLive || this.#failure !== undefined || (first === undefined ? this.queue.isDone : isFree(first));
      });
      if (!run.isLive || this.#failure !== undefined) return;
      const points = this.queue.take();
      if (points === undefined) return;
      this.#sent.push(points);
      for (const id of points.flatMap((point) => idOf(point) ?? [])) this.#busy.add(id);
      yield points;
    }
  }

  async #outcome(points: readonly Point<P>[], { upserted, writeToken, error }: BatchAck): Promise<Outcome<P>> {
    if (error === undefined) return { upserted, writeToken, unwritten: [] };
    if (error.code === 'PAYLOAD_TOO_LARGE') return this.#inHalves(points, error);
    return unwritten(points, error);
  }

  /** Writes what was too large in halves; those behind a failure are left where it stops the writer. */
  async #inHalves(points: readonly Point<P>[], error: VectronError): Promise<Outcome<P>> {
    if (points.length === 1) return unwritten(points, named(points[0], error));
    const half = Math.ceil(points.length / 2);
    const first = await this.#part(points.slice(0, half));
    const rest = points.slice(half);
    const isStopped =
      this.#failure !== undefined || (first.failure !== undefined && this.options.onError === undefined);
    if (isStopped) return { ...first, unwritten: [...first.unwritten, ...rest], failure: first.failure ?? error };
    const second = await this.#part(rest);
    return {
      upserted: first.upserted + second.upserted,
      writeToken: second.writeToken || first.writeToken,
      unwritten: [...first.unwritten, ...second.unwritten],
      failure: first.failure ?? second.failure,
    };
  }

  async #part(points: readonly Point<P>[]): Promise<Outcome<P>> {
    try {
      return { ...(await this.target.upsert(points, this.#limits)), unwritten: [] };
    } catch (cause) {
      const error = toVectronError(cause);
      if (error.code === 'PAYLOAD_TOO_LARGE') return this.#inHalves(points, error);
      return unwritten(points, error);
    }
  }

  /** Counts a batch and tells of it. */
  #settle(points: readonly Point<P>[], { upserted, writeToken, unwritten, failure }: Outcome<P>): void {
    for (const point of points) this.#busy.delete(idOf(point) ?? '');
    const batch = this.#progress.batches++;
    this.#settled += points.length;
    this.#progress.upserted += upserted;
    this.#progress.failed += unwritten.length;
    const error = failure === undefined ? undefined : new BulkWriteError(batch, unwritten, failure);
    const { onAck, onError, onProgress } = this.options;
    try {
      onAck?.({ batch, upserted, writeToken, points, ...(error !== undefined && { error }) });
      if (error !== undefined && onError !== undefined) onError(error);
      else if (error !== undefined) this.#fail(error);
      onProgress?.({ upserted: this.#progress.upserted, failed: this.#progress.failed });
    } catch (cause) {
      this.#fail(cause);
    }
    this.#changed();
  }
}

/** What became of the points of a batch; `failure`: why there are `unwritten` ones. */
interface Outcome<P extends object> extends UpsertResult {
  readonly unwritten: readonly Point<P>[];
  readonly failure?: VectronError;
}

const unwritten = <P extends object>(points: readonly Point<P>[], failure: VectronError): Outcome<P> => ({
  upserted: 0,
  writeToken: '',
  unwritten: points,
  failure,
});

function named(point: Partial<Pick<Point, 'id'>>, { code, message, details }: VectronError): VectronError {
  const what = `point ${JSON.stringify(idOf(point))} alone is larger than the server takes in one request`;
  return new VectronError(code, `${what}: ${message}`, { details });
}

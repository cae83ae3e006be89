import { toVectronError, VectronError } from '@vectron/errors';
import { checkOptions, checkWhole, inOrder, type Piece, WriteOrigins } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { disposable } from './disposable.js';
import { data } from './methods.js';
import { upsertRequest } from './requests.js';
import { pauseBefore } from './retrying.js';
import type { Duplex, Transport } from './transport.js';
import type { BatchAck, Batches, Point, UpsertResult, UpsertStreamOptions } from './types.js';

const IN_FLIGHT = 4;
const MOST_IN_FLIGHT = 1_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Errors of a single upsert that any other would end with, too. */
const OF_THE_CALLER = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'CANCELLED']);

/** What became of a batch, or why the stream ended instead. */
type Outcome = { readonly ack: BatchAck } | { readonly end: unknown };
type Write = (points: readonly Point[]) => Promise<UpsertResult>;

/** A stream of upserts where there is none on the wire: each batch is an upsert, `maxInFlight` of them at a time. */
export function upsertEach(
  write: Write,
  batches: Batches,
  options: UpsertStreamOptions = {},
): AsyncIterable<BatchAck> & AsyncDisposable {
  checked(batches, options);
  const stopped = () => options.signal?.aborted === true;
  const acks = acknowledged(
    batches,
    options,
    async (points) => {
      if (stopped()) throw new StreamEnd(new VectronError('CANCELLED', 'the stream was cancelled'));
      try {
        return await write(points);
      } catch (cause) {
        throw OF_THE_CALLER.has(toVectronError(cause).code) ? new StreamEnd(cause) : cause;
      }
    },
    // Two that share a point are written one after the other, as a server does it.
    (points) => points.flatMap((point) => (typeof point?.id === 'string' ? [point.id] : [])),
  );
  return disposable(acks);
}

export type UpsertOver = typeof upsertOver;

/** A stream of upserts over the wire. When it is lost, what was not answered is sent again on a new one, under the same names. */
export function upsertOver(
  transport: Transport,
  collection: string,
  batches: Batches,
  options: UpsertStreamOptions = {},
): AsyncIterable<BatchAck> & AsyncDisposable {
  checked(batches, options);
  async function* acks() {
    const session = new UpsertSession(transport);
    const stop = () => session.fail(new VectronError('CANCELLED', 'the stream was cancelled'));
    options.signal?.addEventListener('abort', stop);
    if (options.signal?.aborted) stop();
    try {
      yield* acknowledged(
        batches,
        options,
        (points) => session.write(upsertRequest(collection, points), options.retry === true),
        () => [],
      );
    } finally {
      options.signal?.removeEventListener('abort', stop);
      session.close();
    }
  }
  return disposable(acks());
}

function checked(batches: Batches, options: UpsertStreamOptions): void {
  checkOptions(options, ['maxInFlight', 'retry', 'signal']);
  checkWhole('maxInFlight', options.maxInFlight ?? IN_FLIGHT, 1, MOST_IN_FLIGHT);
  const given = batches as Partial<Iterable<unknown> & AsyncIterable<unknown>> | undefined;
  if (given?.[Symbol.asyncIterator] === undefined && given?.[Symbol.iterator] === undefined) {
    throw VectronError.invalid('batches', 'batches must be an iterable of lists of points');
  }
}

/** The stream has ended, and this batch with it. */
class StreamEnd {
  constructor(readonly cause: unknown) {}
}

async function* acknowledged(
  batches: Batches,
  { maxInFlight = IN_FLIGHT }: UpsertStreamOptions,
  write: Write,
  keysOf: (points: readonly Point[]) => string[],
): AsyncGenerator<BatchAck, void, undefined> {
  let batch = 0;
  async function* pieces(): AsyncGenerator<Piece<Outcome>> {
    for await (const points of batches) {
      const place = batch++;
      const run = async (): Promise<Outcome> => {
        try {
          const { upserted, writeToken } = await write(points);
          return { ack: { batch: place, upserted, writeToken } };
        } catch (cause) {
          if (cause instanceof StreamEnd) return { end: cause.cause };
          return { ack: { batch: place, upserted: 0, writeToken: '', error: toVectronError(cause) } };
        }
      };
      yield { keys: Array.isArray(points) ? keysOf(points) : [], run };
    }
  }
  for await (const outcome of inOrder(pieces(), maxInFlight)) {
    if ('end' in outcome) throw outcome.end;
    yield outcome.ack;
  }
}

interface Pending {
  readonly batch: gateway.UpsertBatch;
  readonly resolve: (result: UpsertResult) => void;
  readonly reject: (cause: unknown) => void;
}

/** Batches on their way over a stream, and over the next one when that is lost. */
class UpsertSession {
  readonly #origins = new WriteOrigins();
  /** In the order of their numbers. */
  readonly #pending = new Map<bigint, Pending>();
  #next = 1n;
  #call: Duplex<gateway.UpsertBatch> | undefined;
  #isOpening = false;
  #lost = 0;
  /** Before the next stream is opened. */
  #pauseMs = 0;
  #failure: VectronError | undefined;

  constructor(private readonly transport: Transport) {}

  /** Throws what the batch was refused with, or a StreamEnd. With `mayRetry` it is sent again, under its name, while that may help. */
  write(upsert: gateway.UpsertRequest, mayRetry: boolean): Promise<UpsertResult> {
    const { retries = 0, budget } = this.transport;
    budget?.called();
    return this.#origins.run(async (origin) => {
      for (let tries = 1; ; tries++) {
        try {
          return await this.#send({ ...upsert, origin });
        } catch (cause) {
          if (cause instanceof StreamEnd || !mayRetry) throw cause;
          const error = toVectronError(cause);
          if (!error.spec.retryable || tries > retries || budget?.take() !== true) throw cause;
          await pause(pauseBefore(tries, error, Math.random()));
        }
      }
    });
  }

  #send(upsert: gateway.UpsertRequest): Promise<UpsertResult> {
    const batch = { sequence: this.#next++, upsert };
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(new StreamEnd(this.#failure));
      this.#pending.set(batch.sequence, { batch, resolve, reject });
      if (this.#call !== undefined) this.#call.write(batch);
      else void this.#open();
    });
  }

  /** Ends the stream, and all that is on its way. */
  fail(cause: VectronError): void {
    this.#failure ??= cause;
    this.#call?.cancel();
    for (const { reject } of this.#pending.values()) reject(new StreamEnd(this.#failure));
    this.#pending.clear();
  }

  close(): void {
    if (this.#pending.size === 0) this.#call?.end();
    this.fail(new VectronError('CANCELLED', 'the caller no longer reads the answers of the stream'));
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      if (this.#lost > 0) await pause(this.#pauseMs);
      const { openDuplex } = this.transport;
      if (openDuplex === undefined) throw new VectronError('INTERNAL', 'this transport does not support streams');
      const call = await openDuplex(data.upsertStream, {
        answer: (ack) => this.#answered(ack),
        ended: (error) => this.#ended(error),
      });
      this.#isOpening = false;
      if (this.#failure !== undefined) return call.cancel();
      this.#call = call;
      for (const { batch } of this.#pending.values()) call.write(batch);
    } catch (cause) {
      this.#isOpening = false;
      this.#ended(toVectronError(cause));
    }
  }

  #answered({ sequence, outcome }: gateway.UpsertAck): void {
    const pending = this.#pending.get(sequence);
    if (pending === undefined) return;
    this.#pending.delete(sequence);
    this.#lost = 0;
    if (outcome?.$case === 'written') pending.resolve(outcome.value);
    else if (outcome !== undefined && this.#call !== undefined) pending.reject(this.#call.errorOf(outcome.value));
    else pending.reject(new VectronError('INTERNAL', 'the server sent an empty answer to a batch'));
  }

  #ended(error = new VectronError('UNAVAILABLE', 'the server ended the stream; try again')): void {
    this.#call = undefined;
    const [first] = this.#pending.values();
    if (first === undefined || this.#failure !== undefined) return;
    if (error.code === 'PAYLOAD_TOO_LARGE') {
      // All before it were answered: it is this one that is too large.
      this.#pending.delete(first.batch.sequence);
      first.reject(error);
      if (this.#pending.size > 0) void this.#open();
      return;
    }
    this.#lost += 1;
    this.#pauseMs = pauseBefore(this.#lost, error, Math.random());
    const { retries = 0, budget } = this.transport;
    if (!error.spec.retryable || this.#lost > retries || budget?.take() === false) this.fail(error);
    else void this.#open();
  }
}

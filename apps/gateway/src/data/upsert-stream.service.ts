import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import { inOrder, type Piece, pointInput } from '@vectron/model';
import { type Logger, type Metrics, requestMeter } from '@vectron/observability';
import type { gateway } from '@vectron/proto';
import { anyOf, type BidiCall, type CallContext, MessageStream, rpcStatusOf, Stop, type StopSignal } from '@vectron/rpc';
import { LOGGER, METRICS } from '../backends.js';
import type { Principal } from '../edge/access.js';
import { printable } from '../edge/audit-target.js';
import { Edge } from '../edge/edge.js';
import { checkRequest, publicMethod } from '../edge/policy.js';
import { forClients } from '../edge/public-error.js';
import { decodeUpsertBatch, decodeUpsertRequest } from '../wire/grpc/search-codec.js';
import { PointService } from './point.service.js';
import { BATCHES_OF_STREAM, type StreamWindow, StreamWindows } from './stream-window.js';

/** What a batch is: it has the limits, the room and the entries in the audit log of this method. */
const UPSERT = publicMethod('/vectron.v1.VectronService/Upsert');
/** Of a batch, in metrics. */
const OPERATION = 'UpsertBatch';

type UpsertRequest = ReturnType<typeof decodeUpsertRequest>;

/** A stream while it is open. */
interface OpenStream {
  readonly principal: Principal;
  readonly context: CallContext;
  readonly messages: AsyncIterator<Buffer, undefined>;
  readonly window: StreamWindow;
  readonly stop: StopSignal;
  /** The last batch that was begun. */
  last: bigint | undefined;
}

/** A batch as it was read, and when. */
interface Batch {
  readonly sequence: bigint;
  readonly bytes: number;
  readonly arrivedMs: number;
}

/** Streams of upserts: see UpsertStream in proto/apigateway. */
@Injectable()
export class UpsertStreamService {
  readonly #windows = new StreamWindows();
  readonly #stopping = new Stop();
  readonly #measure: ReturnType<typeof requestMeter>;

  constructor(
    @Inject(PointService) private readonly points: PointService,
    @Inject(Edge) private readonly edge: Edge,
    @Inject(METRICS) metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#measure = requestMeter(metrics);
  }

  /** Every open stream reads no more, tells what became of the batches that it has begun, and ends with UNAVAILABLE. */
  stop(): void {
    this.#stopping.abort();
  }

  /** What became of each batch, in their order. Throws when the stream ended otherwise than by its client's last batch. */
  async *acknowledge(
    principal: Principal,
    call: BidiCall<Buffer, gateway.UpsertAck>,
    context: CallContext,
  ): AsyncGenerator<gateway.UpsertAck, void, undefined> {
    const window = this.#windows.open(principal.tenantId);
    const stop = anyOf(context.signal, this.#stopping);
    const wake = () => window.wake();
    stop.addEventListener('abort', wake);
    const messages = new MessageStream<Buffer>(call, stop);
    try {
      yield* inOrder(this.#batches({ principal, context, messages, window, stop, last: undefined }), BATCHES_OF_STREAM);
    } finally {
      stop.removeEventListener('abort', wake);
      window.close();
    }
  }

  async *#batches(stream: OpenStream): AsyncGenerator<Piece<gateway.UpsertAck>, void, undefined> {
    const { messages, window, stop } = stream;
    try {
      for (;;) {
        await window.room(() => stop.aborted);
        const { done, value } = await messages.next();
        if (done) return;
        yield await this.#begin(stream, value);
      }
    } catch (cause) {
      throw this.#endOf(stream, cause);
    } finally {
      void messages.return?.();
    }
  }

  /** What the caller is told: that its token is not good any more, which batch was the last before a stop, or else `cause`. */
  #endOf({ context, last }: OpenStream, cause: unknown): unknown {
    if (context.refusal !== undefined) return context.refusal;
    if (!this.#stopping.aborted || context.signal?.aborted) return cause;
    const what = last === undefined ? 'no batch of this stream was begun' : `batch ${last} was the last that was begun`;
    return new VectronError('UNAVAILABLE', `the server is stopping, and ${what}: send those after it on a new stream`);
  }

  /** A batch that was read, ready to be written, or refused already. Throws INVALID_ARGUMENT for what cannot be answered. */
  async #begin(stream: OpenStream, bytes: Buffer): Promise<Piece<gateway.UpsertAck>> {
    const { sequence, upsert } = decoded(() => decodeUpsertBatch(bytes));
    if (stream.last !== undefined && sequence <= stream.last) {
      const message = `sequence ${sequence} came after ${stream.last}: give each batch of a stream a higher one than the last`;
      throw VectronError.invalid('sequence', message);
    }
    stream.last = sequence;
    const batch = { sequence, bytes: bytes.length, arrivedMs: Date.now() };
    const leave = stream.window.take(bytes.length);
    try {
      await this.edge.countMore(stream.principal, 1);
      const request = decoded(() => decodeUpsertRequest(upsert));
      const keys = request.points.map(({ id }) => id);
      return {
        keys,
        run: () => this.#ack(stream, batch, request.collection, () => this.#write(stream, batch, request)).finally(leave),
      };
    } catch (cause) {
      const refuse = () => Promise.reject(cause);
      return { keys: [], run: () => this.#ack(stream, batch, '', refuse).finally(leave) };
    }
  }

  async #write(
    { principal, context }: OpenStream,
    { bytes, arrivedMs }: Batch,
    request: UpsertRequest,
  ): Promise<gateway.UpsertResponse> {
    checkRequest(UPSERT, request, principal);
    const { deadlineMs, signal } = context;
    const isGone = () => signal?.aborted === true;
    const leave = await this.edge.admit(UPSERT, principal, { bytes, deadlineMs, isGone });
    try {
      // It may have waited, and what its caller may do may have changed meanwhile.
      if (isGone()) throw new VectronError('CANCELLED', 'the call had ended before this batch was begun');
      const { collection, points, origin } = request;
      const limits = { deadlineMs, signal, arrivedMs };
      return await this.points.upsert(principal, collection, points.map(pointInput), origin, limits);
    } finally {
      leave();
    }
  }

  /** The answer to one batch, which is measured, logged and audited as a request of its own. */
  async #ack(
    { principal, context }: OpenStream,
    { sequence }: Batch,
    collection: string,
    write: () => Promise<gateway.UpsertResponse>,
  ): Promise<gateway.UpsertAck> {
    const started = performance.now();
    const { requestId = '', peer: address = '' } = context;
    let code = 'OK';
    try {
      return { sequence, outcome: { $case: 'written', value: await write() } };
    } catch (cause) {
      const error = context.refusal ?? toVectronError(cause);
      code = error.code;
      const shown = forClients(error);
      if (code === 'INTERNAL' || shown !== error) {
        const level = code === 'INTERNAL' ? 'error' : 'warn';
        this.logger[level]({ err: error.cause ?? error, operation: OPERATION, requestId, sequence }, 'batch failed');
      }
      return { sequence, outcome: { $case: 'error', value: rpcStatusOf(shown) } };
    } finally {
      this.#measure(OPERATION, code, (performance.now() - started) / 1_000);
      this.edge.leave(UPSERT, code, { principal, address: () => address, target: () => printable(collection), requestId });
    }
  }
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', 'a batch of the stream is not a valid message; send an UpsertBatch', { cause });
  }
}

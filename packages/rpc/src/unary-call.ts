import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
  type ServerStreamResponseOptions,
} from 'node:http2';
import { status as codes, Metadata } from '@grpc/grpc-js';
import { ANSWER_HEADERS, errorHeaders, failureHeaders, OK_TRAILERS, withId } from './trailers.js';

/** The compressed flag and the length that are in front of a message. */
const PREFIX_BYTES = 5;
/** Headers of a request that belong to the protocol, and are not passed to the application. */
const PROTOCOL_HEADERS = [
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'accept-encoding',
  'te',
  'content-type',
];
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** 24 days: timers cannot wait longer, and nobody waits for the end of such a call. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
const WITH_TRAILERS: ServerStreamResponseOptions = { waitForTrailers: true };

/**
 * Whether a call may be an {@link UnaryCall}: an ordinary one of gRPC over HTTP/2, whose messages are not compressed. Every other is
 * left to grpc-js, which also answers what is wrong with it.
 */
export function isOrdinary(headers: IncomingHttpHeaders): boolean {
  const { 'content-type': type = '', 'grpc-encoding': encoding, 'grpc-timeout': timeout } = headers;
  const isGrpc = type === 'application/grpc' || type === 'application/grpc+proto';
  return (
    isGrpc &&
    (encoding === undefined || encoding === 'identity') &&
    (timeout === undefined || (typeof timeout === 'string' && TIMEOUT.test(timeout)))
  );
}

/** How long the caller waits, milliseconds; undefined: it does not say, or not in words of gRPC. */
export function timeoutOf({ 'grpc-timeout': timeout }: IncomingHttpHeaders): number | undefined {
  const [, digits, unit] = (typeof timeout === 'string' && TIMEOUT.exec(timeout)) || [];
  return digits === undefined || unit === undefined ? undefined : Math.floor(Number(digits) * UNIT_MS[unit]);
}

/**
 * The server's end of one unary call, on its HTTP/2 stream (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). It
 * does what grpc-js does for such a call, with the same answers, and with fewer objects, turns of the event loop and writes: the
 * headers of the answer go with its message (docs/adr/0051). It is not for compressed messages, nor for streams of them.
 */
export class UnaryCall {
  /** Sent with the answer as `x-request-id`; empty: none is. */
  requestId = '';
  /** Milliseconds since 1970; Infinity: the caller waits for ever. */
  readonly deadlineMs: number = Number.POSITIVE_INFINITY;
  readonly #timer: NodeJS.Timeout | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #answered = false;
  #isGone = false;
  #goneListeners: (() => void)[] = [];
  #metadata: Metadata | undefined;

  /** `address`: of the caller. `begin` is given the request as soon as all of it is there. */
  constructor(
    readonly address: string,
    private readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly maxAnswerBytes: number,
    begin: (message: Buffer) => void,
  ) {
    const timeoutMs = timeoutOf(headers);
    if (timeoutMs !== undefined) {
      this.deadlineMs = Date.now() + timeoutMs;
      if (timeoutMs <= LONGEST_TIMEOUT_MS) this.#timer = setTimeout(() => this.#late(), timeoutMs);
    }
    stream.once('close', () => this.#gone());
    stream.once('end', () => {
      const message = this.#message();
      const isCompressed = message !== undefined && this.#chunks[0][0] !== 0;
      // The stream is known to its session for longer than the call is, and the call to the stream.
      this.#chunks = [];
      if (isCompressed)
        this.#fail(codes.INTERNAL, 'the message is marked as compressed, and grpc-encoding names no compression');
      else if (message !== undefined) begin(message);
      else this.#fail(codes.UNIMPLEMENTED, 'the request has no message, and this method takes one');
    });
  }

  /** Of the request, without what belongs to the protocol. */
  get metadata(): Metadata {
    if (this.#metadata === undefined) {
      this.#metadata = Metadata.fromHttp2Headers(this.headers);
      for (const name of PROTOCOL_HEADERS) this.#metadata.remove(name);
    }
    return this.#metadata;
  }

  /** Whether nobody waits for the answer any more. */
  get cancelled(): boolean {
    return this.#isGone || this.stream.destroyed || this.stream.closed;
  }

  /** `listener` is called when nobody waits for the answer any more; not once the call was answered. */
  onCancelled(listener: () => void): void {
    this.#goneListeners.push(listener);
  }

  /** A part of the request has come. */
  take(chunk: Buffer): void {
    if (this.#answered) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // The prefix may come in pieces, but not often.
    if (this.#chunks.length > 1 && this.#chunks[0].length < PREFIX_BYTES) this.#join();
    const [first] = this.#chunks;
    if (first.length < PREFIX_BYTES || this.#bytes <= PREFIX_BYTES + first.readUInt32BE(1)) return;
    this.#chunks.length = 0;
    this.#fail(codes.UNIMPLEMENTED, 'the request has a second message, and this method takes one');
  }

  /** Answers with a message, which has {@link PREFIX_BYTES} in front of it. */
  answer(framed: Buffer): void {
    if (framed.length - PREFIX_BYTES > this.maxAnswerBytes) {
      const message = `the answer has ${framed.length - PREFIX_BYTES} bytes, and at most ${this.maxAnswerBytes} can be sent`;
      this.#fail(codes.RESOURCE_EXHAUSTED, message);
      return;
    }
    if (!this.#end()) return;
    this.stream.respond(withId(ANSWER_HEADERS, this.requestId), WITH_TRAILERS);
    this.stream.once('wantTrailers', () => this.stream.sendTrailers(OK_TRAILERS));
    this.stream.end(framed);
  }

  /** Answers with an error. */
  fail(error: unknown): void {
    this.#refuse(() => errorHeaders(error, this.requestId));
  }

  #fail(code: codes, details: string): void {
    this.#refuse(() => failureHeaders({ code, details }, this.requestId));
  }

  #refuse(headers: () => OutgoingHttpHeaders): void {
    if (!this.#end()) return;
    this.stream.respond(headers(), { endStream: true });
    // A client may drop what it has not sent of its request without a word, as grpc-go does: the stream would stay open on this side.
    if (!this.stream.readableEnded) this.stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Whether the call can still be answered, which it is then. */
  #end(): boolean {
    clearTimeout(this.#timer);
    if (this.#answered || this.cancelled || this.stream.headersSent) return false;
    this.#answered = true;
    this.#forget();
    return true;
  }

  #late(): void {
    this.#tellGone(() => this.#fail(codes.DEADLINE_EXCEEDED, 'Deadline exceeded'));
  }

  #gone(): void {
    clearTimeout(this.#timer);
    if (!this.#answered) this.#tellGone();
    this.#forget();
  }

  #forget(): void {
    this.#chunks = [];
    this.#goneListeners = [];
  }

  /** `first`: done before those are told who work on the answer. */
  #tellGone(first = () => {}): void {
    const listeners = this.#goneListeners;
    first();
    this.#isGone = true;
    for (const listener of listeners) listener();
  }

  #join(): void {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    this.#chunks.push(whole);
  }

  /** The message of the request; undefined when it did not come, or not all of it. */
  #message(): Buffer | undefined {
    if (this.#chunks.length > 1) this.#join();
    const [whole] = this.#chunks;
    if (whole === undefined || whole.length < PREFIX_BYTES) return undefined;
    const message = whole.subarray(PREFIX_BYTES);
    return message.length === whole.readUInt32BE(1) ? message : undefined;
  }
}

/** A message with the prefix that it has on the wire. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, PREFIX_BYTES);
  return bytes;
}

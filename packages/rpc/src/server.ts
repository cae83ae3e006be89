import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  Server as GrpcJsServer,
  Metadata,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, Server as NestServer } from '@nestjs/microservices';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { HealthImplementation } from 'grpc-health-check';
import { isObservable, lastValueFrom } from 'rxjs';
import { Arrivals } from './arrivals.js';
import type { CallContext, Work } from './call-context.js';
import type { OpenCall, WatchedConnection } from './call-watch.js';
import type { CutReason } from './connections.js';
import { GrpcListener } from './grpc-listener.js';
import { MessageLengths } from './message-lengths.js';
import { interrupt } from './message-stream.js';
import { publicReflection } from './reflection.js';
import type { Def } from './service.js';
import { REQUEST_ID, statusFromError } from './status.js';
import { Stop, type StopSignal } from './stop.js';
import type { TlsFiles } from './tls.js';
import { errorHeaders } from './trailers.js';
import { framed, isOrdinary, timeoutOf, UnaryCall } from './unary-call.js';
import { messageTooLarge, Unpacking } from './unpacking.js';

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 asks for a free port; see `address` after listening. */
  readonly port: number;
  /** It does not listen there itself: another thread does, and hands connections to `accept`. */
  readonly handed?: boolean;
  /** What this listener serves, by full service name. */
  readonly services: Record<string, Def>;
  /** The method at a path, to be called as it is; missing: what Nest makes of the controllers' methods. */
  readonly handlerOf?: (path: string) => GrpcHandler;
  /**
   * Runs before every method, reflection included, as soon as the headers of the call are there and before anything of its
   * message is read; throws to refuse. Returns the principal; undefined for a method that is for everybody.
   */
  readonly authorize: (path: string, headers: IncomingHttpHeaders, peer: Peer) => Promise<unknown> | unknown;
  /**
   * Runs next, before the request is decoded unless `decodesFirst`; throws, or rejects, to refuse, and may wait. What it gives is
   * called when the call has ended.
   */
  readonly admit?: (path: string, principal: unknown, waiting: Waiting) => (() => void) | Promise<() => void>;
  /** Whether `admit` gets the request of a method, when it is not large. */
  readonly decodesFirst?: (path: string) => boolean;
  /**
   * Holds a call open for as long as its caller may make it; undefined: it is not to be ended. The call ends with what
   * `during` throws, and its signal is aborted.
   */
  readonly hold?: (path: string, principal: unknown) => HeldCall | undefined;
  /**
   * Looked at before a call is even made: the error to refuse it with, when there is no room for it. It must cost next to
   * nothing, because it is asked most when there is least time.
   */
  readonly shed?: (path: string, headers: IncomingHttpHeaders, timeoutMs?: number) => VectronError | undefined;
  /** The one message of a call begins to come; what is given, if anything, is called when no more of it comes, the first time with whether all of it has. */
  readonly receiving?: (path: string, principal: unknown) => ((whole: boolean) => void) | undefined;
  /** Runs next, with the decoded request; throws to refuse. Not for methods that take a stream. */
  readonly check?: (path: string, request: object, principal: unknown) => void;
  /** Runs each method within whatever it makes, such as a span. */
  readonly around?: (
    path: string,
    call: { readonly metadata: Metadata },
    work: () => Promise<unknown>,
  ) => Promise<unknown>;
  /** After every method: path, error code or `OK`, seconds, and what was known of the call. */
  readonly observe?: (path: string, code: string, seconds: number, context: Observed) => void;
  /** IP address of a caller, from that of its connection; missing: that one. */
  readonly clientOf?: (connection: string, metadata: Metadata) => string;
  /** Gives each call an id, which its answer carries in the metadata `x-request-id`. */
  readonly requestIds?: boolean;
  /** An error as the client may see it; what is replaced is written to the log. */
  readonly shown?: (error: VectronError) => VectronError;
  readonly logger: Logger;
  readonly maxMessageBytes: number;
  /** The longest message of a method, on the wire and decompressed; undefined: `maxMessageBytes`. */
  readonly maxBytesOf?: (path: string) => number | undefined;
  /** Connections and what they may do; missing: what suits a listener of services of the cluster. */
  readonly limits?: Partial<GrpcLimits>;
  /** Where messages that are still coming are counted; missing: a count of its own. `ownerOf` a principal names its tenant. */
  readonly arrivals?: Arrivals;
  readonly ownerOf?: (principal: unknown) => string | undefined;
  /** A connection was ended, or not let in. */
  readonly onCut?: (reason: CutReason, address: string) => void;
  /** Without it, only for listeners that nobody reaches from outside of this machine. */
  readonly tls?: TlsFiles;
  /** How long calls may go on when the server stops, milliseconds; default 1,000. */
  readonly closeMs?: number;
}

export interface GrpcLimits {
  /** Connections at once; 0: no limit. */
  readonly maxConnections: number;
  /** Of one address; 0: no limit. */
  readonly maxPerAddress: number;
  /** Addresses of proxies, which many clients come from. */
  readonly isProxy?: (address: string) => boolean;
  readonly flooded?: (address: string) => void;
  /** Calls at once on one connection. */
  readonly maxCalls: number;
  /** A connection without a call for so long is ended, milliseconds. */
  readonly idleMs: number;
  /** A connection is pinged so often, milliseconds, and ended when it does not answer within the same time. */
  readonly pingMs: number;
}

/** Of a listener that only services of the cluster get to call: each has few connections with many calls. */
const INTERNAL_LIMITS: GrpcLimits = {
  maxConnections: 20_000,
  maxPerAddress: 0,
  maxCalls: 10_000,
  idleMs: 3_600_000,
  pingMs: 60_000,
};
const INTERNAL_ARRIVALS = { minBytesPerSecond: 1_024, maxBytes: 0 };

/** A call that may have to wait before it begins. */
export interface Waiting {
  /** Size of its request, which is kept meanwhile; 0 of a stream of them. */
  readonly bytes: number;
  /** When its caller gives up, milliseconds since 1970. */
  readonly deadlineMs?: number;
  readonly isGone: () => boolean;
  /** The request, where it is decoded before its call may begin. */
  readonly request?: object;
  /** Told to whoever does the work. */
  readonly work: Work;
}

/** Who is at the other end. */
export interface Peer {
  /** IP address; empty when it is not known. */
  readonly address: string;
}

export interface Observed {
  readonly principal?: unknown;
  /** Names the call in answers and logs; empty where the server gives none. */
  readonly requestId: string;
  /** The request, decoded; undefined when it is a stream, is not valid, or too large to be decoded for nothing. */
  readonly request?: () => object | undefined;
  /** IP address of the caller. */
  readonly peer: string;
  /** undefined: it was refused before any. */
  readonly work?: Work;
}

/** A call that ends when its caller may not make it any more. */
export interface HeldCall {
  /** Aborted when it must end. */
  readonly signal: StopSignal;
  readonly refusal: VectronError | undefined;
  /** What `work` gives; throws the refusal as soon as the call must end. */
  during<T>(work: Promise<T>): Promise<T>;
  /** To be called when the call has ended. */
  release(): void;
}

/** A bidirectional call as its handler gets it. */
export type BidiCall<Req, Res> = ServerDuplexStream<Req, Res>;

/** The part of a grpc-js call that all four kinds have. */
interface GrpcJsRunning {
  metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
  getDeadline(): Date | number;
  getPeer(): string;
  readonly cancelled: boolean;
  on(event: 'cancelled', listener: () => void): unknown;
}
type RunningCall = GrpcJsRunning | UnaryCall;

const MAX_SENT_BYTES = 64 << 20;
/** A request that was refused is decoded for the audit log up to this size. */
const LOOKED_AT_BYTES = 64 << 10;
/** How long a client of a server stream may leave an answer unread. */
const UNREAD_MS = 30_000;
const HEALTH = '/grpc.health.v1.Health/';
const HEALTH_BYTES = 1 << 10;
const REFLECTION = /^\/grpc\.reflection\.v1(?:alpha)?\.ServerReflection\//;
const REFLECTION_BYTES = 64 << 10;
/** A call is not begun on a connection that has this many open, until one of them has ended. */
const TOO_MANY_CALLS = new VectronError(
  'OVERLOADED',
  'too many calls are open on this connection; wait for one to end',
  {
    details: { retryAfterMs: 1_000 },
  },
);
/**
 * A connection is asked for a sign of life so often, and ended when it gives none. Once nghttp2 has ended a session by itself, as it
 * does for a head that it cannot decode, Node reads no more from its socket and tells nobody: without this it stays open for
 * ever, also when its client has gone.
 */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 10_000 };

/** The signal is made when somebody asks for it: most calls are over before anybody could cancel them. */
class ServerContext implements CallContext {
  readonly deadlineMs?: number;
  readonly arrivedMs = Date.now();
  readonly work: Work = { isLong: false, cpuUs: 0 };
  principal?: unknown;
  held?: HeldCall;
  requestId = '';
  request?: () => object | undefined;
  #gone: Stop | undefined;
  #ended = false;

  constructor(
    private readonly call: RunningCall,
    principal: unknown,
    private readonly clientOf: GrpcServerOptions['clientOf'],
  ) {
    this.principal = principal;
    const deadline = call instanceof UnaryCall ? call.deadlineMs : call.getDeadline();
    const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
    if (Number.isFinite(deadlineMs)) this.deadlineMs = deadlineMs;
  }

  get metadata(): Metadata {
    return this.call.metadata;
  }

  get peer(): string {
    const connection = this.call instanceof UnaryCall ? this.call.address : addressOf(this.call.getPeer());
    return this.clientOf?.(connection, this.metadata) ?? connection;
  }

  get signal(): StopSignal {
    if (this.#gone === undefined) {
      const gone = new Stop();
      this.#gone = gone;
      // grpc-js says so at the end of every call, too.
      const cancelled = () => this.#ended || gone.abort();
      if (this.call instanceof UnaryCall) this.call.onCancelled(cancelled);
      else this.call.on('cancelled', cancelled);
      this.held?.signal.addEventListener('abort', () => gone.abort());
      if (this.held?.signal.aborted) gone.abort();
    }
    return this.#gone;
  }

  get refusal(): VectronError | undefined {
    return this.held?.refusal;
  }

  get isGone(): boolean {
    return this.call.cancelled;
  }

  end(): void {
    this.#ended = true;
  }

  /** Gives the call an id, which its answer carries. */
  identify(): void {
    this.requestId = randomUUID();
    if (this.call instanceof UnaryCall) {
      this.call.requestId = this.requestId;
      return;
    }
    const headers = new Metadata();
    headers.set(REQUEST_ID, this.requestId);
    this.call.sendMetadata(headers);
  }
}

/** `127.0.0.1:5000` or `[::1]:5000` without the port. */
const addressOf = (peer: string) => /^\[?(.*?)\]?:\d+$/.exec(peer)?.[1] ?? '';

/** A method as a server calls it: gives its answer, or an iterable of answers. */
export type GrpcHandler = (request: never, context: CallContext) => unknown;
/** As Nest makes it of a controller's method: with what is globally in use around it. */
type NestHandler = (data: unknown, context: CallContext) => Promise<unknown>;
type Unary = (call: UnaryCall, message: Buffer, principal: unknown) => void;

/**
 * A grpc-js server as a Nest transport: static ts-proto codecs, handlers are Nest controllers decorated with
 * GrpcService, every call passes `authorize`. Serves grpc.health.v1 to everyone.
 */
export class GrpcServer extends NestServer implements CustomTransportStrategy {
  readonly #server: GrpcJsServer;
  readonly #arrivals: Arrivals;
  readonly #unpacking = new Unpacking();
  readonly #served = new Map<string, { readonly streamed: boolean }>();
  /** Methods with one message each way, by path: calls of them go past grpc-js where they are ordinary (docs/adr/0051). */
  readonly #unary = new Map<string, Unary>();
  #listener: GrpcListener | undefined;
  readonly #health = new HealthImplementation({ '': 'SERVING' });
  #address = '';
  #closing: Promise<void> | undefined;

  constructor(private readonly options: GrpcServerOptions) {
    super();
    this.#arrivals = options.arrivals ?? new Arrivals(INTERNAL_ARRIVALS);
    this.#server = new GrpcJsServer({
      ...KEEPALIVE,
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': MAX_SENT_BYTES,
      'grpc.max_concurrent_streams': this.#limits.maxCalls,
      // A session that nghttp2 ends itself (RFC 9113, 5.4.1) is told to nobody, and its socket is not read any more: neither
      // the end of the connection nor a reset would be seen. Nor would that of a client that is gone without a word.
      'grpc.keepalive_time_ms': this.#limits.pingMs,
      'grpc.keepalive_timeout_ms': this.#limits.pingMs,
      // Its records of calls and connections are kept for somebody to ask, and nobody does.
      'grpc.enable_channelz': 0,
    });
  }

  get #limits(): GrpcLimits {
    return { ...INTERNAL_LIMITS, ...this.options.limits };
  }

  /**
   * A call costs grpc-js most of what a cheap request costs in all, and it reads a message before anybody is asked whether
   * the caller may send one. This looks at the HTTP/2 stream before grpc-js knows of it (docs/adr/0019 and 0029): what is
   * refused is answered with trailers only, as the gRPC protocol has it, and no more of the request is read.
   */
  #interceptStreams(): void {
    const server = this.#server as unknown as GrpcJsInternals;
    const handle = server._streamHandler;
    if (typeof handle !== 'function' || typeof server._retrieveHandler !== 'function') {
      throw new Error('this grpc-js has no handler of streams; see docs/adr/0019');
    }
    const views = new Map<number, GrpcJsInternals>();
    server._streamHandler = (interceptors, stream, headers) => {
      stream.on('error', () => {});
      const connection = this.#listener?.watch.of(stream);
      if (connection === undefined) return stream.close(constants.NGHTTP2_CANCEL);
      const call = connection.begin(stream);
      if (call === undefined) return this.#refuse(connection, stream, headers, TOO_MANY_CALLS);
      const pass = (principal: unknown) => {
        if (stream.destroyed || stream.closed) return;
        if (principal !== undefined) connection.known();
        const path = headers[':path'] ?? '';
        const unary = this.#unary.get(path);
        if (unary !== undefined && isOrdinary(headers)) {
          const ordinary = new UnaryCall(connection.address, stream, headers, MAX_SENT_BYTES, (message) =>
            unary(ordinary, message, principal),
          );
          this.#receive(connection, call, headers, principal, ordinary);
          return;
        }
        // Of a stream of messages it would end the call by itself before who reads them can say anything.
        const bytes = this.#served.get(path)?.streamed ? -1 : this.#maxBytes(path);
        let view = views.get(bytes);
        if (view === undefined) {
          // The same server with another limit: grpc-js has one for all methods.
          view = Object.create(server) as GrpcJsInternals;
          view.options = { ...server.options, 'grpc.max_receive_message_length': bytes };
          views.set(bytes, view);
        }
        const own = Object.create(view) as GrpcJsInternals;
        own._retrieveHandler = (name) => {
          const known = server._retrieveHandler(name);
          const func: GrpcJsHandler['func'] = (running, respond) => {
            call.running = running as object;
            known?.func(running, respond, principal);
          };
          return known && { ...known, func };
        };
        // First, so that a message that is too large is refused in our words.
        this.#receive(connection, call, headers, principal);
        const unpacker = this.#unpacker(connection, stream, headers, principal);
        handle.call(own, unpacker === undefined ? interceptors : [...interceptors, unpacker], stream, headers);
      };
      this.#enter(connection, stream, headers, pass);
    };
  }

  /** Decides by the headers whether a call may go on. */
  #enter(
    connection: WatchedConnection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    pass: (principal: unknown) => void,
  ): void {
    const refuse = (error: unknown) => this.#refuse(connection, stream, headers, toVectronError(error));
    try {
      const principal = this.#judge(connection.address, headers);
      // Without a turn of the event loop where the answer is known already.
      if (principal instanceof Promise) principal.then(pass, refuse);
      else pass(principal);
    } catch (error) {
      refuse(error);
    }
  }

  /** The principal of a call, by its headers; throws to refuse it. */
  #judge(address: string, headers: IncomingHttpHeaders): unknown {
    const path = headers[':path'] ?? '';
    if (path.startsWith(HEALTH)) return undefined;
    const served = this.#served.get(path);
    if (served === undefined && !REFLECTION.test(path)) {
      throw new VectronError('UNIMPLEMENTED', `The server does not implement the method ${path}`);
    }
    const refusal = this.options.shed?.(path, headers, timeoutOf(headers));
    if (refusal !== undefined) throw refusal;
    const maxBytes = this.#maxBytes(path);
    if (!served?.streamed && Number(headers['content-length'] ?? 0) > maxBytes + PREFIX_BYTES)
      throw messageTooLarge(maxBytes);
    return this.options.authorize(path, headers, { address });
  }

  #maxBytes(path: string): number {
    if (path.startsWith(HEALTH)) return HEALTH_BYTES;
    if (REFLECTION.test(path)) return REFLECTION_BYTES;
    return Math.min(this.options.maxBytesOf?.(path) ?? this.options.maxMessageBytes, this.options.maxMessageBytes);
  }

  /** Counts what comes of the message, and ends what goes on coming after the answer. */
  #receive(
    connection: WatchedConnection,
    call: OpenCall,
    headers: IncomingHttpHeaders,
    principal: unknown,
    unary?: UnaryCall,
  ): void {
    const { stream } = call;
    const path = headers[':path'] ?? '';
    const maxBytes = this.#maxBytes(path);
    const lengths = new MessageLengths(maxBytes);
    const streamed = this.#served.get(path)?.streamed ?? REFLECTION.test(path);
    const refuse = (error: VectronError) => {
      // Who reads the messages one by one says what became of those before; no more of this one is read.
      if (call.running !== undefined && interrupt(call.running, error, lengths.tooLongAfter ?? lengths.whole))
        stream.pause();
      else this.#refuse(connection, stream, headers, error);
    };
    stream.on('data', (chunk: Buffer) => {
      connection.received(call, chunk.length);
      lengths.read(chunk);
      if (lengths.tooLongAfter !== undefined) refuse(messageTooLarge(maxBytes));
      unary?.take(chunk);
      // The answer is complete: what is still sent is of no use to anybody. Its trailers may be on their way, and a reset would
      // overtake them.
      if (stream.writableEnded || stream.closed) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
    });
    if (streamed) {
      const owner = this.#ownerOf(connection, principal);
      watchMessages(stream, lengths, this.#arrivals, owner, refuse);
      return;
    }
    const received = this.options.receiving?.(path, principal);
    if (received !== undefined) {
      const ended = () => received(lengths.whole > 0);
      stream.once('end', ended);
      stream.once('close', ended);
    }
    call.late = () => {
      const arrived = this.#arrivals.begin({
        owner: this.#ownerOf(connection, principal),
        startedMs: call.startedMs,
        bytes: () => call.received,
        cut: (error) => this.#cut(stream, error),
      });
      stream.once('end', arrived);
      stream.once('close', arrived);
    };
  }

  /** Unpacks the messages of a call that has compressed ones, in place of grpc-js; undefined where there are none. */
  #unpacker(
    connection: WatchedConnection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    principal: unknown,
  ): Interceptor | undefined {
    const encoding = headers['grpc-encoding'] ?? 'identity';
    if (encoding !== 'gzip' && encoding !== 'deflate') return undefined;
    const owner = this.#ownerOf(connection, principal);
    const maxBytes = this.#maxBytes(headers[':path'] ?? '');
    return (_method, call) => {
      call.decompressMessage = async (message) => {
        const bytes = message.subarray(PREFIX_BYTES);
        if (message[0] === 0) return bytes;
        try {
          const isGone = () => stream.destroyed || stream.closed;
          return await this.#unpacking.unpack({ owner, bytes, encoding, maxBytes, isGone });
        } catch (error) {
          this.#refuse(connection, stream, headers, toVectronError(error));
          throw statusFromError(error);
        }
      };
      return call;
    };
  }

  #ownerOf(connection: WatchedConnection, principal: unknown): string {
    return (principal === undefined ? undefined : this.options.ownerOf?.(principal)) ?? connection.address;
  }

  #refuse(
    connection: WatchedConnection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    error: VectronError,
  ): void {
    const path = headers[':path'] ?? '';
    const { clientOf, logger, observe, requestIds, shown } = this.options;
    const known = shown?.(error) ?? error;
    const requestId = requestIds === true ? randomUUID() : '';
    if (error.code === 'INTERNAL') logger.error({ err: error.cause ?? error, path, requestId }, 'call failed');
    else if (known !== error) logger.warn({ err: error, path, requestId }, 'call failed');
    this.#cut(stream, known, requestId);
    if (observe !== undefined && this.#served.has(path)) {
      observe(path, error.code, 0, {
        requestId,
        get peer() {
          return clientOf?.(connection.address, Metadata.fromHttp2Headers(headers)) ?? connection.address;
        },
      });
    }
    if (!connection.isKnown || error === TOO_MANY_CALLS) {
      connection.refused();
      if (connection.exhausted) this.#listener?.watch.cut(connection, 'refused_calls');
    }
  }

  #cut(stream: ServerHttp2Stream, error: VectronError, requestId = ''): void {
    if (stream.destroyed || stream.closed) return;
    if (!stream.headersSent) stream.respond(errorHeaders(error, requestId), { endStream: true });
    stream.close(constants.NGHTTP2_NO_ERROR);
  }

  /** Serves a connection that another thread has let in. */
  accept(socket: Socket): void {
    if (this.#listener === undefined) socket.destroy();
    else this.#listener.accept(socket);
  }

  /** `host:port` it listens on. */
  get address(): string {
    return this.#address;
  }

  listen(callback: (error?: unknown) => void): void {
    for (const [name, def] of Object.entries(this.options.services)) {
      this.#server.addService(this.#undecoded(def), this.#implementation(def));
      for (const { path, requestStream } of Object.values(def)) this.#served.set(path, { streamed: requestStream });
      this.#health.setStatus(name, 'SERVING');
    }
    this.#health.addToServer(this.#server);
    const { hold } = this.options;
    publicReflection(Object.keys(this.options.services), (principal) =>
      hold?.('/grpc.reflection', principal),
    ).addToServer(this.#server);
    this.#interceptStreams();
    const { host, port, tls, onCut, handed } = this.options;
    const { injectConnection } = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = new GrpcListener({ ...this.#limits, host, port, tls, onCut, handed }, injectConnection);
    this.#listener = listener;
    listener.listen().then(
      (address) => {
        this.#address = address;
        callback();
      },
      (error) => callback(cannotListen(host.startsWith('unix:') ? host : `${host}:${port}`, error)),
    );
  }

  /** Stops accepting, lets calls finish for a moment, then cuts them. Whoever calls it again waits for the same end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#health.setStatus('', 'NOT_SERVING');
    this.#listener?.stop();
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => {
        this.#server.forceShutdown();
        this.#listener?.close();
      }, this.options.closeMs ?? 1_000);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
    this.#listener?.close();
  }

  on(): never {
    throw new Error('the gRPC transport has no events');
  }

  unwrap<T>(): T {
    return this.#server as T;
  }

  /** The same methods with requests left as bytes: what is refused is never decoded. */
  #undecoded(def: Def): Def {
    const methods = Object.entries(def).map(([name, method]) => {
      const plain = method.requestStream ? method : { ...method, requestDeserialize: (bytes: Buffer) => bytes };
      return [name, plain];
    });
    return Object.fromEntries(methods);
  }

  #implementation(def: Def): UntypedServiceImplementation {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(def)) {
      const handler = (this.options.handlerOf?.(method.path) ?? this.messageHandlers.get(method.path)) as
        | NestHandler
        | undefined;
      if (handler === undefined) throw new Error(`no controller serves ${method.path}`);
      const decode = method.requestStream
        ? (data: unknown) => data
        : (data: unknown) => {
            try {
              return method.requestDeserialize(data as Buffer) as unknown;
            } catch (cause) {
              const message = `the request is no valid message of ${method.path}`;
              throw new VectronError('INVALID_ARGUMENT', message, { cause });
            }
          };
      const { around } = this.options;
      const invoke = (
        call: RunningCall,
        principal: unknown,
        data: unknown,
        answers?: (result: unknown) => Promise<void>,
      ) => {
        const kind = { streamed: method.requestStream, size: method.requestStream ? 0 : (data as Buffer).length };
        const context = new ServerContext(call, principal, this.options.clientOf);
        const work = () => this.#invoke(method.path, handler, context, () => decode(data), kind, answers);
        return around === undefined ? work() : around(method.path, call, work);
      };
      const sendTo = (call: AnswerStream) => async (answers: unknown) => {
        for await (const answer of answers as AsyncIterable<unknown>) {
          if (call.cancelled || call.destroyed) break;
          if (!call.write(answer)) await drained(call);
        }
      };
      if (method.requestStream && method.responseStream) {
        const handle = (call: ServerDuplexStream<unknown, unknown>, _respond: unknown, principal: unknown) => {
          const send = sendTo(call);
          // A handler gives its answers, or has the call to write them to.
          const answers = async (given: unknown) => (given === undefined ? undefined : send(given));
          invoke(call, principal, call, answers).then(
            () => call.end(),
            (error) => call.emit('error', statusFromError(error)),
          );
        };
        implementation[name] = handle as UntypedServiceImplementation[string];
      } else if (method.responseStream) {
        const handle = (call: ServerWritableStream<unknown, unknown>, _respond: unknown, principal: unknown) => {
          invoke(call, principal, call.request, sendTo(call)).then(
            () => call.end(),
            (error) => call.emit('error', statusFromError(error)),
          );
        };
        implementation[name] = handle as UntypedServiceImplementation[string];
      } else if (method.requestStream) {
        const handle = (
          call: ServerReadableStream<unknown, unknown>,
          callback: sendUnaryData<unknown>,
          principal: unknown,
        ) => {
          invoke(call, principal, call).then(
            (answer) => callback(null, answer),
            (error) => callback(statusFromError(error)),
          );
        };
        implementation[name] = handle as UntypedServiceImplementation[string];
      } else {
        const handle = (
          call: ServerUnaryCall<unknown, unknown>,
          callback: sendUnaryData<unknown>,
          principal: unknown,
        ) => {
          invoke(call, principal, call.request).then(
            (answer) => callback(null, answer),
            (error) => callback(statusFromError(error)),
          );
        };
        implementation[name] = handle as UntypedServiceImplementation[string];
        const frame = method.responseFrame ?? ((answer: unknown) => framed(method.responseSerialize(answer)));
        this.#unary.set(method.path, (call, message, principal) => {
          invoke(call, principal, message)
            .then((answer) => call.answer(frame(answer)))
            .catch((error) => call.fail(error));
        });
      }
    }
    return implementation;
  }

  async #invoke(
    path: string,
    handler: NestHandler,
    context: ServerContext,
    decoded: () => unknown,
    { streamed, size }: { streamed: boolean; size: number },
    answers?: (result: unknown) => Promise<void>,
  ): Promise<unknown> {
    const started = performance.now();
    let code = 'OK';
    let release: (() => void) | undefined;
    if (this.options.requestIds === true) context.identify();
    let request: unknown;
    context.request = () => (request ?? (streamed || size > LOOKED_AT_BYTES ? undefined : whole(decoded))) as object;
    try {
      if (!streamed && size <= LOOKED_AT_BYTES && this.options.decodesFirst?.(path) === true) request = decoded();
      const admitted = this.options.admit?.(path, context.principal, {
        bytes: size,
        deadlineMs: context.deadlineMs,
        isGone: () => context.isGone,
        request: request as object | undefined,
        work: context.work,
      });
      // Without a turn of the event loop where there is room.
      release = admitted instanceof Promise ? await admitted : admitted;
      context.held = this.options.hold?.(path, context.principal);
      request ??= decoded();
      if (!streamed) this.options.check?.(path, request as object, context.principal);
      const { held } = context;
      const work = this.#work(() => handler(request, context), answers);
      if (!streamed) return await (held === undefined ? work : held.during(work));
      // Who reads a stream of requests stops by its signal, and says first what became of those that it has begun.
      const result = await work;
      if (held?.refusal !== undefined) throw held.refusal;
      return result;
    } catch (error) {
      const known = toVectronError(error);
      code = known.code;
      const { requestId } = context;
      if (code === 'INTERNAL') this.options.logger.error({ err: known.cause ?? known, path, requestId }, 'call failed');
      const shown = this.options.shown?.(known) ?? known;
      if (shown !== known && code !== 'INTERNAL') {
        this.options.logger.warn({ err: known, path, requestId }, 'call failed');
      }
      throw shown;
    } finally {
      context.end();
      context.held?.release();
      release?.();
      this.options.observe?.(path, code, (performance.now() - started) / 1_000, context);
    }
  }

  async #work(handle: () => Promise<unknown>, answers?: (result: unknown) => Promise<void>): Promise<unknown> {
    const result = await handle();
    const value = isObservable(result) ? await lastValueFrom(result) : result;
    if (answers !== undefined) await answers(value);
    return value;
  }
}

/** undefined when it is not valid. */
function whole(decoded: () => unknown): unknown {
  try {
    return decoded();
  } catch {
    return undefined;
  }
}

const PREFIX_BYTES = 5;

/** Gets the call that grpc-js has made of a stream, and may change it. */
type Interceptor = (method: unknown, call: GrpcJsCall) => GrpcJsCall;
interface GrpcJsCall {
  /** Given a message with its prefix, of five bytes. */
  decompressMessage: (message: Buffer, encoding: string) => Promise<Buffer> | Buffer;
}
type GrpcJsHandler = { func: (call: unknown, respond: unknown, principal?: unknown) => void };
/** What is private to grpc-js and looked at here; its version is pinned, and the start fails where they are missing. */
interface GrpcJsInternals {
  options: Record<string, unknown>;
  _streamHandler: (
    this: unknown,
    interceptors: readonly unknown[],
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) => void;
  _retrieveHandler: (path: string) => GrpcJsHandler | null;
}

type AnswerStream = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/**
 * Counts each message of a stream of them while it comes, as that of any other call: one that comes too slowly, or for which there is no
 * room, is refused. What is not read is late by the reader's doing, and does not count.
 */
function watchMessages(
  stream: ServerHttp2Stream,
  lengths: MessageLengths,
  arrivals: Arrivals,
  owner: string,
  cut: (error: VectronError) => void,
): void {
  let counted = 0;
  let end: (() => void) | undefined;
  const stop = () => {
    end?.();
    end = undefined;
  };
  const look = () => {
    const isComing = lengths.begun > 0 && !stream.isPaused();
    if (!isComing || lengths.whole !== counted) stop();
    if (!isComing || end !== undefined) return;
    counted = lengths.whole;
    end = arrivals.begin({ owner, startedMs: Date.now(), bytes: () => lengths.begun, cut });
  };
  stream.on('data', look);
  stream.on('pause', look);
  stream.on('resume', look);
  stream.once('end', stop);
  stream.once('close', stop);
}

/** Waits until a client takes what was written for it; cuts it off when it does not. */
async function drained(call: AnswerStream): Promise<void> {
  const signal = AbortSignal.timeout(UNREAD_MS);
  try {
    await Promise.race([once(call, 'drain', { signal }), once(call, 'cancelled', { signal })]);
  } catch (cause) {
    const message = `the client has not read its answers for ${UNREAD_MS / 1_000} s`;
    throw new VectronError('CANCELLED', message, { cause });
  }
}

/** Why a listener did not come up, in words. */
export function cannotListen(address: string, cause: unknown): VectronError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = text.includes('EADDRINUSE') ? 'another process uses this address' : text;
  return new VectronError('CONFLICT', `cannot listen on ${address}: ${reason}`, { cause });
}

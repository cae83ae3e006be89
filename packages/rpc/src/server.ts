import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import {
  Server as GrpcJsServer,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type CustomTransportStrategy, Server as NestServer } from '@nestjs/microservices';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { HealthImplementation } from 'grpc-health-check';
import { isObservable, lastValueFrom } from 'rxjs';
import type { CallContext } from './call-context.js';
import { publicReflection } from './reflection.js';
import type { Def } from './service.js';
import { statusFromError } from './status.js';
import { Stop, type StopSignal } from './stop.js';
import { serverTls, type TlsFiles } from './tls.js';

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 asks for a free port; see `address` after listening. */
  readonly port: number;
  /** What this listener serves, by full service name. */
  readonly services: Record<string, Def>;
  /** Runs before every method, reflection included; throws to refuse. Returns the principal. */
  readonly authorize: (path: string, metadata: Metadata, peer: Peer) => Promise<unknown> | unknown;
  /** Runs next, before the request is decoded; throws to refuse. What it returns is called when the call has ended. */
  readonly admit?: (path: string, principal: unknown) => () => void;
  /**
   * Holds a call open for as long as its caller may make it; undefined: it is not to be ended. The call ends with what
   * `during` throws, and its signal is aborted.
   */
  readonly hold?: (path: string, principal: unknown) => HeldCall | undefined;
  /**
   * Looked at before a call is even made: the error to refuse it with, when there is no room for it. It must cost next to
   * nothing, because it is asked most when there is least time.
   */
  readonly shed?: (path: string, headers: IncomingHttpHeaders) => VectronError | undefined;
  /** Runs next, with the decoded request; throws to refuse. Not for methods that take a stream. */
  readonly check?: (path: string, request: object, principal: unknown) => void;
  /** Runs each method within whatever it makes, such as a span. */
  readonly around?: (path: string, metadata: Metadata, work: () => Promise<unknown>) => Promise<unknown>;
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
  /** Without it, only for listeners that nobody reaches from outside of this machine. */
  readonly tls?: TlsFiles;
  /** How long calls may go on when the server stops, milliseconds; default 1,000. */
  readonly closeMs?: number;
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
interface RunningCall {
  metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
  getDeadline(): Date | number;
  getPeer(): string;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** A request that was refused is decoded for the audit log up to this size. */
const LOOKED_AT_BYTES = 64 << 10;
/** How long a client of a server stream may leave an answer unread. */
const UNREAD_MS = 30_000;
/**
 * A connection is asked for a sign of life so often, and ended when it gives none. Once nghttp2 has ended a session by itself, as it
 * does for a head that it cannot decode, Node reads no more from its socket and tells nobody: without this it stays open for
 * ever, also when its client has gone.
 */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 10_000 };

/** The signal is made when somebody asks for it: most calls are over before anybody could cancel them. */
class ServerContext implements CallContext {
  readonly metadata: Metadata;
  readonly deadlineMs?: number;
  principal?: unknown;
  held?: HeldCall;
  requestId = '';
  request?: () => object | undefined;
  #gone: Stop | undefined;
  #ended = false;

  constructor(
    private readonly call: RunningCall,
    private readonly clientOf: GrpcServerOptions['clientOf'],
  ) {
    this.metadata = call.metadata;
    const deadline = call.getDeadline();
    const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
    if (Number.isFinite(deadlineMs)) this.deadlineMs = deadlineMs;
  }

  get peer(): string {
    const connection = addressOf(this.call.getPeer());
    return this.clientOf?.(connection, this.metadata) ?? connection;
  }

  get signal(): StopSignal {
    if (this.#gone === undefined) {
      const gone = new Stop();
      this.#gone = gone;
      // grpc-js says so at the end of every call, too.
      this.call.on('cancelled', () => this.#ended || gone.abort());
      this.held?.signal.addEventListener('abort', () => gone.abort());
      if (this.held?.signal.aborted) gone.abort();
    }
    return this.#gone;
  }

  end(): void {
    this.#ended = true;
  }
}

/** `127.0.0.1:5000` or `[::1]:5000` without the port. */
const addressOf = (peer: string) => /^\[?(.*?)\]?:\d+$/.exec(peer)?.[1] ?? '';

type NestHandler = (data: unknown, context: CallContext) => Promise<unknown>;

/**
 * A grpc-js server as a Nest transport: static ts-proto codecs, handlers are Nest controllers decorated with
 * GrpcService, every call passes `authorize`. Serves grpc.health.v1 to everyone.
 */
export class GrpcServer extends NestServer implements CustomTransportStrategy {
  readonly #server: GrpcJsServer;
  readonly #health = new HealthImplementation({ '': 'SERVING' });
  #address = '';

  constructor(private readonly options: GrpcServerOptions) {
    super();
    this.#server = new GrpcJsServer({
      ...KEEPALIVE,
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': 64 << 20,
    });
  }

  /**
   * A call costs grpc-js most of what a cheap request costs in all, so that refusing through it could not keep up with a
   * flood. This answers on the HTTP/2 stream itself, before grpc-js knows of it (docs/adr/0019): trailers only, as the
   * gRPC protocol has it, and no more of the request is read.
   */
  #shedEarly(shed: NonNullable<GrpcServerOptions['shed']>): void {
    type Handler = (
      this: unknown,
      interceptors: unknown,
      stream: ServerHttp2Stream,
      headers: IncomingHttpHeaders,
    ) => void;
    const server = this.#server as unknown as { _channelzHandler: Handler };
    const handle = server._channelzHandler;
    if (typeof handle !== 'function') throw new Error('this grpc-js has no handler of streams; see docs/adr/0019');
    const { observe } = this.options;
    server._channelzHandler = function (interceptors, stream, headers) {
      const path = headers[':path'] ?? '';
      const refusal = shed(path, headers);
      if (refusal === undefined) return handle.call(this, interceptors, stream, headers);
      stream.respond(trailersOf(refusal), { endStream: true });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_NO_ERROR);
      observe?.(path, refusal.code, 0, { peer: '', requestId: '' });
    };
  }

  /** `host:port` it listens on. */
  get address(): string {
    return this.#address;
  }

  listen(callback: (error?: unknown) => void): void {
    if (this.options.shed !== undefined) this.#shedEarly(this.options.shed);
    for (const [name, def] of Object.entries(this.options.services)) {
      this.#server.addService(this.#undecoded(def), this.#implementation(def));
      this.#health.setStatus(name, 'SERVING');
    }
    this.#health.addToServer(this.#server);
    const { authorize, hold } = this.options;
    const reflection = publicReflection(Object.keys(this.options.services), async (path, metadata) =>
      hold?.(path, await authorize(path, metadata, { address: '' })),
    );
    reflection.addToServer(this.#server);
    if (this.options.host.startsWith('unix:')) {
      this.#listenUnix(this.options.host, callback);
      return;
    }
    const at = this.options.host.includes(':') ? `[${this.options.host}]` : this.options.host;
    const { tls } = this.options;
    const credentials = tls === undefined ? ServerCredentials.createInsecure() : serverTls(tls);
    this.#server.bindAsync(`${at}:${this.options.port}`, credentials, (error, port) => {
      if (error) return callback(cannotListen(`${at}:${this.options.port}`, error));
      this.#address = `${at}:${port}`;
      callback();
    });
  }

  /** A socket file of this user alone. One that a process left behind is in nobody's use: the data has a lock. */
  #listenUnix(address: string, callback: (error?: unknown) => void): void {
    const path = address.slice('unix:'.length);
    rmSync(path, { force: true });
    this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
      if (error) return callback(cannotListen(address, error));
      chmodSync(path, 0o600);
      this.#address = address;
      callback();
    });
  }

  /** Stops accepting, lets calls finish for a moment, then cuts them. */
  async close(): Promise<void> {
    this.#health.setStatus('', 'NOT_SERVING');
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => this.#server.forceShutdown(), this.options.closeMs ?? 1_000);
      this.#server.tryShutdown(() => {
        clearTimeout(cut);
        resolve();
      });
    });
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
      const handler = this.messageHandlers.get(method.path) as NestHandler | undefined;
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
      const invoke = (call: RunningCall, data: unknown, answers?: (result: unknown) => Promise<void>) => {
        const kind = { streamed: method.requestStream, size: method.requestStream ? 0 : (data as Buffer).length };
        const work = () => this.#invoke(method.path, handler, call, () => decode(data), kind, answers);
        return around === undefined ? work() : around(method.path, call.metadata, work);
      };
      if (method.requestStream && method.responseStream) {
        const handle: handleBidiStreamingCall<unknown, unknown> = (call) => {
          invoke(call, call).then(
            () => call.end(),
            (error) => call.emit('error', statusFromError(error)),
          );
        };
        implementation[name] = handle;
      } else if (method.responseStream) {
        const handle: handleServerStreamingCall<unknown, unknown> = (call) => {
          const send = async (answers: unknown) => {
            for await (const answer of answers as AsyncIterable<unknown>) {
              if (call.cancelled || call.destroyed) break;
              if (!call.write(answer)) await drained(call);
            }
          };
          invoke(call, call.request, send).then(
            () => call.end(),
            (error) => call.emit('error', statusFromError(error)),
          );
        };
        implementation[name] = handle;
      } else if (method.requestStream) {
        const handle: handleClientStreamingCall<unknown, unknown> = (call, callback) => {
          invoke(call, call).then(
            (answer) => callback(null, answer),
            (error) => callback(statusFromError(error)),
          );
        };
        implementation[name] = handle;
      } else {
        const handle: handleUnaryCall<unknown, unknown> = (call, callback) => {
          invoke(call, call.request).then(
            (answer) => callback(null, answer),
            (error) => callback(statusFromError(error)),
          );
        };
        implementation[name] = handle;
      }
    }
    return implementation;
  }

  async #invoke(
    path: string,
    handler: NestHandler,
    call: RunningCall,
    decoded: () => unknown,
    { streamed, size }: { streamed: boolean; size: number },
    answers?: (result: unknown) => Promise<void>,
  ): Promise<unknown> {
    const started = performance.now();
    let code = 'OK';
    let release: (() => void) | undefined;
    const context = new ServerContext(call, this.options.clientOf);
    if (this.options.requestIds === true) {
      context.requestId = randomUUID();
      const headers = new Metadata();
      headers.set('x-request-id', context.requestId);
      call.sendMetadata(headers);
    }
    let request: unknown;
    context.request = () => (request ?? (streamed || size > LOOKED_AT_BYTES ? undefined : whole(decoded))) as object;
    try {
      const authorized = this.options.authorize(path, call.metadata, { address: context.peer });
      // Without a turn of the event loop where the answer is known already.
      context.principal = authorized instanceof Promise ? await authorized : authorized;
      release = this.options.admit?.(path, context.principal);
      context.held = this.options.hold?.(path, context.principal);
      request = decoded();
      if (!streamed) this.options.check?.(path, request as object, context.principal);
      const { held } = context;
      const work = this.#work(() => handler(request, context), answers);
      return await (held === undefined ? work : held.during(work));
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

const trailers = new WeakMap<VectronError, OutgoingHttpHeaders>();

/** What a call that is refused with `error` is answered, made once for each error. */
function trailersOf(error: VectronError): OutgoingHttpHeaders {
  let known = trailers.get(error);
  if (known === undefined) {
    const { code, details, metadata } = statusFromError(error);
    known = {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': String(code),
      'grpc-message': encodeURI(details),
      ...metadata.toHttp2Headers(),
    };
    trailers.set(error, known);
  }
  return known;
}

/** Waits until a client takes what was written for it; cuts it off when it does not. */
async function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
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

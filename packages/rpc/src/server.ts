import { chmodSync, rmSync } from 'node:fs';
import {
  Server as GrpcJsServer,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  ServerCredentials,
  type ServerDuplexStream,
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

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 asks for a free port; see `address` after listening. */
  readonly port: number;
  /** What this listener serves, by full service name. */
  readonly services: Record<string, Def>;
  /** Runs before every method, reflection included; throws to refuse. Returns the principal. */
  readonly authorize: (path: string, metadata: Metadata) => Promise<unknown> | unknown;
  /** After every method: path, error code or `OK`, seconds. */
  readonly observe?: (path: string, code: string, seconds: number) => void;
  readonly logger: Logger;
  readonly maxMessageBytes: number;
  /** How long calls may go on when the server stops, milliseconds; default 1,000. */
  readonly closeMs?: number;
}

/** A bidirectional call as its handler gets it. */
export type BidiCall<Req, Res> = ServerDuplexStream<Req, Res>;

/** The part of a grpc-js call that all four kinds have. */
interface RunningCall {
  metadata: Metadata;
  getDeadline(): Date | number;
}

/** A request whose bytes are no message of its type. grpc-js would answer INTERNAL; the client is at fault. */
class Malformed {
  constructor(readonly cause: unknown) {}
}

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
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': 64 << 20,
    });
  }

  /** `host:port` it listens on. */
  get address(): string {
    return this.#address;
  }

  listen(callback: (error?: unknown) => void): void {
    for (const [name, def] of Object.entries(this.options.services)) {
      this.#server.addService(this.#tolerant(def), this.#implementation(def));
      this.#health.setStatus(name, 'SERVING');
    }
    this.#health.addToServer(this.#server);
    const reflection = publicReflection(Object.keys(this.options.services), (path, metadata) =>
      this.options.authorize(path, metadata),
    );
    reflection.addToServer(this.#server);
    if (this.options.host.startsWith('unix:')) {
      this.#listenUnix(this.options.host, callback);
      return;
    }
    const at = this.options.host.includes(':') ? `[${this.options.host}]` : this.options.host;
    this.#server.bindAsync(`${at}:${this.options.port}`, ServerCredentials.createInsecure(), (error, port) => {
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

  #tolerant(def: Def): Def {
    const wrap = (decode: (bytes: Buffer) => unknown) => (bytes: Buffer) => {
      try {
        return decode(bytes);
      } catch (cause) {
        return new Malformed(cause);
      }
    };
    const methods = Object.entries(def).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: wrap(method.requestDeserialize) },
    ]);
    return Object.fromEntries(methods);
  }

  #implementation(def: Def): UntypedServiceImplementation {
    const implementation: UntypedServiceImplementation = {};
    for (const [name, method] of Object.entries(def)) {
      const handler = this.messageHandlers.get(method.path) as NestHandler | undefined;
      if (handler === undefined) throw new Error(`no controller serves ${method.path}`);
      const invoke = (call: RunningCall, data: unknown, signal?: AbortSignal) =>
        this.#invoke(method.path, handler, call, data, signal);
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
          const gone = new AbortController();
          call.on('cancelled', () => gone.abort());
          call.on('close', () => gone.abort());
          invoke(call, call.request, gone.signal)
            .then(async (answers) => {
              for await (const answer of answers as AsyncIterable<unknown>) {
                if (call.cancelled) break;
                if (!call.write(answer)) await new Promise((resolve) => call.once('drain', resolve));
              }
              call.end();
            })
            .catch((error) => call.emit('error', statusFromError(error)));
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
    data: unknown,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const started = performance.now();
    let code = 'OK';
    try {
      const principal = await this.options.authorize(path, call.metadata);
      if (data instanceof Malformed) {
        throw new VectronError('INVALID_ARGUMENT', `the request is no valid message of ${path}`, { cause: data.cause });
      }
      const deadline = call.getDeadline();
      const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
      const context: CallContext = Number.isFinite(deadlineMs)
        ? { metadata: call.metadata, deadlineMs, principal, signal }
        : { metadata: call.metadata, principal, signal };
      const result = await handler(data, context);
      return isObservable(result) ? await lastValueFrom(result) : result;
    } catch (error) {
      const known = toVectronError(error);
      code = known.code;
      if (code === 'INTERNAL') this.options.logger.error({ err: known.cause ?? known, path }, 'call failed');
      throw known;
    } finally {
      this.options.observe?.(path, code, (performance.now() - started) / 1_000);
    }
  }
}

/** Why a listener did not come up, in words. */
export function cannotListen(address: string, cause: unknown): VectronError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = text.includes('EADDRINUSE') ? 'another process uses this address' : text;
  return new VectronError('CONFLICT', `cannot listen on ${address}: ${reason}`, { cause });
}

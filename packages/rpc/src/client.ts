import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  type Metadata,
} from '@grpc/grpc-js';
import { VectronError } from '@vectron/errors';
import { ConsecutiveBreaker, circuitBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel';
import type { CallContext } from './call-context.js';
import type { Api, Def } from './service.js';
import { errorFromStatus, REQUEST_ID } from './status.js';
import type { StopSignal } from './stop.js';
import { clusterTls, type TlsFiles } from './tls.js';

export interface ClientOptions {
  /** Added to every call as `x-vectron-cluster-token`. */
  readonly clusterToken?: string;
  /** Mutual TLS between services of a cluster. */
  readonly tls?: TlsFiles;
  /** TLS to a public listener: the server shows a certificate of these authorities (PEM), `system`: of the system's. */
  readonly authorities?: Buffer | 'system';
  /** Calls are refused at once for a while after `failures` in a row that say the other end is not there. */
  readonly breaker?: { readonly failures: number; readonly restMs: number };
  /** Name of what is called, in metrics and messages. */
  readonly service?: string;
  /** When the breaker opens (true) and closes. */
  readonly onBreaker?: (service: string, open: boolean) => void;
  /** Headers added to every call, such as a trace context. */
  readonly headers?: () => Record<string, string | undefined>;
  /**
   * Deadline of calls with one answer whose context has none, milliseconds. Streams of answers get none: those that are
   * meant to last would end whenever it passes. Whoever reads one says how long silence may last.
   */
  readonly timeoutMs?: number;
  /** Share no connections with other clients of the process, nor what they know of a server that cannot be reached. */
  readonly ownConnections?: boolean;
}

export interface GrpcClient<S> {
  readonly api: Api<S>;
  readonly channel: Client;
  /** Whether the last try to connect has failed: calls fail at once then, until the next try, up to two seconds later. */
  isUnreachable(): boolean;
  metadata(context: CallContext): Metadata;
  close(): void;
}

/** Long-lived duplex stream of one method. */
export type Duplex<Req, Res> = ClientDuplexStream<Req, Res>;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': 64 << 20,
  'grpc.max_send_message_length': 64 << 20,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.enable_channelz': 0,
};

/** A client of `def` at `address` (`host:port`). Failed calls throw VectronError. Connects on the first call. */
export function createClient<S extends Def>(def: S, address: string, options: ClientOptions = {}): GrpcClient<S> {
  const own = options.ownConnections === true ? { 'grpc.use_local_subchannel_pool': 1 } : {};
  const channel = new Client(address, credentialsFor(address, options), { ...CHANNEL_OPTIONS, ...own });
  const guarded = breakerOf(options, address);
  const metadata = (context: CallContext) => {
    const sent = context.metadata.clone();
    if (options.clusterToken !== undefined) sent.set('x-vectron-cluster-token', options.clusterToken);
    for (const [name, value] of Object.entries(options.headers?.() ?? {}))
      if (value !== undefined) sent.set(name, value);
    return sent;
  };
  const deadline = (context: CallContext) =>
    context.deadlineMs ?? (options.timeoutMs === undefined ? Infinity : Date.now() + options.timeoutMs);

  const api: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(def)) {
    const { path, requestSerialize, responseDeserialize } = method;
    if (method.requestStream && method.responseStream) continue;
    if (method.responseStream) {
      api[name] = (request: unknown, context: CallContext) => {
        const meta = metadata(context);
        const call = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, meta, {
          deadline: context.deadlineMs ?? Infinity,
        });
        return iterate(call, context.signal);
      };
    } else if (method.requestStream) {
      api[name] = async (requests: AsyncIterable<unknown>, context: CallContext) => {
        let answered: (error: Parameters<typeof errorFromStatus>[0] | null, response?: unknown) => void;
        const answer = new Promise((resolve, reject) => {
          answered = (error, response) => (error ? reject(errorFromStatus(error)) : resolve(response));
        });
        const call = channel.makeClientStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          metadata(context),
          { deadline: deadline(context) },
          (error, response) => answered(error, response),
        );
        for await (const request of requests) call.write(request);
        call.end();
        return answer;
      };
    } else {
      api[name] = (request: unknown, context: CallContext) =>
        guarded(
          () =>
            new Promise((resolve, reject) => {
              const call = channel.makeUnaryRequest(
                path,
                requestSerialize,
                responseDeserialize,
                request,
                metadata(context),
                { deadline: deadline(context) },
                (error, response) => {
                  context.signal?.removeEventListener('abort', cancel);
                  if (error) reject(errorFromStatus(error, requestId));
                  else resolve(response);
                },
              );
              let requestId: string | undefined;
              call.on('metadata', (headers) => {
                requestId = headers.get(REQUEST_ID)[0]?.toString();
              });
              const cancel = () => call.cancel();
              context.signal?.addEventListener('abort', cancel, { once: true });
            }),
        );
    }
  }
  return {
    api: api as Api<S>,
    channel,
    isUnreachable: () => channel.getChannel().getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE,
    metadata,
    close: () => channel.close(),
  };
}

function credentialsFor(address: string, { tls, authorities }: ClientOptions): ChannelCredentials {
  // A socket file is reached by this user alone.
  if (tls !== undefined && !address.startsWith('unix:')) return clusterTls(tls);
  if (authorities === undefined) return credentials.createInsecure();
  return credentials.createSsl(authorities === 'system' ? null : authorities);
}

/** Runs calls unless too many in a row have failed. What a server answers, even that it refuses, is no failure. */
function breakerOf({ breaker, service, onBreaker }: ClientOptions, address: string) {
  if (breaker === undefined) return <T>(call: () => Promise<T>) => call();
  const name = service ?? address;
  const gone = (error: Error) =>
    error instanceof VectronError && (error.code === 'UNAVAILABLE' || error.code === 'DEADLINE_EXCEEDED');
  const policy = circuitBreaker(handleWhen(gone), {
    halfOpenAfter: breaker.restMs,
    breaker: new ConsecutiveBreaker(breaker.failures),
  });
  policy.onBreak(() => onBreaker?.(name, true));
  policy.onReset(() => onBreaker?.(name, false));
  return async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await policy.execute(call);
    } catch (error) {
      if (!isBrokenCircuitError(error)) throw error;
      throw new VectronError(
        'UNAVAILABLE',
        `${name} failed repeatedly and is not called at the moment; try again in a few seconds`,
        {
          details: { retryAfterMs: breaker.restMs },
        },
      );
    }
  };
}

/** Opens a bidirectional stream; the caller listens to `data`, `error` and `end`. */
export function openDuplex<Req, Res>(
  client: GrpcClient<unknown>,
  method: { path: string; requestSerialize(value: Req): Buffer; responseDeserialize(bytes: Buffer): Res },
  context: CallContext,
): Duplex<Req, Res> {
  return client.channel.makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    client.metadata(context),
  );
}

async function* iterate(call: AsyncIterable<unknown> & { cancel(): void }, signal?: StopSignal) {
  const cancel = () => call.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    for await (const message of call) yield message;
  } catch (error) {
    if (error instanceof VectronError) throw error;
    throw errorFromStatus(error as Parameters<typeof errorFromStatus>[0]);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.cancel();
  }
}

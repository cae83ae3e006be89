import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, type Metadata } from '@grpc/grpc-js';
import { VectronError } from '@vectron/errors';
import type { CallContext } from './call-context.js';
import type { Api, Def } from './service.js';
import { errorFromStatus } from './status.js';

export interface ClientOptions {
  /** Added to every call as `x-vectron-cluster-token`. */
  readonly clusterToken?: string;
  readonly credentials?: ChannelCredentials;
  /** Deadline of calls whose context has none, milliseconds. */
  readonly timeoutMs?: number;
}

export interface GrpcClient<S> {
  readonly api: Api<S>;
  readonly channel: Client;
  metadata(context: CallContext): Metadata;
  close(): void;
}

/** Long-lived duplex stream of one method. */
export type Duplex<Req, Res> = ClientDuplexStream<Req, Res>;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': 64 << 20,
  'grpc.max_send_message_length': 64 << 20,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
};

/** A client of `def` at `address` (`host:port`). Failed calls throw VectronError. Connects on the first call. */
export function createClient<S extends Def>(def: S, address: string, options: ClientOptions = {}): GrpcClient<S> {
  const channel = new Client(address, options.credentials ?? credentials.createInsecure(), CHANNEL_OPTIONS);
  const metadata = (context: CallContext) => {
    const sent = context.metadata.clone();
    if (options.clusterToken !== undefined) sent.set('x-vectron-cluster-token', options.clusterToken);
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
          deadline: deadline(context),
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
        new Promise((resolve, reject) => {
          const meta = metadata(context);
          channel.makeUnaryRequest(
            path,
            requestSerialize,
            responseDeserialize,
            request,
            meta,
            { deadline: deadline(context) },
            (error, response) => (error ? reject(errorFromStatus(error)) : resolve(response)),
          );
        });
    }
  }
  return { api: api as Api<S>, channel, metadata, close: () => channel.close() };
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

async function* iterate(call: AsyncIterable<unknown> & { cancel(): void }, signal?: AbortSignal) {
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

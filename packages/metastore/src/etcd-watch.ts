import { setTimeout as pause } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import { isBrokenCircuitError } from 'cockatiel';
import {
  ClientClosedError,
  castGrpcError,
  type Etcd3,
  GRPCAbortedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCInternalError,
  GRPCUnavailableError,
  GRPCUnknownError,
  type IWatchResponse,
} from 'etcd3';
import type { Change } from './metastore.js';

type WatchClient = Etcd3['watchClient'];
type CallOptions = NonNullable<Parameters<WatchClient['watch']>[0]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];
/** What the stream of etcd's client also is. */
type Stream = Awaited<ReturnType<WatchClient['watch']>> & AsyncIterable<IWatchResponse>;

/** Between two attempts, milliseconds: the first, and the longest. */
const PAUSE_MS = { first: 50, most: 1_000 };

/**
 * The changes of `range` after `revision`, in revision order, over as many streams as it takes (etcd v3 API, Watch): each
 * begins behind the last change that was delivered. The client's own watcher begins behind the revision that the answer to
 * a new watch names, and loses what that watch had still to deliver. A member without a leader ends its watches.
 *
 * @param range keys as etcd knows them: from `key` up to, not including, `range_end`
 * @param cut so many characters are removed from the start of each key
 * @param answerMs how long a member may take to accept the watch, milliseconds
 * @throws NOT_FOUND when changes after `revision` have been compacted; UNAVAILABLE when etcd refuses the watch for another
 *   reason, or the client was closed
 */
export async function* watchRange(
  client: WatchClient,
  range: { readonly key: Buffer; readonly range_end: Buffer },
  cut: number,
  revision: number,
  signal: AbortSignal,
  answerMs: number,
): AsyncIterable<Change> {
  let seen = revision;
  let pauseMs = PAUSE_MS.first;
  while (!signal.aborted) {
    try {
      for await (const response of responses(client, { ...range, start_revision: seen + 1 }, signal, answerMs)) {
        pauseMs = PAUSE_MS.first;
        if (response.canceled) throw ended(response, seen);
        const { events } = response;
        for (const { type, kv } of events) {
          const value = type === 'Put' || (type as unknown) === 0 ? kv.value.toString() : undefined;
          yield { key: kv.key.toString().slice(cut), value, revision: Number(kv.mod_revision) };
        }
        // A response has all changes of its revisions. One without changes tells how far the watch has come, unless it is
        // the answer to a new watch: that tells how far the store has come.
        if (events.length > 0) seen = Number(events[events.length - 1].kv.mod_revision);
        else if (!response.created) seen = Math.max(seen, Number(response.header.revision));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error as Error)) throw refused(error as Error);
    }
    await pause(pauseMs * (1 + Math.random()), undefined, { signal, ref: false }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, PAUSE_MS.most);
  }
}

/** What one stream says, until it breaks, `signal` aborts, or nothing comes within `answerMs` of its start. */
async function* responses(
  client: WatchClient,
  request: { readonly key: Buffer; readonly range_end: Buffer; readonly start_revision: number },
  signal: AbortSignal,
  answerMs: number,
): AsyncIterable<IWatchResponse> {
  const stream = (await client.watch({ interceptors: [requireLeader] })) as unknown as Stream;
  // Ended first: what is cancelled by its user is no failure of the member.
  const cancel = () => {
    stream.end();
    stream.cancel();
  };
  stream.on('error', () => undefined);
  signal.addEventListener('abort', cancel);
  // The member is taken for one that has failed.
  const late = setTimeout(() => stream.cancel(), answerMs);
  late.unref();
  try {
    if (signal.aborted) return;
    stream.write({ create_request: { ...request, progress_notify: true } });
    for await (const response of stream) {
      clearTimeout(late);
      yield response;
    }
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** etcd ends the call when its member has no leader (etcd.io/docs, WithRequireLeader of its Go client). */
const requireLeader: Interceptor = (options, nextCall) => {
  const call = nextCall(options);
  const start = call.start.bind(call);
  call.start = (metadata, listener) => {
    metadata.set('hasleader', 'true');
    start(metadata, listener);
  };
  // grpc-js takes whatever has the methods of a call.
  return call as ReturnType<Interceptor>;
};

function ended({ compact_revision, cancel_reason }: IWatchResponse, seen: number): VectronError {
  return Number(compact_revision) > 0
    ? new VectronError('NOT_FOUND', `changes after revision ${seen} are no longer kept`)
    : new VectronError('UNAVAILABLE', `etcd ended the watch: ${cancel_reason}`);
}

const PASSING = [
  GRPCUnavailableError,
  GRPCDeadlineExceededError,
  GRPCCancelledError,
  GRPCAbortedError,
  GRPCUnknownError,
  GRPCInternalError,
];

/** Whether another member, or the same one later, may do better. */
function isPassing(error: Error): boolean {
  // What a stream fails with is not typed yet.
  const typed = castGrpcError(error);
  return isBrokenCircuitError(error) || PASSING.some((kind) => typed instanceof kind);
}

function refused(cause: Error): VectronError {
  if (cause instanceof VectronError) return cause;
  const why = cause instanceof ClientClosedError ? 'the client was closed' : cause.message;
  return new VectronError('UNAVAILABLE', `etcd cannot be watched: ${why}`, { cause });
}

import { toVectronError, type VectronError } from '@vectron/errors';
import { WriteOrigins } from '@vectron/model';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { unlessAborted } from './limits.js';
import { data, system, users } from './methods.js';
import { RetryBudget } from './retry-budget.js';
import type { Call, Method, Transport } from './transport.js';

const paths = (...methods: { readonly path: string }[]): ReadonlySet<string> =>
  new Set(methods.map(({ path }) => path));

/**
 * What makes something each time it is called, or is refused once it has happened: the first try may have succeeded. A
 * refresh is repeated: a server takes a refresh token again within seconds.
 */
const ONCE = paths(
  ...[data.createCollection, data.submitFeedback, users.registerUser, users.createApiKey, users.inviteUser],
  ...[users.changePassword, users.deleteUser, users.removeUser],
  ...[system.moveReplica, system.splitShard, system.rebalance, system.rotateSigningKey],
);
/** Writes that a name makes the same write when they are sent again. */
const NAMED = paths(data.upsert, data.delete, data.updatePoints, data.deletePoints);

/** Limits of the calls of one client. */
export interface RetryLimits {
  /** Most retries of a call. */
  readonly retries: number;
  /** What a call may take with all of its retries, milliseconds. */
  readonly timeoutMs: number;
  /** From 0 to below 1; default: Math.random. */
  readonly random?: () => number;
}

/** Bounds of the pauses between tries, which double each time; each is at least half of that. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** A retry needs so much time to be worth it. */
const LEAST_MS = 1;

/**
 * Repeats calls that failed for a passing reason while there is time, after pauses with jitter that are no shorter than what the
 * server has asked for, and as far as the client's budget of retries goes. A write has one name over all tries, so that a
 * shard which has applied it answers as it did then: an `ifVersion` that the first try has met does not fail the second.
 */
export function retrying(transport: Transport, { retries, timeoutMs, random = Math.random }: RetryLimits): Transport {
  const origins = new WriteOrigins();
  const budget = new RetryBudget();
  const send: Call = (method, request, options = {}) => {
    const { signal } = options;
    const deadlineMs = Date.now() + (options.timeoutMs ?? timeoutMs + (options.waitMs ?? 0));
    let tries = 0;
    let pauseMs = 0;
    budget.called();
    const mayRetry = (cause: unknown) => {
      const error = toVectronError(cause);
      tries += 1;
      if (!error.spec.retryable || tries > retries || signal?.aborted) return false;
      pauseMs = pauseBefore(tries, error, random());
      return Date.now() + pauseMs + LEAST_MS <= deadlineMs && budget.take();
    };
    const policy = retry(handleWhen(mayRetry), { maxAttempts: retries, backoff: new DelegateBackoff(() => pauseMs) });
    const attempt = () =>
      transport.call(method, request, { ...options, timeoutMs: Math.max(LEAST_MS, deadlineMs - Date.now()) });
    return unlessAborted(() => policy.execute(attempt), signal);
  };
  return {
    call(method, request, options) {
      if (retries === 0 || ONCE.has(method.path)) return transport.call(method, request, options);
      if (!isNamed(method, request)) return send(method, request, options);
      return origins.run((origin) => send(method, { ...request, origin }, options));
    },
    openDuplex: transport.openDuplex,
    retries,
    budget,
    close: () => transport.close(),
  };
}

/**
 * Milliseconds before the `tries`th retry, from 1. One that cannot be reached says nothing of when: another server may be there. `random`: from 0
 * to below 1.
 */
export function pauseBefore(tries: number, { spec, details }: VectronError, random: number): number {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  const asked = spec.grpc === 'RESOURCE_EXHAUSTED' ? (details.retryAfterMs ?? 0) : 0;
  return asked + longest * (0.5 + random / 2);
}

/** Points that a filter chooses are changed by several writes, which have no one name. */
function isNamed({ path }: Method<never, unknown>, request: object): boolean {
  return NAMED.has(path) && !('ids' in request && (request.ids as readonly string[]).length === 0);
}

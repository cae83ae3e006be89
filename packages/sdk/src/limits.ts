import { VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import type { CallOptions, Transport } from './transport.js';
import type { CallLimits } from './types.js';

const isSignal = (signal: unknown) => typeof (signal as AbortSignal | undefined)?.addEventListener === 'function';

/** Throws INVALID_ARGUMENT unless these are limits. */
export function checkLimits(limits: CallLimits): CallLimits {
  checkOptions(limits, ['signal', 'timeoutMs']);
  const { signal, timeoutMs = 1 } = limits;
  checkWhole('timeoutMs', timeoutMs, 1, Number.POSITIVE_INFINITY);
  if (signal !== undefined && !isSignal(signal)) throw VectronError.invalid('signal', 'signal must be an AbortSignal');
  return limits;
}

/** One signal for both; undefined: there is none. */
export const eitherSignal = (one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined =>
  one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other]);

/** The transport with limits for each call, under those that a call has itself. */
export function limited(transport: Transport, limits: CallLimits): Transport {
  const { signal, timeoutMs } = checkLimits(limits);
  return {
    ...transport,
    signal: eitherSignal(transport.signal, signal),
    call(method, request, options: CallOptions = {}) {
      const own = timeoutMs === undefined ? undefined : timeoutMs + (options.waitMs ?? 0);
      const timeLimit =
        options.timeoutMs === undefined || own === undefined
          ? (options.timeoutMs ?? own)
          : Math.min(options.timeoutMs, own);
      return transport.call(method, request, {
        ...options,
        ...(timeLimit === undefined ? {} : { timeoutMs: timeLimit }),
        signal: eitherSignal(options.signal, signal),
      });
    },
  };
}

/**
 * What `work` gives, unless the signal is aborted (CANCELLED) or the time is over (DEADLINE_EXCEEDED) before. `work` itself goes on, and
 * nobody hears of it.
 */
export async function within<T>(work: () => Promise<T>, { signal, timeoutMs }: CallLimits): Promise<T> {
  if (signal?.aborted) throw cancelled();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let cancel = () => {};
  const over = new Promise<never>((_, reject) => {
    cancel = () => reject(cancelled());
    signal?.addEventListener('abort', cancel, { once: true });
    if (timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS) {
      const late = () => reject(new VectronError('DEADLINE_EXCEEDED', `not done within ${timeoutMs} ms`));
      timer = setTimeout(late, timeoutMs);
    }
  });
  try {
    return await Promise.race([work(), over]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

/** Longer timers run at once, in every JavaScript. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const cancelled = () => new VectronError('CANCELLED', 'the call was cancelled');

import { VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import type { CallOptions, Transport } from './transport.js';
import type { CallLimits } from './types.js';

/** Throws INVALID_ARGUMENT unless it is an AbortSignal, or nothing. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw VectronError.invalid('signal', 'signal must be an AbortSignal');
}

/** Throws INVALID_ARGUMENT unless these are limits. */
export function checkLimits(limits: CallLimits): CallLimits {
  checkOptions(limits, ['signal', 'timeoutMs']);
  const { signal, timeoutMs = 1 } = limits;
  checkWhole('timeoutMs', timeoutMs, 1, Number.POSITIVE_INFINITY);
  checkSignal(signal);
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
      const { waitMs = 0, timeoutMs: own = Number.POSITIVE_INFINITY } = options;
      const least = Math.min(own, (timeoutMs ?? Number.POSITIVE_INFINITY) + waitMs);
      const both = { ...options, signal: eitherSignal(options.signal, signal) };
      // Infinity is a limit only where it was given: what nobody limits has the client's.
      const isLimited = timeoutMs !== undefined || options.timeoutMs !== undefined;
      return transport.call(method, request, isLimited ? { ...both, timeoutMs: least } : both);
    },
  };
}

/** Returns the result of `work`, or throws CANCELLED if the signal is aborted before. `work` itself continues unobserved. */
export async function unlessAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work();
  const cancelled = new VectronError('CANCELLED', 'the call was cancelled');
  if (signal.aborted) throw cancelled;
  let cancel = () => {};
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(cancelled);
    signal.addEventListener('abort', cancel);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

import { VectronError } from '@vectron/errors';
import { allPoints } from './all-points.js';
import { ChangeStream } from './change-stream.js';
import type { VectronClient } from './client.js';
import { collectionOf } from './collection.js';
import { checkLimits, eitherSignal, unlessAborted } from './limits.js';
import type { CallLimits, UpsertStreamOptions } from './types.js';

/**
 * A client of an embedded database with limits for its calls. The core completes an operation that has started, because there is no
 * connection by which to cancel it.
 */
export function limitedClient(client: VectronClient, limits: CallLimits): VectronClient {
  checkLimits(limits);
  const limited = waiting(client, limits);
  const own: Partial<VectronClient> = {
    admin: waiting(client.admin, limits),
    collection: (name) => collectionOf(limited, name),
    with: (more) => limitedClient(limited, more),
    upsertStream(collection, batches, options?: UpsertStreamOptions) {
      const signal = eitherSignal(limits.signal, options?.signal);
      return client.upsertStream(collection, batches, signal === undefined ? options : { ...options, signal });
    },
    points: (collection, options) => allPoints((asked) => limited.listPoints(collection, asked), options),
    changes: (collection, options) => new ChangeStream(limited.listChanges, collection, options),
    // Nobody stops waiting for the end of a database that then goes on.
    close: () => client.close(),
  };
  return new Proxy(limited, { get: (target, name) => Reflect.get(own, name) ?? Reflect.get(target, name) });
}

/** `target`, whose promises end within the limits. */
function waiting<T extends object>(target: T, limits: CallLimits): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (limits.signal?.aborted) return unlessAborted(async () => undefined, limits.signal);
        const answer: unknown = value.apply(target, given);
        return answer instanceof Promise ? within(() => answer, limits) : answer;
      };
    },
  });
}

/** Longer timers run at once, in every JavaScript. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What `work` gives, unless its time is over (DEADLINE_EXCEEDED) or its signal is aborted before. */
async function within<T>(work: () => Promise<T>, { signal, timeoutMs }: CallLimits): Promise<T> {
  if (timeoutMs === undefined || timeoutMs > LONGEST_TIMER_MS) return unlessAborted(work, signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new VectronError(
      'DEADLINE_EXCEEDED',
      `the operation did not finish within ${timeoutMs} ms; increase timeoutMs`,
    );
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([unlessAborted(work, signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

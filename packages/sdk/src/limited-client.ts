import { allPoints } from './all-points.js';
import { ChangeStream } from './change-stream.js';
import type { VectronClient } from './client.js';
import { Collection } from './collection.js';
import { checkLimits, eitherSignal, within } from './limits.js';
import type { CallLimits, UpsertStreamOptions } from './types.js';

/**
 * A client in this process, the calls of which nobody waits for beyond the limits. The core goes on with what has begun: there is no
 * connection to take back a call by.
 */
export function limitedClient(client: VectronClient, limits: CallLimits): VectronClient {
  checkLimits(limits);
  const limited = waiting(client, limits);
  const own: Partial<VectronClient> = {
    admin: waiting(client.admin, limits),
    collection: (name) => new Collection(limited, name),
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
        if (limits.signal?.aborted) return within(async () => undefined, limits);
        const answer: unknown = value.apply(target, given);
        return answer instanceof Promise ? within(() => answer, limits) : answer;
      };
    },
  });
}

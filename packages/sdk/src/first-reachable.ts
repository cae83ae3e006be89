import { toVectronError } from '@vectron/errors';
import type { VectronClient } from './client.js';

/** Failures after which the next call goes to another gateway. */
const AWAY = new Set(['UNAVAILABLE', 'SHUTTING_DOWN', 'DEADLINE_EXCEEDED']);

/**
 * One client of several equal ones. Calls go to the one that answered last; who fails is left for the next, so that a
 * retry reaches another gateway.
 */
export function firstReachable(clients: readonly VectronClient[]): VectronClient {
  let current = 0;
  const call = async (name: string | symbol, args: unknown[]): Promise<unknown> => {
    const at = current;
    try {
      return await (Reflect.get(clients[at], name) as (...args: unknown[]) => unknown).apply(clients[at], args);
    } catch (error) {
      if (AWAY.has(toVectronError(error).code) && current === at) current = (at + 1) % clients.length;
      throw error;
    }
  };
  const close = async () => {
    await Promise.all(clients.map((client) => client.close()));
  };
  return new Proxy(clients[0], {
    get(target, name) {
      if (name === 'close') return close;
      if (typeof Reflect.get(target, name) !== 'function') return Reflect.get(target, name);
      return (...args: unknown[]) => call(name, args);
    },
  });
}

import { toVectronError } from '@vectron/errors';
import type { Transport } from './transport.js';

/** Failures after which the next call goes to another gateway. */
const AWAY = new Set(['UNAVAILABLE', 'SHUTTING_DOWN', 'DEADLINE_EXCEEDED']);

/**
 * One transport of several equal ones. Calls go to the one that answered last; who fails is left for the next, so that a
 * retry reaches another gateway.
 */
export function firstReachable(transports: readonly Transport[]): Transport {
  let current = 0;
  return {
    async call(method, request, options) {
      const at = current;
      try {
        return await transports[at].call(method, request, options);
      } catch (error) {
        if (AWAY.has(toVectronError(error).code) && current === at) current = (at + 1) % transports.length;
        throw error;
      }
    },
    close() {
      for (const transport of transports) transport.close();
    },
  };
}

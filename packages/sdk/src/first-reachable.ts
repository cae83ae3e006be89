import { toVectronError, type VectronError } from '@vectron/errors';
import type { OpenDuplex, Transport } from './transport.js';

/** Failures after which the next call goes to another gateway. */
const AWAY = new Set(['UNAVAILABLE', 'SHUTTING_DOWN', 'DEADLINE_EXCEEDED']);

/**
 * One transport of several equal ones. Calls go to the one that answered last; who fails is left for the next, so that a
 * retry reaches another gateway.
 */
export function firstReachable(transports: readonly Transport[]): Transport {
  let current = 0;
  const openDuplex: OpenDuplex = async (method, { answer, ended }) => {
    const at = current;
    const leave = (error: VectronError) => {
      if (AWAY.has(error.code) && current === at) current = (at + 1) % transports.length;
    };
    try {
      return await (transports[at].openDuplex as OpenDuplex)(method, {
        answer,
        ended: (error) => {
          if (error !== undefined) leave(error);
          ended(error);
        },
      });
    } catch (error) {
      leave(toVectronError(error));
      throw error;
    }
  };
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
    openDuplex: transports.every((one) => one.openDuplex !== undefined) ? openDuplex : undefined,
    close() {
      for (const transport of transports) transport.close();
    },
  };
}

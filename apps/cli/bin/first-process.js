import { constants } from 'node:os';

/**
 * Ends the process at a signal that nothing else in it takes. The kernel does this for every process but the first one of a container,
 * which no signal ends that it has no handler for: it would be killed a while later, whatever it did then.
 */
export function endAtSignals() {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      // This listener was first, and is called before one that takes itself away.
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
    });
  }
}

import closeWithGrace from 'close-with-grace';
import { takeUnhandled } from './last-resort.js';

/**
 * Ends the process at a signal, with 0, until the function that is returned is called: while it starts there is nothing to
 * finish, and what is half made is made again by the next start.
 */
export function stopWhileStarting(): () => void {
  const stop = (signal: NodeJS.Signals) => {
    console.error(`${signal}: stopping before the start was complete`);
    process.exit(0);
  };
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.removeListener(signal, stop);
  };
}

/** Ends the process orderly at a signal, and at an error of its own that nobody took care of: then with code 1. */
export function stopOnSignal(close: () => Promise<void>, onClientFault: (code: string) => void = () => {}): void {
  let failed = false;
  // A process that has nothing left to do has closed what it had: its exit code is its own.
  const skip = ['uncaughtException', 'unhandledRejection', 'beforeExit'] as const;
  const grace = closeWithGrace({ delay: 20_000, skip: [...skip] }, async ({ signal }) => {
    if (signal) console.error(`${signal}: stopping`);
    await close();
    if (failed) process.exit(1);
  });
  takeUnhandled(onClientFault, (error) => {
    console.error(error);
    // What fails while the process ends must not begin the end again.
    if (failed) return;
    failed = true;
    grace.close();
  });
}

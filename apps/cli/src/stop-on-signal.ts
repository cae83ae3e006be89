import closeWithGrace from 'close-with-grace';
import { takeUnhandled } from './last-resort.js';

/** Ends the process orderly at a signal, and at an error of its own that nobody took care of: then with code 1. */
export function stopOnSignal(close: () => Promise<void>, onClientFault: (code: string) => void = () => {}): void {
  let failed = false;
  const skip = ['uncaughtException', 'unhandledRejection'] as const;
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

import { VectronError } from '@vectron/errors';

/** Ends the wait for what never comes; how soon something should come is told by who waits. */
export const WAIT_MS = 600_000;

/**
 * Waits for `condition`; throws after ten minutes, naming what did not come about. Errors of the condition count as no.
 */
export async function until<T>(what: string, condition: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + WAIT_MS;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const why = last === undefined ? '' : ` (${(last as Error).message})`;
      throw new VectronError('DEADLINE_EXCEEDED', `${what}: not within ${WAIT_MS / 1_000} s${why}`);
    }
    await sleep(50);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

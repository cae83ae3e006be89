import { VectronError } from '@vectron/errors';

/** Waits for `condition`; throws after `ms`, naming what did not come about. Errors of the condition count as no. */
export async function until<T>(what: string, ms: number, condition: () => Promise<T | undefined | false>): Promise<T> {
  const end = performance.now() + ms;
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
      throw new VectronError('DEADLINE_EXCEEDED', `${what}: not within ${Math.round(ms / 1000)} s${why}`);
    }
    await sleep(50);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';

declare global {
  /** Time limit of every test and hook, milliseconds; jest.config.js scales it with how busy the machine is. */
  var TEST_LIMIT_MS: number;
}

const LOOK_AGAIN_MS = 50;

/**
 * How long a condition is waited for, milliseconds. Less than a test may take, so that what did not come about is named
 * before the test is cut off.
 */
export const waitLimitMs = (): number => Math.round(0.4 * globalThis.TEST_LIMIT_MS);

/**
 * Waits until `look` returns something that is neither false, null nor undefined, and returns that. With `holds`: until
 * it is true of what `look` returned. An error of `look` counts as "not yet". When the limit passes, throws what was
 * awaited, and what was seen or thrown last.
 */
export async function until<T>(what: string, look: () => Awaitable<T | Nothing>): Promise<T>;
export async function until<T>(what: string, look: () => Awaitable<T>, holds: (seen: T) => boolean): Promise<T>;
export async function until<T>(
  what: string,
  look: () => Awaitable<T>,
  holds: (seen: T) => boolean = (seen) => seen !== false && seen !== null && seen !== undefined,
): Promise<T> {
  const limitMs = waitLimitMs();
  let last = '';
  for (const end = performance.now() + limitMs; ; ) {
    try {
      const seen = await look();
      if (holds(seen)) return seen;
      last = `last seen: ${inspect(seen, { depth: 6, breakLength: Number.POSITIVE_INFINITY }).slice(0, 2_000)}`;
    } catch (error) {
      last = `last error: ${inspect(error).slice(0, 2_000)}`;
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${Math.round(limitMs / 1_000)} s; ${last}`);
    await pause(LOOK_AGAIN_MS);
  }
}

type Awaitable<T> = T | Promise<T>;
type Nothing = false | null | undefined;

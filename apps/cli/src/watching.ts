import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { ClientOptions } from './client.js';
import { numberFlag } from './number-flag.js';

const EVERY_SECONDS = 2;
const CLEAR = '\u001b[H\u001b[2J';

/** Adds the flag that repeats a command which only looks. */
export const watchable = (command: Command): Command =>
  command.option(
    '--watch [seconds]',
    `repeat every given number of seconds (default ${EVERY_SECONDS}) until Ctrl-C`,
    numberFlag,
  );

/** Looks once, or with `--watch` until the process is told to end; on a terminal each answer takes the place of the one before. */
export async function watched(options: ClientOptions, look: () => Promise<void>): Promise<void> {
  if (options.watch === undefined) return look();
  const seconds = options.watch === true ? EVERY_SECONDS : Math.max(0.1, options.watch as number);
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  while (!stop.signal.aborted) {
    if (process.stdout.isTTY) process.stdout.write(CLEAR);
    await look();
    await setTimeout(seconds * 1_000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import type { ClientOptions } from './client.js';
import { jsonText, note, say } from './output.js';

/** What a command gives that is shown once. */
export interface Secret {
  readonly secret: string;
  /** With `--json`, what is printed in place of the secret alone. */
  readonly answer: object;
  /** What it is, for whom and until when: for people, on the standard error output. */
  readonly about: string;
}

/**
 * Prints the secret that `make` gets as the only line of the standard output, so that it can be piped; with `--out`, writes
 * it to a new file that this user alone can read, and prints nothing of it. The file is made before the secret: one that
 * could not be kept would be lost.
 */
export async function giveSecret(options: ClientOptions, make: () => Promise<Secret>): Promise<void> {
  const path = options.out as string | undefined;
  if (path === undefined) {
    const { secret, answer, about } = await make();
    if (options.json === true) console.log(jsonText(answer, 2));
    else {
      note(about);
      say(secret);
    }
    return;
  }
  const file = newFile(path);
  try {
    const { secret, about } = await make();
    writeSync(file, `${secret}\n`);
    note(`${about}; it is in ${path}`);
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

function newFile(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (cause) {
    throw VectronError.invalid('out', `cannot create the file ${path}: ${(cause as Error).message}`);
  }
}

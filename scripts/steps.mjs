// The steps of set-up: each is skipped when it was done for the same inputs, and says how far it is. Uses Node alone.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './content-hash.mjs';
import { Progress } from './progress.mjs';

/** @typedef {{name: string, hash: string, outputs: string[], detail?: () => string, work: () => Promise<void>}} Step */

const stampOf = (name) => join(root, 'node_modules', '.vectron', name.replaceAll(' ', '-'));

/** Whether the step was done for this hash before, and what it made is there. */
export function isDone({ name, hash, outputs }) {
  const stamp = stampOf(name);
  return (
    existsSync(stamp) && readFileSync(stamp, 'utf8') === hash && outputs.every((path) => existsSync(join(root, path)))
  );
}

const { stdout } = process;
export const progress = new Progress({
  write: (text) => stdout.write(text),
  isTerminal: stdout.isTTY === true && process.env.TERM !== 'dumb',
  // Terminals that do not know it say 0.
  columns: () => stdout.columns || 80,
});

/** Works the steps off, in their order. */
export async function workOff(steps) {
  progress.expect(steps.length);
  for (const { name, hash, detail, work } of steps) {
    progress.begin(name, detail);
    const ticking = setInterval(() => progress.tick(), 1000);
    try {
      await work();
    } finally {
      clearInterval(ticking);
    }
    const stamp = stampOf(name);
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, hash);
    progress.end();
  }
}

/** Ends the process: what set-up is for cannot be had. */
export function fail(message, code = 1) {
  progress.clear();
  process.stderr.write(`setup: ${message}\n`);
  process.exit(code);
}

/** Keeps what a command writes to its standard error. */
class Kept {
  messages = '';
  feed(text) {
    this.messages += text;
  }
  end() {}
}

/**
 * Runs a command while the line of its step goes on. What it prints is shown when it fails, which ends the process with its code.
 * `errors`: takes what it writes to its standard error, and has what is to be shown of it as `messages`.
 */
export async function quietly(command, args, { errors = new Kept(), ...options } = {}) {
  let printed = '';
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text) => errors.feed(text));
  const code = await new Promise((resolve) => {
    child.once('error', (error) => fail(`cannot run ${command}: ${error.message}`));
    child.once('close', (status) => resolve(status ?? 1));
  });
  errors.end();
  if (code !== 0) fail(`${command} ${args.join(' ')} failed\n${printed}${errors.messages}`, code);
}

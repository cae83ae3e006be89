import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitLimitMs } from './waiting.js';

export const CLI = join(process.cwd(), 'apps/cli/bin/vectron.js');

/** A `vectron` command on a terminal, which util-linux's `script` makes. `output`: what the terminal shows. */
export function onTerminal(args: string[], env: Record<string, string> = {}): VectronProcess {
  const quoted = [process.execPath, CLI, ...args].map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(' ');
  const program = ['script', '--quiet', '--return', '--flush', '--command', quoted, '/dev/null'];
  return new VectronProcess([], { TERM: 'xterm', ...env }, program, 'pipe');
}

/** `TEST_GATEWAYS=2 npm run jest -- FILE`: servers of a test that does not say itself how many gateways they have run so many. */
function gatewaysOf([command]: readonly string[]): Record<string, string> {
  const count = process.env.TEST_GATEWAYS;
  return count !== undefined && /^(?:serve|gateway)$/.test(command ?? '') ? { VECTRON_GATEWAYS: count } : {};
}

/** A `vectron` command, or another program, as a real process. */
export class VectronProcess {
  readonly #child: ChildProcess;
  output = '';

  constructor(
    args: string[],
    env: Record<string, string> = {},
    program: readonly string[] = [process.execPath, CLI],
    input: 'ignore' | 'pipe' = 'ignore',
  ) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VECTRON_'));
    const [command, ...own] = program;
    this.#child = spawn(command, [...own, ...args], {
      env: { ...Object.fromEntries(inherited), ...gatewaysOf(args), ...env },
      stdio: [input, 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits for `pattern` in the output; fails with the output when the process ends first or the limit passes. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const limitMs = waitLimitMs();
    const signal = AbortSignal.timeout(limitMs);
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (!this.running) throw new Error(`ended before ${pattern}:\n${this.output}`);
      const looked = new AbortController();
      const either = AbortSignal.any([signal, looked.signal]);
      const { stdout, stderr } = this.#child;
      try {
        await Promise.race([
          // Logs are written to the one, results to the other.
          ...[stdout, stderr].flatMap((stream) => (stream ? once(stream, 'data', { signal: either }) : [])),
          once(this.#child, 'exit', { signal: either }),
        ]);
      } catch {
        throw new Error(`no ${pattern} within ${Math.round(limitMs / 1_000)} s:\n${this.output}`);
      } finally {
        looked.abort();
      }
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  /** Of a process with `input`: what somebody types. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Runs to the end. */
  async finish(): Promise<{ code: number; output: string }> {
    if (this.running) await once(this.#child, 'close');
    return { code: this.#child.exitCode ?? -1, output: this.output };
  }
}

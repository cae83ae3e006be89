import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VectronError } from '@vectron/errors';
import { childEnvironment } from '../config.js';

const CLI = fileURLToPath(new URL('../../bin/vectron.js', import.meta.url));
const READY_MS = 120_000;
const STOP_MS = 25_000;

/** One `vectron` service as a process that can be stopped, killed, paused and started again. */
export class ServiceChild {
  #child: ChildProcess | undefined;
  #lines: Record<string, string> = {};
  #last = '';
  #stopping = false;

  constructor(
    readonly name: string,
    readonly service: string,
    private readonly args: readonly string[],
    /** Its directory: data and log. */
    readonly dir: string,
    private readonly onExit: (name: string) => void,
  ) {}

  get pid(): number | undefined {
    return this.running ? this.#child?.pid : undefined;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it said of itself when it was ready. */
  get lines(): Readonly<Record<string, string>> {
    return this.#lines;
  }

  get log(): string {
    return join(this.dir, 'log');
  }

  async start(): Promise<void> {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    const log = createWriteStream(this.log, { flags: 'a', mode: 0o600 });
    const env = childEnvironment();
    const child = spawn(process.execPath, [CLI, this.service, ...this.args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#stopping = false;
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not ready within ${READY_MS / 1000} s`)), READY_MS);
      const hear = (chunk: Buffer) => {
        log.write(chunk);
        said = (said + chunk).slice(-10_000);
        this.#last = said;
        const match = /ready (\{.*\})/.exec(said);
        if (match === null) return;
        this.#lines = JSON.parse(match[1]) as Record<string, string>;
        clearTimeout(late);
        resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(late);
        log.end();
        reject(new Error(`it ended with ${code ?? signal}`));
        if (this.#child === child && !this.#stopping) this.onExit(this.name);
      });
    });
    try {
      await ready;
    } catch (cause) {
      const message = `${this.name}: ${(cause as Error).message}; its log is ${this.log}\n${this.#last.slice(-2_000)}`;
      throw new VectronError('UNAVAILABLE', message, { cause });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it; one that does not listen is killed. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.running) return;
    this.#stopping = true;
    const ended = once(child, 'exit');
    child.kill(signal);
    // One that was paused hears the signal when it goes on.
    child.kill('SIGCONT');
    const forced = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(forced);
  }
}

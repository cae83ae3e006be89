import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const FOLDER = join(process.cwd(), 'test/security/attackers');

/** What an attacker prints when it has ended. */
export interface Told {
  readonly connections: number;
  readonly refused: number;
  readonly cut: number;
  readonly sent: number;
  readonly statuses: Record<string, number>;
}

/** An attacker of this folder, as a process of its own. */
export class Attack {
  readonly #ended: Promise<Told>;
  running = true;

  constructor(program: string, flags: Record<string, string | number | boolean>) {
    const given = Object.entries(flags).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : value === false ? [] : [`--${name}`, String(value)],
    );
    const child = spawn(process.execPath, [join(FOLDER, program), ...given], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    this.#ended = once(child, 'close').then(([code]) => {
      this.running = false;
      if (code !== 0) throw new Error(`the attacker ${program} failed:\n${output}`);
      return JSON.parse(output) as Told;
    });
  }

  /** Waits for its end. */
  ended(): Promise<Told> {
    return this.#ended;
  }
}

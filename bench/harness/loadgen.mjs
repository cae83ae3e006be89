// The load generator, a process of its own (loadgen/), and the files that it reads and writes.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache } from '../../scripts/setup.mjs';
import { pinned } from './machine.mjs';

const LOADGEN = join(cache, 'bench-loadgen');

export function buildLoadgen() {
  const cwd = fileURLToPath(new URL('./loadgen', import.meta.url));
  execFileSync('go', ['build', '-trimpath', '-o', LOADGEN, '.'], { cwd, stdio: 'inherit' });
}

/** Starts the load generator with flags by name; its standard output is what it tells. `cores`: those it may use. */
export function startLoad({ cores, ...flags }) {
  const args = Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return value === true ? [`-${name}`] : [`-${name}`, String(value)];
  });
  const [command, ...rest] = pinned(cores, [LOADGEN, ...args]);
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Runs the load generator; resolves with its report (loadgen/report.go). */
export function load(flags) {
  return new Promise((resolve, reject) => {
    const child = startLoad(flags);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`the load generator ended with ${code}`)),
    );
  });
}

/** V8 has compiled what a search runs after about ten thousand; on a busy machine they take as long as they take. */
export const WARM = { count: 10_000, seconds: 120 };

/** Writes requests, each with its length before it. */
export function writeRequests(file, bodies) {
  const parts = [];
  for (const body of bodies) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    parts.push(length, body);
  }
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

/** The answers that the load generator kept, by the number of their request; undefined for one that had none. */
export function readAnswers(file) {
  const data = readFileSync(file);
  const answers = [];
  for (let at = 0; at < data.length; ) {
    const length = data.readUInt32LE(at);
    answers.push(length === 0 ? undefined : data.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return answers;
}

export function tokenFile(dir, name, token) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${name}.token`);
  if (!existsSync(file)) writeFileSync(file, token, { mode: 0o600 });
  return file;
}

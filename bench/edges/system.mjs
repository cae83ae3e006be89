// A Vectron of separate processes, or of one, with what each of its processes and threads costs.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithBench } from '../harness/children.mjs';
import { pinned } from '../harness/machine.mjs';
import { cpuByThread, cpuOfThreads, memoryBytes } from '../harness/processes.mjs';

const CLI = fileURLToPath(new URL('../../apps/cli/bin/vectron.js', import.meta.url));

function start(args, ready, { nodeFlags = [], cores } = {}) {
  const [command, ...rest] = pinned(cores, [process.execPath, ...nodeFlags, CLI, ...args]);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  endWithBench(child);
  let output = '';
  const match = new Promise((resolve, reject) => {
    const look = (chunk) => {
      output += chunk;
      const found = ready.exec(output);
      if (found) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`vectron ${args[0]} ended with ${code}:\n${output}`)));
  });
  return { child, match, output: () => output };
}

class System {
  constructor(dir, parts, http, grpc, key) {
    Object.assign(this, { dir, parts, http, grpc, key });
  }

  cpu() {
    return Object.fromEntries(Object.entries(this.parts).map(([name, { child }]) => [name, cpuByThread(child.pid)]));
  }

  /** Of a single server. */
  get pid() {
    return this.parts.server.child.pid;
  }

  /** CPU of each thread of a single server. */
  threads() {
    return cpuOfThreads(this.pid);
  }

  residentBytes() {
    return Object.values(this.parts).reduce((sum, { child }) => sum + memoryBytes([child.pid]), 0);
  }

  get running() {
    return Object.values(this.parts).every(({ child }) => child.exitCode === null);
  }

  async stop() {
    for (const { child } of Object.values(this.parts).reverse()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const keyIn = (data) => JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8')).apiKey;

/** Whether `vectron serve` has a flag. */
export const hasFlag = (flag) =>
  new RegExp(`^\\s+${flag}\\s`, 'm').test(
    execFileSync(process.execPath, [CLI, 'serve', '--help'], { encoding: 'utf8' }),
  );

/** `vectron serve` with an empty folder. `cores`: those it may use. */
export async function startSingle(flags = [], { nodeFlags = [], cores } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-edges-'));
  const own = ['--no-sample', '--registration', 'open'];
  const args = ['serve', '--data', dir, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', ...own, ...flags];
  const ready = /REST\s+http:\/\/([\d.:]+)\/v1[\s\S]*gRPC\s+([\d.:]+)[\s\S]*ready/;
  const server = start(args, ready, { nodeFlags, cores });
  const [, http, grpc] = await server.match;
  return new System(dir, { server }, http, grpc, keyIn(dir));
}

export async function startSeparate(gatewayFlags = [], nodeFlags = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-edges-'));
  const token = join(dir, 'cluster.token');
  writeFileSync(token, `token-of-this-run-${process.pid}-${Date.now()}-of-enough-length`, { mode: 0o600 });
  const parts = {};
  const one = async (name, flags) => {
    const data = join(dir, name);
    mkdirSync(data);
    const own = name === 'reranker' ? [] : ['--data', data];
    parts[name] = start([name, ...own, '--cluster-token-file', token, ...flags], /ready (\{.*\})/, {
      nodeFlags: nodeFlags[name],
    });
    return JSON.parse((await parts[name].match)[1]);
  };
  const listen = ['--listen', '127.0.0.1:0'];
  const pd = await one('pd', listen);
  await one('worker', [...listen, '--raft-listen', '127.0.0.1:0', '--pd', pd.grpc]);
  const auth = await one('auth', listen);
  const reranker = await one('reranker', [...listen, '--pd', pd.grpc]);
  const gateway = await one('gateway', [
    '--http',
    '127.0.0.1:0',
    '--grpc',
    '127.0.0.1:0',
    '--pd',
    pd.grpc,
    '--auth',
    auth.grpc,
    '--reranker',
    reranker.grpc,
    ...gatewayFlags,
  ]);
  return new System(dir, parts, gateway.http.replace('http://', ''), gateway.grpc, keyIn(join(dir, 'auth')));
}

/** CPU milliseconds between two readings, divided by `count`: of each process and of all, JavaScript and engine apart. */
export function cpuPer(before, after, count) {
  const rows = {};
  const sum = { javascript: 0, engine: 0, rest: 0 };
  for (const [name, now] of Object.entries(after)) {
    rows[name] = 0;
    for (const kind of Object.keys(sum)) {
      const ms = ((now[kind] - before[name][kind]) * 1000) / count;
      sum[kind] += ms;
      rows[name] += ms;
    }
  }
  return { rows, ...sum, total: sum.javascript + sum.engine + sum.rest };
}

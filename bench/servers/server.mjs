// A server under test: its processes, ports and folder. Everything listens on the loopback address only.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { cpuSeconds, diskBytes, memoryBytes } from '../harness/processes.mjs';

const STOP_MS = 30_000;
const START_MS = 120_000;

/**
 * What an adapter gives besides: `static kind`, `static find()` (`settings`, or `missing` with the reason), `static wires` (the
 * preferred one first), `static hasHybrid`, `launch()`, `version()`, `create(collection, { dimension, words })`,
 * `isSettled(collection, count)`, `setEf(collection, ef)` where ef is no part of a request, and what the load generator sends:
 * `upserts(collection, { words })` with `wire` and `body(points)`, and `searches(wire, collection, { k, ef, below, hybrid })`
 * with `wire`, `body({ vector, words })` and `ids(answer)`. `token`: the bearer token, where there is one.
 */
export class Server {
  /** Searches after which it is as fast as it gets. */
  static warmRequests = 1_000;
  children = [];
  /** How it is asked to stop. */
  stopSignal = 'SIGTERM';

  constructor(home, settings) {
    Object.assign(this, { home, settings });
    this.data = join(home, 'data');
    mkdirSync(home, { recursive: true });
  }

  get name() {
    return this.constructor.kind;
  }

  async start() {
    this.ports ??= await freePorts(8);
    this.children = [];
    await this.launch();
  }

  /** Starts a process whose output goes to a file in the server's folder. */
  spawn(command, args, { env = {}, ...options } = {}) {
    const log = openSync(join(this.home, 'output.log'), 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
      cwd: this.home,
      ...options,
    });
    child.once('error', (error) => {
      child.failure = error;
    });
    closeSync(log);
    this.children.push(child);
  }

  /** Asks `look` until it does not throw; throws what it threw last when a process has ended or two minutes have passed. */
  async until(what, look) {
    for (const end = Date.now() + START_MS; ; ) {
      try {
        return await look();
      } catch (error) {
        const ended = this.children.find(
          (child) => child.exitCode !== null || child.signalCode !== null || child.failure,
        );
        if (ended || Date.now() > end) {
          throw new Error(`${this.name}: ${what} did not come; see ${this.home}/output.log`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  listening(port) {
    return this.until(`port ${port}`, () => connected(port));
  }

  async stop(signal = this.stopSignal) {
    for (const child of [...this.children].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(late);
    }
  }

  get pids() {
    return this.children.map(({ pid }) => pid);
  }

  cpu() {
    return cpuSeconds(this.pids);
  }

  async memory() {
    return memoryBytes(this.pids);
  }

  disk() {
    return diskBytes(this.data);
  }
}

const connected = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy()));
    socket.once('error', reject);
  });

/** Ports that nobody listens on now. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Sends JSON; resolves with the JSON of the answer. Throws for any other status than 2xx. */
export async function sendJson(method, url, body, headers = {}) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text.slice(0, 300)}`);
  return text === '' ? undefined : JSON.parse(text);
}

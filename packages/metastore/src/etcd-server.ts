import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { VectronError } from '@vectron/errors';

export interface EtcdServerOptions {
  /** The server's program. */
  readonly binary: string;
  /** Where each member keeps its data, in a directory of its own. */
  readonly dir: string;
  /** 1, or 3 or more and odd. */
  readonly members: number;
  /** Mutual TLS for clients and between members; without it the members listen on loopback for anyone here. */
  readonly tls?: { readonly authority: string; readonly certificate: string; readonly key: string };
  /** Ports in the order client, peer, client, peer...; default: free ones. */
  readonly ports?: readonly number[];
  /** Aborted: the start ends, with what it has started, and no member is started any more. */
  readonly signal?: AbortSignal;
  /** Called when a member ends that was not asked to. */
  readonly onExit?: (member: number) => void;
}

const READY_MS = 120_000;

/** An etcd cluster on this machine, for a local cluster and for tests. Members can be killed and started again. */
export class EtcdServer {
  readonly #children: (ChildProcess | undefined)[] = [];
  readonly #output: string[] = [];
  readonly #ending = new Set<Promise<unknown>>();

  private constructor(
    private readonly options: EtcdServerOptions,
    private readonly ports: readonly number[],
  ) {}

  static async start(options: EtcdServerOptions): Promise<EtcdServer> {
    const ports = options.ports ?? (await freePorts(2 * options.members));
    const server = new EtcdServer(options, ports);
    const { signal } = options;
    const cut = () => void server.stop();
    signal?.addEventListener('abort', cut);
    try {
      signal?.throwIfAborted();
      await Promise.all(Array.from({ length: options.members }, (_, member) => server.startMember(member)));
    } catch (error) {
      await server.stop();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cut);
    }
    return server;
  }

  get endpoints(): string[] {
    return this.#members().map((member) => this.#url(member, 0));
  }

  get pids(): (number | undefined)[] {
    return this.#children.map((child) => child?.pid);
  }

  #members = () => Array.from({ length: this.options.members }, (_, member) => member);
  #url = (member: number, kind: 0 | 1) =>
    `${this.options.tls ? 'https' : 'http'}://127.0.0.1:${this.ports[2 * member + kind]}`;

  async startMember(member: number): Promise<void> {
    const { binary, dir, tls, signal } = this.options;
    signal?.throwIfAborted();
    const data = join(dir, `etcd-${member + 1}`);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const [client, peer] = [this.#url(member, 0), this.#url(member, 1)];
    const cluster = this.#members().map((one) => `m${one + 1}=${this.#url(one, 1)}`);
    const flags: Record<string, string> = {
      name: `m${member + 1}`,
      'data-dir': data,
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': cluster.join(','),
      'auto-compaction-mode': 'periodic',
      'auto-compaction-retention': '1h',
      'log-level': 'info',
    };
    if (tls) {
      for (const kind of ['', 'peer-']) {
        flags[`${kind}trusted-ca-file`] = tls.authority;
        flags[`${kind}cert-file`] = tls.certificate;
        flags[`${kind}key-file`] = tls.key;
        flags[`${kind}client-cert-auth`] = 'true';
      }
    }
    const child = spawn(
      binary,
      Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#children[member] = child;
    this.#output[member] = '';
    const ready = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`not ready within ${READY_MS} ms`)), READY_MS);
      const hear = (chunk: Buffer) => {
        this.#output[member] = (this.#output[member] + chunk).slice(-20_000);
        if (this.#output[member].includes('ready to serve client requests')) {
          clearTimeout(late);
          resolve();
        }
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('error', reject);
      child.on('exit', (code) => {
        clearTimeout(late);
        reject(new Error(`ended with ${code}`));
        if (this.#children[member] === child) {
          this.#children[member] = undefined;
          this.options.onExit?.(member);
        }
      });
    });
    try {
      await ready;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
        const advice = 'there is no such program; pass the path of etcd 3.5.28, 3.6.9 or later with --etcd, or omit it';
        throw new VectronError('INVALID_ARGUMENT', `cannot run ${binary}: ${advice}`, { cause });
      }
      const said = this.#output[member]?.split('\n').slice(-6).join('\n');
      throw new VectronError('UNAVAILABLE', `etcd (${binary}): ${(cause as Error).message}\n${said}`, { cause });
    }
  }

  async stopMember(member: number, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#children[member];
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#children[member] = undefined;
    const ended = once(child, 'exit');
    this.#ending.add(ended);
    child.kill(signal);
    // One that was paused does not hear anything else.
    const forced = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    this.#ending.delete(ended);
    clearTimeout(forced);
  }

  /** Resolves when no member runs, also those that were told to stop before. */
  async stop(): Promise<void> {
    await Promise.all(this.#members().map((member) => this.stopMember(member)));
    await Promise.all(this.#ending);
  }
}

/** Below what Linux gives to outgoing connections (ip_local_port_range), so that none of those takes one meanwhile. */
const PORTS = { from: 10_000, to: 32_000 };

/** Ports on 127.0.0.1 that nobody listened on a moment ago, others than `promised`. */
export async function freePorts(count: number, promised: readonly number[] = []): Promise<number[]> {
  const held: Server[] = [];
  try {
    while (held.length < count) {
      const server = createServer();
      const port = randomInt(PORTS.from, PORTS.to);
      if (promised.includes(port)) continue;
      const isFree = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false));
        server.listen(port, '127.0.0.1', () => resolve(true));
      });
      if (isFree) held.push(server);
    }
    return held.map((server) => (server.address() as { port: number }).port);
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inspector } from './inspector.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const CLI = join(ROOT, 'apps', 'cli', 'bin', 'vectron.js');
const START_MS = 120_000;
const STOP_MS = 30_000;
const KEPT_LOG = 32 << 10;

/**
 * The system under attack, of this checkout, on loopback, with a data directory of its own. `kind`: single (one process) or
 * cluster (`vectron cluster local`); `tls`: the public listeners have a certificate.
 */
export async function startHome({ kind = 'single', tls = false, flags = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-attack-'));
  if (kind === 'cluster') return clusterHome(dir, flags);
  if (kind !== 'single') throw new Error(`there is no home ${kind}: take single or cluster`);
  return singleHome(dir, flags, tls ? await certificate(dir) : undefined);
}

/** Flags that this version of a command knows; so that older versions can be attacked as well. */
function known(command, flags) {
  const { stdout } = spawnSync(process.execPath, [CLI, command, '--help'], { encoding: 'utf8' });
  return flags.flatMap(([flag, value]) => (stdout.includes(`${flag} `) ? [flag, value] : []));
}

async function certificate(dir) {
  const { clusterCertificate } = await import('../../../apps/cli/dist/local/certificates.js');
  return clusterCertificate(join(dir, 'certificates'), 'public', ['127.0.0.1', 'localhost'], 'other');
}

const addressOf = (text) => {
  const [, host, port] = /^(?:https?:\/\/)?([\d.]+):(\d+)$/.exec(text);
  return { host, port: Number(port) };
};

async function singleHome(dir, flags, files) {
  const data = join(dir, 'data');
  const secure = files === undefined ? [] : ['--tls-cert', files.certificate, '--tls-key', files.key];
  const own = [...known('serve', [['--registration', 'open']]), ...secure, ...flags];
  let server = await Server.start(data, '127.0.0.1:0', '127.0.0.1:0', own);
  const { http, grpc } = server;
  const bootstrap = JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8'));
  return {
    http: addressOf(http),
    grpc: addressOf(grpc),
    authority: files && readFileSync(files.authority, 'utf8'),
    authorityFile: files?.authority,
    admin: { email: bootstrap.email ?? 'admin@vectron.local', password: bootstrap.password, key: bootstrap.apiKey },
    data,
    pids: () => [server.pid],
    running: () => server.running,
    logBytes: () => server.logBytes,
    log: () => server.log,
    collectGarbage: () => server.collectGarbage(),
    async restart() {
      await server.stop();
      const [http, grpc] = [server.http, server.grpc].map((text) => text.replace(/^https?:\/\//, ''));
      server = await Server.start(data, http, grpc, own);
    },
    async stop({ keep = false } = {}) {
      await server.stop();
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The process of a single server. */
class Server {
  logBytes = 0;
  log = '';
  #child;
  #inspector;

  static async start(data, http, grpc, flags) {
    const server = new Server();
    const args = ['serve', '--no-sample', '--data', data, '--http', http, '--grpc', grpc, ...flags];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VECTRON_'));
    server.#child = spawn(process.execPath, ['--inspect=127.0.0.1:0', CLI, ...args], {
      env: Object.fromEntries(inherited),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [server.#child.stdout, server.#child.stderr]) {
      stream.on('data', (bytes) => {
        server.logBytes += bytes.length;
        server.log = (server.log + bytes).slice(-KEPT_LOG);
      });
    }
    await server.#until(/ready; stop/);
    server.#inspector = await Inspector.of(server.log);
    server.http = /REST\s+(https?:\/\/[\d.:]+)\/v1/.exec(server.log)[1];
    server.grpc = /gRPC\s+([\d.:]+)/.exec(server.log)[1];
    return server;
  }

  async #until(pattern) {
    const signal = AbortSignal.timeout(START_MS);
    while (!pattern.test(this.log)) {
      if (!this.running) throw new Error(`the server ended at its start:\n${this.log}`);
      await Promise.race([once(this.#child.stdout, 'data', { signal }), once(this.#child, 'exit', { signal })]);
    }
  }

  get pid() {
    return this.#child.pid;
  }

  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  collectGarbage() {
    return this.#inspector.collectGarbage();
  }

  async stop() {
    this.#inspector.close();
    if (!this.running) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(kill);
  }
}

async function clusterHome(dir, flags) {
  const { LocalCluster } = await import('@vectron/cli');
  const cache = process.env.VECTRON_BUILD_CACHE ?? join(homedir(), '.cache', 'vectron');
  const ended = new Set();
  const cluster = await LocalCluster.start({
    ...{ dir, workers: 3, placementDrivers: 2, gateways: 1, etcdMembers: 1, etcdBinary: join(cache, 'etcd', 'etcd') },
    flags: {
      auth: known('auth', [['--registration', 'open']]),
      gateway: [...known('gateway', [['--registration', 'open']]), ...flags],
    },
    onExit: (name) => ended.add(name),
  });
  const { http, grpc, apiKey } = cluster.info;
  const bootstrap = JSON.parse(readFileSync(join(dir, 'bootstrap.json'), 'utf8'));
  const logs = () => cluster.info.processes.map(({ log }) => log);
  const sizeOf = (file) => {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() ? stat.size : 0;
  };
  return {
    http: addressOf(http[0]),
    grpc: addressOf(grpc[0]),
    admin: { email: bootstrap.email ?? 'admin@vectron.local', password: bootstrap.password, key: apiKey },
    data: dir,
    pids: () => cluster.info.processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    running: () => ended.size === 0,
    logBytes: () => logs().reduce((sum, file) => sum + sizeOf(file), 0),
    log: () => [...ended].join(', '),
    collectGarbage: async () => {},
    async restart() {
      const names = [...ended];
      ended.clear();
      for (const name of names) await cluster.startService(name);
    },
    async stop({ keep = false } = {}) {
      await cluster.stop();
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
}

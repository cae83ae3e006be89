/** A cluster of real processes whose workers can be killed, lose power and be cut off. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { placement, worker as workerProto } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';

const CLI = resolve('apps/cli/bin/vectron.js');
const WORKERS = 3;
const DISK_BYTES = 512 * 2 ** 20;
/** EXT4_IOC_SHUTDOWN with NOLOGFLUSH: what was not synced is gone, as when the power fails (xfstests, "godown"). */
const POWER_LOSS = `
import fcntl, os, struct, sys
at = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(at, 0x8004587d, struct.pack('I', 2))
`;

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Runs a command; throws with what it said when it fails. */
export function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

/** Ends the wait for what never comes. How soon something came is told, and judged on an idle machine alone. */
export const WAIT_MS = 600_000;

/** Waits for `condition`; throws after ten minutes, naming what did not come about and the last error. */
export async function until(what, condition) {
  const end = Date.now() + WAIT_MS;
  let last = '';
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      last = `; ${error.message}`;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${WAIT_MS / 1_000} s${last}`);
    await sleep(100);
  }
}

/** What this machine lets the harness do; throws naming what is missing. */
export function probe() {
  const missing = [];
  if (process.getuid?.() !== 0) missing.push('root');
  for (const tool of ['ip', 'nft', 'mkfs.ext4', 'python3', 'openssl', 'go']) {
    if (spawnSync('which', [tool]).status !== 0) missing.push(tool);
  }
  if (missing.length > 0) throw new Error(`the fault tests need ${missing.join(', ')}`);
}

export class Cluster {
  #base = mkdtempSync(join(tmpdir(), 'vectron-faults-'));
  #processes = new Map();
  #token = 'a-token-of-this-test-cluster-only';

  /** Starts everything. `flags`: more flags of the workers; `diskBytes`: of each worker's file system. */
  static async start(flags = [], diskBytes = DISK_BYTES) {
    const cluster = new Cluster();
    cluster.diskBytes = diskBytes;
    cluster.flags = flags;
    writeFileSync(join(cluster.#base, 'token'), cluster.#token, { mode: 0o600 });
    cluster.#certificates();
    cluster.#network();
    await cluster.#service('pd', ['--listen', cluster.#socket('pd')], true);
    for (let number = 1; number <= WORKERS; number += 1) {
      cluster.#disk(number);
      // One after the other, so that each gets the number of its place.
      await cluster.startWorker(number);
    }
    await cluster.#service('auth', ['--listen', '127.0.0.1:0'], true);
    await cluster.#service('reranker', ['--listen', '127.0.0.1:0', '--pd', cluster.#socket('pd')], false);
    const address = (name) => cluster.#processes.get(name).lines.grpc;
    const services = ['--pd', cluster.#socket('pd'), '--auth', address('auth'), '--reranker', address('reranker')];
    const gateway = await cluster.#service(
      'gateway',
      ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', ...services],
      true,
    );
    cluster.grpc = `grpc://${gateway.lines.grpc}`;
    cluster.apiKey = JSON.parse(readFileSync(join(cluster.#base, 'auth', 'bootstrap.json'), 'utf8')).apiKey;
    cluster.pd = createClient(placement.PlacementServiceService, cluster.#socket('pd'), {
      clusterToken: cluster.#token,
    });
    return cluster;
  }

  #socket(name) {
    return `unix:${join(this.#base, `${name}.sock`)}`;
  }

  #certificates() {
    const at = (name) => join(this.#base, name);
    const quiet = (...args) => run('openssl', ...args);
    quiet(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=vectron test authority',
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
    );
    quiet(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=vectron-worker',
      '-keyout',
      at('worker.key'),
      '-out',
      at('worker.csr'),
    );
    writeFileSync(at('ext'), 'subjectAltName=DNS:vectron-worker\nextendedKeyUsage=serverAuth,clientAuth\n');
    quiet(
      'x509',
      '-req',
      '-in',
      at('worker.csr'),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at('ext'),
      '-out',
      at('worker.pem'),
    );
  }

  /** A network namespace a worker, on one bridge. Only the workers' own traffic crosses it. */
  #network() {
    this.bridge = `vtb${process.pid % 10_000}`;
    run('ip', 'link', 'add', this.bridge, 'type', 'bridge');
    run('ip', 'link', 'set', this.bridge, 'up');
    for (let number = 1; number <= WORKERS; number += 1) {
      const [space, outer, inner] = [this.#space(number), `vto${number}-${process.pid % 10_000}`, `vti${number}`];
      run('ip', 'netns', 'add', space);
      run('ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', space);
      run('ip', 'link', 'set', outer, 'master', this.bridge, 'up');
      const inside = (...args) => run('ip', '-n', space, ...args);
      inside('addr', 'add', `${this.#address(number)}/24`, 'dev', inner);
      inside('link', 'set', inner, 'up');
      inside('link', 'set', 'lo', 'up');
      this.#nft(number, 'add', 'table', 'inet', 'cut');
      this.#nft(number, 'add', 'chain', 'inet', 'cut', 'in', '{ type filter hook input priority 0 ; }');
    }
  }

  #space = (number) => `vectron-${process.pid}-${number}`;
  #address = (number) => `10.213.7.${10 + number}`;
  #nft = (number, ...args) => run('ip', 'netns', 'exec', this.#space(number), 'nft', ...args);

  /** What `to` is sent by `from` is lost. */
  cutOneWay(from, to) {
    this.#nft(to, 'add', 'rule', 'inet', 'cut', 'in', 'ip', 'saddr', this.#address(from), 'drop');
  }

  cut(a, b) {
    this.cutOneWay(a, b);
    this.cutOneWay(b, a);
  }

  heal() {
    for (let number = 1; number <= WORKERS; number += 1) this.#nft(number, 'flush', 'chain', 'inet', 'cut', 'in');
  }

  /** A file system of its own in a file, for power losses. */
  #disk(number) {
    const image = join(this.#base, `disk-${number}.img`);
    mkdirSync(this.dataOf(number));
    run('truncate', '-s', String(this.diskBytes), image);
    run('mkfs.ext4', '-q', '-F', image);
    this.#mount(number);
  }

  #mount(number) {
    run('mount', '-o', 'loop', join(this.#base, `disk-${number}.img`), this.dataOf(number));
  }

  /** Leaves `free` bytes on a worker's disk. */
  fillDisk(number, free) {
    const { bavail, bsize } = statfsSync(this.dataOf(number));
    run('fallocate', '-l', String(bavail * bsize - free), join(this.dataOf(number), 'filler'));
  }

  freeDisk(number) {
    run('rm', join(this.dataOf(number), 'filler'));
  }

  dataOf(number) {
    return join(this.#base, `worker-${number}`);
  }

  async startWorker(number) {
    const at = (name) => join(this.#base, name);
    const raft = ['--raft-listen', `${this.#address(number)}:6301`];
    const tls = [
      '--raft-tls-ca',
      at('ca.pem'),
      '--raft-tls-cert',
      at('worker.pem'),
      '--raft-tls-key',
      at('worker.key'),
    ];
    const flags = [
      '--listen',
      this.#socket(`worker-${number}`),
      '--pd',
      this.#socket('pd'),
      ...raft,
      ...tls,
      ...this.flags,
    ];
    await this.#service('worker', flags, true, `worker-${number}`, [
      // Not `ip netns exec`: that would keep the other workers' file systems mounted.
      'nsenter',
      `--net=/var/run/netns/${this.#space(number)}`,
    ]);
  }

  async #service(service, flags, hasData, name = service, prefix = []) {
    const data = join(this.#base, name);
    mkdirSync(data, { recursive: true });
    const args = [...prefix, process.execPath, CLI, service, ...(hasData ? ['--data', data] : [])];
    const child = spawn(args[0], [...args.slice(1), '--cluster-token-file', join(this.#base, 'token'), ...flags], {
      env: Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('VECTRON_'))),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const one = { child, output: '', lines: {} };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        one.output = (one.output + chunk).slice(-100_000);
      });
    }
    this.#processes.set(name, one);
    const ready = await until(`${name} is ready`, () => {
      if (child.exitCode !== null) throw new Error(one.output);
      return /ready (\{.*\})/.exec(one.output);
    }).catch((error) => {
      throw new Error(`${error.message}\n${one.output}`);
    });
    one.lines = JSON.parse(ready[1]);
    return one;
  }

  async kill(...numbers) {
    const gone = numbers.map((number) => {
      const { child } = this.#processes.get(`worker-${number}`);
      const ended = once(child, 'exit');
      // `nsenter` becomes the process it runs.
      child.kill('SIGKILL');
      return ended;
    });
    await Promise.all(gone);
  }

  /** The power of these workers fails at one moment. */
  async losePower(...numbers) {
    for (const number of numbers) run('python3', '-c', POWER_LOSS, this.dataOf(number));
    await this.kill(...numbers);
    for (const number of numbers) {
      await until('the file system is free', () => run('umount', this.dataOf(number)) !== undefined);
      this.#mount(number);
    }
  }

  /** Heartbeats, counts and roles of a collection's shards, as the placement driver has them. */
  async shards(name) {
    const { collections } = await this.pd.api.listCollections({ tenantId: '' }, callContext({ timeoutMs: 5_000 }));
    return collections.find((one) => one.name === name).shards;
  }

  async leaderOf(name) {
    const [shard] = await this.shards(name);
    return shard.ready ? shard.replicas.find(({ workerId }) => workerId === shard.leaderWorkerId).number : 0;
  }

  /** Calls a worker directly, whatever network it is on. */
  client(number) {
    const service = workerProto.WorkerServiceService;
    return createClient(service, this.#socket(`worker-${number}`), { clusterToken: this.#token });
  }

  socketOf(number) {
    return this.#socket(`worker-${number}`);
  }

  get token() {
    return this.#token;
  }

  pidOf(number) {
    return this.#processes.get(`worker-${number}`).child.pid;
  }

  outputOf(name) {
    return this.#processes.get(name).output;
  }

  async stop() {
    this.pd?.close();
    for (const { child } of [...this.#processes.values()].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    for (let number = 1; number <= WORKERS; number += 1) {
      spawnSync('umount', [this.dataOf(number)]);
      spawnSync('ip', ['netns', 'del', this.#space(number)]);
    }
    spawnSync('ip', ['link', 'del', this.bridge]);
    spawnSync('rm', ['-rf', this.#base]);
  }
}

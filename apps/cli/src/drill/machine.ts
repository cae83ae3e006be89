import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@vectron/sdk';
import { LocalCluster, raftHost } from '../local/local-cluster.js';
import type { Drill, DrillRun } from './drill.js';
import { sleep, until } from './until.js';

/** Drills that change this machine for a while: they need root. */
const missing =
  (...tools: string[]) =>
  () => {
    if (process.getuid?.() !== 0) return 'root';
    return tools.find((tool) => spawnSync('which', [tool]).status !== 0);
  };

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || stdout}`);
  return stdout;
}

const TABLE = 'vectron_drill';
const WORKERS = '127.0.1.0/24';

/** Packets between workers that are lost, in this machine's own firewall table. */
class Cut {
  constructor() {
    spawnSync('nft', ['delete', 'table', 'ip', TABLE]);
    run('nft', 'add', 'table', 'ip', TABLE);
    run('nft', 'add', 'chain', 'ip', TABLE, 'in', '{ type filter hook input priority 0 ; }');
  }

  /** What `host` sends to other workers does not arrive. */
  mute(host: string): void {
    this.#drop('ip', 'saddr', host, 'ip', 'daddr', WORKERS, 'ip', 'daddr', '!=', host);
  }

  /** What other workers send to `host` does not arrive. */
  deafen(host: string): void {
    this.#drop('ip', 'daddr', host, 'ip', 'saddr', WORKERS, 'ip', 'saddr', '!=', host);
  }

  #drop(...match: string[]): void {
    run('nft', 'add', 'rule', 'ip', TABLE, 'in', ...match, 'counter', 'drop');
  }

  /** Packets lost so far: a cut that lost none was none. */
  get lost(): number {
    const counts = run('nft', 'list', 'table', 'ip', TABLE).matchAll(/packets (\d+)/g);
    return [...counts].reduce((sum, [, packets]) => sum + Number(packets), 0);
  }

  heal(): void {
    run('nft', 'delete', 'table', 'ip', TABLE);
  }
}

/** Cuts the worker that leads most shards off from the other workers; clients and placement drivers still reach it. */
async function cutLeader(drill: DrillRun, cut: (table: Cut, host: string) => void, boundMs: number): Promise<void> {
  await drill.prepare();
  const load = await drill.load();
  const shards = await drill.shards();
  const leads = (worker: number) => shards.filter(({ leader }) => leader === worker).length;
  const number = [...new Set(shards.map(({ leader }) => leader))].sort((a, b) => leads(b) - leads(a))[0];
  const table = new Cut();
  try {
    const at = performance.now();
    cut(table, raftHost(drill.workerName(number)));
    await sleep(12_000);
    drill.expect('packets lost', 'more than 0', String(table.lost), table.lost > 0);
    drill.within('longest write while cut off', load.longest(at, 'upsert'), boundMs);
    drill.within('longest strong read while cut off', load.longest(at, 'get'), boundMs);
  } finally {
    table.heal();
  }
  drill.within('every replica current again after healing', await drill.whole(), 30_000);
  await drill.settle(load);
}

const partition: Drill = {
  name: 'partition',
  about: 'the worker that leads most shards is cut off from the other workers, both ways',
  needs: missing('nft'),
  run: (drill) =>
    cutLeader(
      drill,
      (table, host) => {
        table.mute(host);
        table.deafen(host);
      },
      8_000,
    ),
};

const deaf: Drill = {
  name: 'partition-one-way',
  about: 'the worker that leads most shards hears nothing of the other workers, and is heard',
  needs: missing('nft'),
  run: (drill) => cutLeader(drill, (table, host) => table.deafen(host), 10_000),
};

const DISK = '256m';

const diskFull: Drill = {
  name: 'disk-full',
  about: 'the disk of a worker fills up, in a small cluster of its own',
  needs: missing('mount', 'umount', 'fallocate'),
  async run(drill) {
    const dir = join(drill.cluster.info.dir, 'disk-full');
    const disk = join(dir, 'worker-1');
    mkdirSync(disk, { recursive: true });
    run('mount', '-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk);
    let small: LocalCluster | undefined;
    try {
      small = await LocalCluster.start({
        dir,
        workers: 1,
        placementDrivers: 1,
        gateways: 1,
        etcdMembers: 1,
        etcdBinary: drill.cluster.etcdBinary,
      });
      await fill(drill, small, disk);
    } finally {
      await small?.stop();
      run('umount', disk);
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

async function fill(drill: DrillRun, cluster: LocalCluster, disk: string): Promise<void> {
  const { http, apiKey } = cluster.info;
  const db = connect(http, { apiKey, retries: 0 });
  const point = (id: string) => [{ id, vector: [1, 0, 0, 0] }];
  await db.createCollection('full', { dimension: 4, distance: 'cosine', shards: 1, replicas: 1 });
  const expected = new Set<string>();
  const write = async (id: string) => {
    await db.upsert('full', point(id));
    expected.add(id);
  };
  for (let at = 0; at < 200; at++) await write(`p${at}`);
  const { bavail, bsize } = statfsSync(disk);
  run('fallocate', '-l', String(bavail * bsize - (4 << 20)), join(disk, 'filler'));
  const code = async (call: Promise<unknown>) =>
    call.then(
      () => 'OK',
      (error) => (error as { code: string }).code,
    );
  const refused = await until('upserts are refused', async () => {
    const said = await code(write('late'));
    return said !== 'OK' && said;
  }).catch(() => 'never');
  drill.expect('upserts on a full disk', 'DISK_LOW', refused, refused === 'DISK_LOW');
  const reads = [await code(db.search('full', { vector: [1, 0, 0, 0], topK: 5 })), await code(db.get('full', 'p7'))];
  const deleted = await code(db.delete('full', 'p0'));
  expected.delete('p0');
  drill.expect(
    'search, get, delete on a full disk',
    'OK',
    [...reads, deleted].join(', '),
    [...reads, deleted].every((said) => said === 'OK'),
  );
  rmSync(join(disk, 'filler'));
  const from = performance.now();
  await until('upserts are back', async () => (await code(write('after'))) === 'OK');
  drill.within('upserts back after there is space', performance.now() - from, 10_000);
  const { points } = await db.listPoints('full', { limit: 1_000, consistency: 'linearizable' });
  const same = points.length === expected.size && points.every(({ id }) => expected.has(id));
  drill.expect('points stored', `the ${expected.size} acknowledged`, String(points.length), same);
  await db.close();
}

export const MACHINE: readonly Drill[] = [partition, deaf, diskFull];

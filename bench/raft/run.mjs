/**
 * What replication costs, on a cluster of three worker processes on this machine (as root; see test/faults/cluster.mjs):
 * commit latency and throughput beside the disk's own, idle groups, a new replica under load.
 *
 *   npm run bench:raft [-- --points 100000] [--only commit,idle,join]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { workerData } from '@vectron/proto';
import { StreamWorkerClient } from '@vectron/routing';
import { connect } from '@vectron/sdk';
import { Cluster, probe, sleep, until } from '../../test/faults/cluster.mjs';

const { values: options } = parseArgs({
  options: { points: { type: 'string', default: '100000' }, only: { type: 'string', default: 'commit,idle,join' } },
});
const wanted = new Set(options.only.split(','));
const DIMENSION = 384;
const BATCH = 100;
const quantile = (sorted, q) => Number(sorted[Math.floor((sorted.length - 1) * q)].toFixed(2));
const results = { dimension: DIMENSION, batch: BATCH };

function batchOf(first) {
  return Array.from({ length: BATCH }, (_, at) => ({
    id: `p${first + at}`,
    vector: Float32Array.from({ length: DIMENSION }, () => Math.random() - 0.5),
  }));
}

/** Writes to the leader itself, as a gateway does. */
async function commits(cluster) {
  const [shard] = await cluster.shards('commit');
  const leader = await until('a leader', () => cluster.leaderOf('commit'));
  const client = new StreamWorkerClient({ clusterToken: cluster.token });
  let next = 0;
  const one = async () => {
    next += BATCH;
    const points = batchOf(next).map(({ id, vector }) => ({
      id,
      vector: Buffer.from(vector.buffer),
      payload: Buffer.alloc(0),
    }));
    const op = workerData.ShardOp.fromPartial({
      shardId: shard.shardId,
      shardEpoch: shard.epoch,
      op: { $case: 'upsert', value: { points } },
    });
    const bytes = Buffer.from(workerData.ShardOp.encode(op).finish());
    const began = performance.now();
    const answer = await client.submit({ workerId: 'w', address: cluster.socketOf(leader) }, bytes, {
      write: true,
      timeoutMs: 30_000,
    });
    const { errorCode, errorMessage } = workerData.ShardOutcome.decode(answer);
    if (errorCode !== '') throw new Error(`${errorCode}: ${errorMessage}`);
    return { ms: performance.now() - began, bytes: bytes.length };
  };
  const { bytes } = await one();
  const disk = join(cluster.dataOf(leader), 'limit');
  const tool = join(
    process.env.VECTRON_BUILD_CACHE ?? join(homedir(), '.cache', 'vectron'),
    'target',
    'release',
    'examples',
    'synced_writes',
  );
  const measured = spawnSync(tool, [disk, String(bytes), '200'], { encoding: 'utf8' });
  rmSync(disk, { recursive: true, force: true });
  results.limit = JSON.parse(measured.stdout);
  results.commit = [];
  for (const clients of [1, 8, 32]) {
    const took = [];
    const [began, end] = [performance.now(), performance.now() + 6_000];
    const work = async () => {
      while (performance.now() < end) took.push((await one()).ms);
    };
    await Promise.all(Array.from({ length: clients }, work));
    const seconds = (performance.now() - began) / 1_000;
    took.sort((a, b) => a - b);
    const row = {
      clients,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      pointsPerSecond: Math.round((took.length * BATCH) / seconds),
    };
    results.commit.push({ ...row, timesLimit: Number((row.p50 / results.limit.p50).toFixed(1)) });
    console.log(row);
    await until('the index', async () => (await cluster.shards('commit'))[0].metrics.tailPoints < 1_000);
  }
  await client.close();
}

const cpuOf = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const memoryOf = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function idle(cluster, db) {
  const measure = async () => {
    const before = [1, 2, 3].map((one) => cpuOf(cluster.pidOf(one)));
    await sleep(20_000);
    return [1, 2, 3].map((one, at) => (cpuOf(cluster.pidOf(one)) - before[at]) / 200);
  };
  const without = await measure();
  await db.createCollection('idle', { dimension: 2, shards: 64 });
  await sleep(5_000);
  const with64 = await measure();
  const share = with64.map((percent, at) => Number((percent - without[at]).toFixed(1)));
  results.idle = { groups: 64, percentOfACorePerWorker: share, withoutGroups: without };
  console.log(results.idle);
  await db.deleteCollection('idle');
}

/** A worker whose replica's files are gone gets another one, while writes go on. */
async function joining(cluster, db) {
  const total = Number(options.points);
  await db.createCollection('join', { dimension: DIMENSION, shards: 1 });
  for (let first = 0; first < total; first += 10 * BATCH) {
    await Promise.all(Array.from({ length: 10 }, (_, at) => db.upsert('join', batchOf(first + at * BATCH))));
  }
  await until('the index', async () => (await cluster.shards('join'))[0].metrics.tailPoints === 0);
  const leader = await cluster.leaderOf('join');
  const victim = (leader % 3) + 1;
  const [{ shardId }] = await cluster.shards('join');
  let next = total;
  /** Writes while `work` lasts; returns what was written and by how much the leader grew at most. */
  const underLoad = async (work) => {
    const before = memoryOf(cluster.pidOf(leader));
    let [most, stop, written] = [before, false, 0];
    const watch = setInterval(() => {
      most = Math.max(most, memoryOf(cluster.pidOf(leader)));
    }, 50);
    const load = async () => {
      while (!stop) {
        next += BATCH;
        await db.upsert('join', batchOf(next));
        written += BATCH;
      }
    };
    const loading = load();
    await work();
    clearInterval(watch);
    stop = true;
    await loading;
    return { written, grewMiB: Math.round(most - before) };
  };
  // The same without a new replica, for comparison.
  await underLoad(() => sleep(20_000));
  const control = await underLoad(() => sleep(20_000));
  let seconds = 0;
  const joined = await underLoad(async () => {
    await cluster.kill(victim);
    rmSync(join(cluster.dataOf(victim), 'worker', 'shards', String(shardId)), { recursive: true });
    const began = performance.now();
    await cluster.startWorker(victim);
    await until('the new replica votes', async () => {
      const [shard] = await cluster.shards('join');
      const own = shard.replicas.find(({ number }) => number === victim);
      const votes = own.metrics?.role === 'follower' && shard.metrics.voters.includes(own.replicaId);
      return votes && own.replicaId % 65_536n > 1n;
    });
    seconds = (performance.now() - began) / 1_000;
  });
  results.join = { points: total, secondsToVoter: Number(seconds.toFixed(1)), joined, control };
  console.log(results.join);
}

probe();
const flags = ['--disk-low-water', '16MiB', '--log', 'error'];
const cluster = await Cluster.start(flags, 3 * 2 ** 30);
try {
  const db = connect(cluster.grpc, { apiKey: cluster.apiKey, retries: 6 });
  if (wanted.has('commit')) {
    await db.createCollection('commit', { dimension: DIMENSION, shards: 1 });
    await commits(cluster);
    await db.deleteCollection('commit');
  }
  if (wanted.has('idle')) await idle(cluster, db);
  if (wanted.has('join')) await joining(cluster, db);
  await db.close();
} finally {
  await cluster.stop();
}
mkdirSync('bench/results', { recursive: true });
writeFileSync(
  `bench/results/raft-${new Date().toISOString().replace(/[:.]/g, '-').slice(0, 19)}.json`,
  `${JSON.stringify(results, null, 2)}\n`,
);
console.log(JSON.stringify(results));

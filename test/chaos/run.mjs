/**
 * Random faults and random work on a whole cluster (workers, placement drivers, gateways, etcd), while clients write, delete
 * and read a few hot ids; then the history is checked for linearizability, and every replica against the others.
 *
 *   node test/chaos/run.mjs [--seconds N] [--seed N] [--etcd PROGRAM]
 *
 * Faults: kill, SIGTERM and restart, pause of any process; as root also cuts (both ways, one way) and loss of packets between
 * workers. Work: moves, splits, drains. Each is seen to have happened, or counts as not done. Prints the seed, what was
 * done and the verdicts; exits 1 when one is bad. What such runs found is in test/chaos/track-record.md.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LocalCluster } from '@vectron/cli';
import { worker as workerProto } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { checkHistory } from '../faults/check.mjs';
import { Load } from '../faults/clients.mjs';
import { sleep, until } from '../faults/cluster.mjs';
import { randomOf } from '../faults/random.mjs';

const cache = process.env.VECTRON_BUILD_CACHE ?? join(homedir(), '.cache', 'vectron');
const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string' },
    etcd: { type: 'string', default: join(cache, 'etcd', 'etcd') },
  },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000);
const random = randomOf(seed);
const HOT = 'hot';
const MOST_SHARDS = 6;
const TABLE = 'vectron_chaos';
const WORKERS = '127.0.1.0/24';
const canCut = process.getuid?.() === 0 && spawnSync('which', ['nft']).status === 0;

const verdicts = [];
const done = new Map();
function verdict(what, good, detail = '') {
  verdicts.push(good);
  console.log(`${good ? 'ok  ' : 'BAD '} ${what}${detail ? `: ${detail}` : ''}`);
}
const pick = (list) => list[Math.floor(random() * list.length)];
const seconds = (from, to) => (from + random() * (to - from)) * 1_000;
const nft = (...args) => {
  const { status, stdout, stderr } = spawnSync('nft', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`nft ${args.join(' ')}: ${stderr}`);
  return stdout;
};
/** State of a process as the kernel has it: T is stopped. */
const stateOf = (pid) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

const dir = mkdtempSync(join(tmpdir(), 'vectron-chaos-'));
console.log(`seed ${seed}; again: node test/chaos/run.mjs --seed ${seed} --seconds ${options.seconds}`);
console.log(`cuts and loss of packets: ${canCut ? 'by nft' : 'left out, they need root and nft'}`);
const cluster = await LocalCluster.start({
  dir,
  workers: 4,
  placementDrivers: 2,
  gateways: 2,
  etcdMembers: 3,
  etcdBinary: options.etcd,
  flags: { worker: ['--raft-snapshot-entries', '300', '--scrub-seconds', '0'] },
});
const { grpc, http, apiKey } = cluster.info;
// What fails is tried again by the plan, or counts as not done.
const operator = connect(http, { apiKey, timeoutMs: 15_000, retries: 1 }).admin;
const shards = async () => (await operator.shards()).filter(({ collection }) => collection === HOT);

/** Everything runs, and every shard has three current replicas and nothing under way. */
async function whole() {
  await until('every shard is whole', async () => {
    const all = await shards();
    return all.every(
      ({ ready, healthyReplicas, voters, operation }) =>
        ready && healthyReplicas === voters && voters === 3 && !operation,
    );
  });
}

async function killed(name) {
  const child = cluster.child(name);
  await child.stop('SIGKILL');
  await sleep(seconds(0.5, 6));
  await cluster.startService(name);
}

async function paused(name) {
  const child = cluster.child(name);
  child.signal('SIGSTOP');
  await sleep(200);
  if (stateOf(child.pid) !== 'T') throw new Error(`${name} did not stop`);
  await sleep(seconds(1, 8));
  child.signal('SIGCONT');
}

/** Packets between workers get lost as the rules say, for a while. */
async function network(rules) {
  spawnSync('nft', ['delete', 'table', 'ip', TABLE]);
  nft('add', 'table', 'ip', TABLE);
  nft('add', 'chain', 'ip', TABLE, 'in', '{ type filter hook input priority 0 ; }');
  for (const rule of rules) nft('add', 'rule', 'ip', TABLE, 'in', ...rule, 'counter', 'drop');
  await sleep(seconds(2, 8));
  const lost = [...nft('list', 'table', 'ip', TABLE).matchAll(/packets (\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  nft('delete', 'table', 'ip', TABLE);
  if (lost === 0) throw new Error('no packet was lost');
}
const others = (side, host) => ['ip', side, WORKERS, 'ip', side, '!=', host];
const anyWorker = () => pick(cluster.running('worker'));
const hostOf = (name) => `127.0.1.${name.split('-')[1]}`;

const faults = {
  'kill a worker': () => killed(anyWorker()),
  'kill a placement driver': () => killed(pick(cluster.running('pd'))),
  'kill a gateway': () => killed(pick(cluster.running('gateway'))),
  'kill an etcd member': async () => {
    const member = Math.floor(random() * 3);
    await cluster.etcd.stopMember(member, 'SIGKILL');
    await sleep(seconds(0.5, 5));
    await cluster.etcd.startMember(member);
  },
  'restart a worker': () => cluster.restart(anyWorker()),
  'pause a worker': () => paused(anyWorker()),
  'pause a placement driver': () => paused(pick(cluster.running('pd'))),
  ...(canCut && {
    'cut a worker off': () => {
      const host = hostOf(anyWorker());
      return network([
        ['ip', 'daddr', host, ...others('saddr', host)],
        ['ip', 'saddr', host, ...others('daddr', host)],
      ]);
    },
    'cut a worker off one way': () => {
      const host = hostOf(anyWorker());
      return network([
        pick([
          ['ip', 'daddr', host, ...others('saddr', host)],
          ['ip', 'saddr', host, ...others('daddr', host)],
        ]),
      ]);
    },
    'lose a fifth of the packets': () =>
      network([['ip', 'saddr', WORKERS, 'ip', 'daddr', WORKERS, 'numgen', 'random', 'mod', '100', '<', '20']]),
  }),
};
const work = {
  'move a replica': async () => {
    const shard = pick(await shards());
    const holders = shard.replicas.filter(({ learner }) => !learner).map(({ worker }) => worker);
    const free = (await operator.workers()).filter(
      ({ number, state }) => !holders.includes(number) && state !== 'REMOVED',
    );
    await operator.moveReplica(shard.shardId, {
      from: String(pick(holders)),
      to: String(pick(free).number),
    });
  },
  'split a shard': async () => {
    const all = await shards();
    if (all.length >= MOST_SHARDS) throw new Error('enough shards');
    await operator.splitShard(pick(all).shardId);
  },
  'drain a worker for a while': async () => {
    const { number } = pick(await operator.workers());
    await operator.drainWorker(String(number));
    await sleep(seconds(1, 6));
    // The cluster may be in the middle of a fault.
    await until('the drain is taken back', async () => {
      await operator.drainWorker(String(number), { cancel: true });
      return true;
    });
  },
};

/** What of the plan was done; what could not be is said and not counted. */
async function attempt(kind, name, act) {
  const from = performance.now();
  try {
    await act();
    done.set(name, (done.get(name) ?? 0) + 1);
    console.log(`     ${kind}: ${name}, ${((performance.now() - from) / 1_000).toFixed(1)} s`);
  } catch (error) {
    console.log(`     ${kind}: ${name} not done: ${error.message}`);
  }
}

/** Compares the replicas of a shard by their hashes. */
async function compared({ shardId, leader }) {
  const token = readFileSync(join(dir, 'secrets', 'cluster.token'), 'utf8').trim();
  const client = createClient(workerProto.WorkerServiceService, cluster.addressOf(`worker-${leader}`), {
    clusterToken: token,
    tls: cluster.serviceTls,
  });
  try {
    return (await client.api.scrub({ shardId }, callContext({ timeoutMs: 60_000 }))).differingReplicaIds;
  } finally {
    client.close();
  }
}

const began = Date.now();
let load;
try {
  const db = connect(http, { apiKey });
  await db.createCollection(HOT, { dimension: 2, distance: 'euclidean', shards: 2, replicas: 3 });
  await whole();
  load = new Load({ grpc: grpc.map((address) => `grpc://${address}`).join(','), apiKey }, HOT, random);
  load.start();
  const end = Date.now() + Number(options.seconds) * 1_000;
  const repeat = async (kind, acts, pauseS) => {
    while (Date.now() < end) {
      const name = pick(Object.keys(acts));
      await attempt(kind, name, acts[name]);
      await sleep(seconds(...pauseS));
    }
  };
  await Promise.all([repeat('fault', faults, [1, 4]), repeat('work', work, [2, 6])]);
  const healed = Date.now();
  await whole();
  verdict('every shard is whole after the faults', true, `${Date.now() - healed} ms`);
  await sleep(2_000);
  await load.stop();
  await load.readAll();
  const stored = new Map();
  for (const { points } of [await db.listPoints(HOT, { limit: 1_000, consistency: 'linearizable' })]) {
    for (const { id } of points) stored.set(id, (stored.get(id) ?? 0) + 1);
  }
  verdict(
    'no point is stored twice',
    [...stored.values()].every((times) => times === 1),
    `${stored.size} points in ${(await shards()).length} shards`,
  );
  const differing = [];
  for (const shard of await shards()) differing.push(...(await compared(shard)));
  verdict('replicas are equal', differing.length === 0, `${(await shards()).length} shards`);
  checkHistory(load, verdict);
  await db.close();
} catch (error) {
  verdict('the run came to its end', false, error.stack);
} finally {
  if (canCut) spawnSync('nft', ['delete', 'table', 'ip', TABLE]);
  await load?.stop();
  await cluster.stop();
}
console.log(`     done: ${[...done].map(([name, times]) => `${name} ${times}`).join(', ')}`);
console.log(
  `     failed calls: ${[...(load?.errors ?? [])].map(([code, count]) => `${code} ${count}`).join(', ') || 'none'}`,
);
const kinds = [faults, work].map((acts) => Object.keys(acts).some((name) => done.has(name)));
verdict('faults and work happened', kinds.every(Boolean), `${[...done.values()].reduce((sum, n) => sum + n, 0)}`);
const bad = verdicts.filter((good) => !good).length;
console.log(
  JSON.stringify({ seed, seconds: Math.round((Date.now() - began) / 1_000), verdicts: verdicts.length, bad }),
);
if (bad === 0) rmSync(dir, { recursive: true, force: true });
else console.log(`logs and data are in ${dir}`);
process.exit(bad === 0 ? 0 : 1);

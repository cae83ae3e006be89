/**
 * Kills, power losses and partitions of a cluster of real processes, under a load whose every answer is checked.
 *
 *   node test/faults/run.mjs [--quick] [--seed N] [--only kill,power,partition,disk,relaxed]
 *
 * Prints the seed, the faults that were injected, the operations and the verdicts; exits 1 when one is bad.
 */
import { parseArgs } from 'node:util';
import { workerData } from '@vectron/proto';
import { StreamWorkerClient } from '@vectron/routing';
import { callContext } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { checkHistory } from './check.mjs';
import { Load } from './clients.mjs';
import { Cluster, probe, sleep, until } from './cluster.mjs';
import { randomOf } from './random.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string', default: 'kill,power,partition,disk,relaxed' },
  },
});
const seed = Number(options.seed ?? Date.now() % 1_000_000);
const wanted = new Set(options.only.split(','));
const rounds = options.quick
  ? { kill: 2, power: 1, partition: 1, oneWaySeconds: 20 }
  : { kill: 20, power: 10, partition: 3, oneWaySeconds: 60 };
const WRITES_BACK_MS = 5_000;
const HOT = 'hot';
const WORKERS = [1, 2, 3];

const random = randomOf(seed);
const verdicts = [];
const faults = [];
const figures = {};

function verdict(what, good, detail = '') {
  verdicts.push({ what, good, detail });
  console.log(`${good ? 'ok  ' : 'BAD '} ${what}${detail ? `: ${detail}` : ''}`);
}

function fault(what) {
  faults.push(what);
  console.log(`     ${what}`);
}

/** Keeps how long `work` took for the table at the end. A time beyond its bound is told and not judged. */
async function timed(name, boundMs, work) {
  const ms = await work();
  figures[name] = [...(figures[name] ?? []), ms];
  if (ms > boundMs) console.log(`late ${name}: ${ms} ms, should be at most ${boundMs}`);
  return ms;
}

/** All replicas are at the same entry and hash to the same. */
async function converged(cluster, why) {
  const began = Date.now();
  try {
    await until('replicas at one index', async () => {
      const [{ replicas }] = await cluster.shards(HOT);
      const at = replicas.map(({ metrics }) => metrics?.appliedIndex);
      return replicas.length === 3 && at.every((index) => index !== undefined && index === at[0]);
    });
    const leader = await until('a leader', () => cluster.leaderOf(HOT));
    const client = cluster.client(leader);
    const [{ shardId }] = await cluster.shards(HOT);
    const { differingReplicaIds, index } = await client.api.scrub({ shardId }, callContext({ timeoutMs: 60_000 }));
    client.close();
    verdict(
      `replicas are equal ${why}`,
      differingReplicaIds.length === 0,
      `hash as of entry ${index}, ${Date.now() - began} ms`,
    );
  } catch (error) {
    const [{ replicas }] = await cluster.shards(HOT);
    const rows = replicas.map(
      ({ number, metrics }) => `${number}: ${metrics?.role} ${metrics?.appliedIndex} ${metrics?.damage}`,
    );
    verdict(`replicas are equal ${why}`, false, `${error.message}; ${rows.join(' | ')}`);
  }
}

async function leading(cluster) {
  return until('a leader', () => cluster.leaderOf(HOT));
}

async function whole(cluster) {
  await until('all replicas serve', async () => {
    const [{ replicas, ready }] = await cluster.shards(HOT);
    return ready && replicas.every(({ metrics }) => metrics?.damage === '' && /leader|follower/.test(metrics.role));
  });
}

async function kills(cluster, load) {
  for (let round = 0; round < rounds.kill; round += 1) {
    for (const kind of ['leader', 'follower', 'all']) {
      await sleep(500 + random() * 2_000);
      const leader = await leading(cluster);
      const follower = WORKERS.filter((one) => one !== leader)[Math.floor(random() * 2)];
      const victims = { leader: [leader], follower: [follower], all: WORKERS }[kind];
      fault(`kill -9 of ${kind}, worker ${victims.join(', ')}`);
      await cluster.kill(...victims);
      const mark = load.mark();
      if (kind === 'all') {
        await Promise.all(victims.map((one) => cluster.startWorker(one)));
        await timed('writes after all were killed, ms', 30_000, () => load.untilWritten(mark));
      } else {
        await timed(`writes after a ${kind} was killed, ms`, WRITES_BACK_MS, () => load.untilWritten(mark));
        await sleep(random() * 1_500);
        await Promise.all(victims.map((one) => cluster.startWorker(one)));
      }
      await whole(cluster);
    }
  }
}

async function powerLosses(cluster, load) {
  for (let round = 0; round < rounds.power; round += 1) {
    for (const count of [1, 2, 3]) {
      await sleep(500 + random() * 2_000);
      const leader = await leading(cluster);
      const victims = [leader, ...WORKERS.filter((one) => one !== leader)].slice(0, count);
      fault(`power loss of worker ${victims.join(', ')}`);
      await cluster.losePower(...victims);
      const mark = load.mark();
      if (count === 1)
        await timed('writes after a leader lost power, ms', WRITES_BACK_MS, () => load.untilWritten(mark));
      await Promise.all(victims.map((one) => cluster.startWorker(one)));
      await timed(`writes after ${count} lost power and came back, ms`, 30_000, () => load.untilWritten(mark));
      await whole(cluster);
    }
  }
}

/** What a worker that is cut off says to a write and to a strong read. */
async function askDirectly(cluster, number) {
  const [{ shardId, epoch }] = await cluster.shards(HOT);
  const client = new StreamWorkerClient({ clusterToken: cluster.token });
  const target = { workerId: '', address: cluster.socketOf(number) };
  const ask = (fields) => {
    const op = workerData.ShardOp.fromPartial({ shardId, shardEpoch: epoch, timeoutMs: 2_000, ...fields });
    const encoded = Buffer.from(workerData.ShardOp.encode(op).finish());
    return client.submit(target, encoded, { write: fields.op.$case === 'upsert', timeoutMs: 4_000 }).then(
      (outcome) => workerData.ShardOutcome.decode(outcome).errorCode,
      ({ code }) => code,
    );
  };
  const point = { id: 'cut-off', vector: Buffer.from(new Float32Array([1, 1]).buffer), payload: Buffer.from('{}') };
  const outcomes = await Promise.all([
    ask({ op: { $case: 'upsert', value: { points: [point] } } }),
    ask({
      op: { $case: 'get', value: { ids: ['hot-1'] } },
      consistency: { level: { $case: 'linearizable', value: true } },
    }),
  ]);
  await client.close();
  return outcomes;
}

async function partitions(cluster, load) {
  for (let round = 0; round < rounds.partition; round += 1) {
    for (const kind of ['leader', 'follower']) {
      await sleep(1_000);
      const leader = await leading(cluster);
      const alone = kind === 'leader' ? leader : WORKERS.find((one) => one !== leader);
      fault(`${kind}, worker ${alone}, alone on its side`);
      for (const other of WORKERS.filter((one) => one !== alone)) cluster.cut(alone, other);
      const mark = load.mark();
      await timed(`writes after a ${kind} was cut off, ms`, WRITES_BACK_MS, () => load.untilWritten(mark));
      // The lease of a leader that was cut off is over by then.
      await sleep(2_500);
      const [write, read] = await askDirectly(cluster, alone);
      verdict(
        'a minority acknowledges no write and answers no strong read',
        write !== '' && read !== '',
        `${write}, ${read}`,
      );
      cluster.heal();
      await whole(cluster);
    }
    fault('every worker alone');
    for (const [a, b] of [
      [1, 2],
      [2, 3],
      [1, 3],
    ])
      cluster.cut(a, b);
    await sleep(4_000);
    const before = load.acknowledged.length;
    await sleep(3_000);
    verdict('three minorities acknowledge nothing', load.acknowledged.length === before);
    const mark = load.mark();
    cluster.heal();
    await timed('writes after the network healed, ms', 10_000, () => load.untilWritten(mark));
    await whole(cluster);
  }
  for (const kind of ['deaf', 'mute', 'apart']) {
    const leader = await leading(cluster);
    const others = WORKERS.filter((one) => one !== leader);
    if (kind === 'apart') {
      fault(`worker ${leader} and ${others[0]} do not hear each other, and both hear ${others[1]}`);
      cluster.cut(leader, others[0]);
    } else {
      fault(`leader, worker ${leader}, is ${kind}`);
      for (const other of others) {
        if (kind === 'deaf') cluster.cutOneWay(other, leader);
        else cluster.cutOneWay(leader, other);
      }
    }
    const mark = load.mark();
    await timed(`writes with a leader that is ${kind}, ms`, 10_000, () => load.untilWritten(mark));
    await sleep(8_000);
    const term = async () =>
      Math.max(...(await cluster.shards(HOT))[0].replicas.map(({ metrics }) => Number(metrics?.term ?? 0n)));
    const [termBefore, began] = [await term(), Date.now()];
    let last = await cluster.leaderOf(HOT);
    let changes = 0;
    while (Date.now() < began + rounds.oneWaySeconds * 1_000) {
      await sleep(250);
      const now = await cluster.leaderOf(HOT);
      if (now !== 0 && now !== last) {
        changes += 1;
        last = now;
      }
    }
    const detail = `${changes} changes, ${(await term()) - termBefore} terms in ${rounds.oneWaySeconds} s`;
    verdict(`at most two leader changes a minute with a leader that is ${kind}`, changes <= 2, detail);
    cluster.heal();
    await whole(cluster);
  }
}

/** A disk that fills up: writes are refused before it is full, the rest goes on, and writes come back with space. */
async function diskFull(cluster) {
  const db = connect(cluster.grpc, { apiKey: cluster.apiKey, retries: 0, timeoutMs: 20_000 });
  await db.upsert(HOT, [{ id: 'kept', vector: [1, 1] }]);
  const leader = await leading(cluster);
  fault(`the disk of worker ${leader} fills up`);
  cluster.fillDisk(leader, 12 * 2 ** 20);
  const refused = await until('a refusal', () =>
    db.upsert(HOT, [{ id: 'more', vector: [1, 1] }]).then(
      () => false,
      ({ code }) => code,
    ),
  );
  verdict('upserts are refused before the disk is full', refused === 'DISK_LOW', refused);
  const read = await db.get(HOT, 'kept', { consistency: 'linearizable' });
  const { existed } = await db.delete(HOT, 'kept');
  verdict('reads and deletes go on', read !== undefined && existed);
  cluster.freeDisk(leader);
  const began = Date.now();
  await timed('writes after there is space again, ms', 10_000, async () => {
    await until('a write', () => db.upsert(HOT, [{ id: 'more', vector: [1, 1] }]));
    return Date.now() - began;
  });
  await db.close();
}

/** The control: the same power loss takes what was acknowledged without an fsync, and is seen to. */
async function relaxed(cluster) {
  const db = connect(cluster.grpc, { apiKey: cluster.apiKey, retries: 6, timeoutMs: 20_000 });
  await db.createCollection('unsafe', { dimension: 2, shards: 1, durability: 'relaxed' });
  await sleep(2_000);
  for (let at = 0; at < 200; at += 1) await db.upsert('unsafe', [{ id: `p${at}`, vector: [at, 1] }]);
  fault('power loss of all workers with writes that were not synced');
  await cluster.losePower(...WORKERS);
  await Promise.all(WORKERS.map((one) => cluster.startWorker(one)));
  let lost = 0;
  for (let at = 0; at < 200; at += 1) {
    const found = await db.get('unsafe', `p${at}`, { consistency: 'linearizable' }).catch(() => undefined);
    if (found === undefined) lost += 1;
  }
  await db.close();
  verdict('without fsync, the same test fails', lost > 0, `${lost} of 200 acknowledged writes lost`);
}

probe();
console.log(`seed ${seed}; again: node test/faults/run.mjs --seed ${seed}${options.quick ? ' --quick' : ''}`);
const began = Date.now();
const small = [
  '--raft-snapshot-entries',
  '500',
  '--relaxed-fsync-ms',
  '3600000',
  '--disk-low-water',
  '16MiB',
  '--log',
  'error',
];
const cluster = await Cluster.start(small);
try {
  const admin = connect(cluster.grpc, { apiKey: cluster.apiKey, retries: 6 });
  await admin.createCollection(HOT, { dimension: 2, shards: 1, replicas: 3, distance: 'euclidean' });
  await admin.close();
  await whole(cluster);
  const load = new Load(cluster, HOT, random);
  load.start();
  if (wanted.has('kill')) await kills(cluster, load);
  if (wanted.has('power')) await powerLosses(cluster, load);
  if (wanted.has('partition')) await partitions(cluster, load);
  await sleep(5_000);
  await load.stop();
  await load.readAll();
  await converged(cluster, 'in the end');
  checkHistory(load, verdict);
  console.log(`     failed calls: ${[...load.errors].map(([code, count]) => `${code} ${count}`).join(', ') || 'none'}`);
  if (wanted.has('disk')) await diskFull(cluster);
  if (wanted.has('relaxed')) await relaxed(cluster);
} catch (error) {
  verdict('the run came to its end', false, error.stack);
  for (const number of WORKERS) console.log(`worker ${number}: ${cluster.outputOf(`worker-${number}`).slice(-2_000)}`);
} finally {
  await cluster.stop();
}
for (const [name, all] of Object.entries(figures)) {
  const sorted = [...all].sort((a, b) => a - b);
  console.log(`     ${name}: median ${sorted[sorted.length >> 1]}, most ${sorted.at(-1)}, of ${sorted.length}`);
}
const bad = verdicts.filter(({ good }) => !good).length;
console.log(
  JSON.stringify({
    seed,
    seconds: Math.round((Date.now() - began) / 1_000),
    faults: faults.length,
    verdicts: verdicts.length,
    bad,
  }),
);
process.exit(bad === 0 && faults.length > 0 ? 0 : 1);

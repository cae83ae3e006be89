import { toVectronError } from '@vectron/errors';
import type { Shard } from '@vectron/sdk';
import type { Drill, DrillRun } from './drill.js';
import { sleep, until } from './until.js';

const leaderOfMost = (shards: readonly Shard[]): number => {
  const leads = new Map<number, number>();
  for (const { leader } of shards) leads.set(leader, (leads.get(leader) ?? 0) + 1);
  return [...leads].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
};

/** Kills a worker under load and starts it again after a while. */
async function killWorker(run: DrillRun, pick: (shards: readonly Shard[]) => number): Promise<void> {
  await run.prepare();
  const load = await run.load();
  const name = run.workerName(pick(await run.shards()));
  const at = performance.now();
  await run.cluster.child(name).stop('SIGKILL');
  await sleep(8_000);
  run.within('longest write around the kill', load.longest(at, 'upsert'), 6_000);
  run.within('longest strong read around the kill', load.longest(at, 'get'), 6_000);
  await run.cluster.startService(name);
  run.within('every replica current again after the restart', await run.whole(), 30_000);
  await run.settle(load);
}

const leaderLoss: Drill = {
  name: 'leader-loss',
  about: 'kill -9 of the worker that leads most shards, and its restart',
  run: (run) => killWorker(run, leaderOfMost),
};

const followerLoss: Drill = {
  name: 'follower-loss',
  about: 'kill -9 of a worker that leads as little as any, and its restart',
  run: (run) =>
    killWorker(run, (shards) => {
      const holders = [...new Set(shards.flatMap(({ replicas }) => replicas.map(({ worker }) => worker)))];
      const leads = (worker: number) => shards.filter(({ leader }) => leader === worker).length;
      return holders.sort((a, b) => leads(a) - leads(b))[0];
    }),
};

const workerLost: Drill = {
  name: 'worker-lost',
  about: 'a worker is killed for good: its replicas are made anew on the others',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const shards = await run.shards();
    const number = leaderOfMost(shards);
    const wall = Date.now();
    const at = performance.now();
    await run.cluster.child(run.workerName(number)).stop('SIGKILL');
    const state = await until('it is unhealthy', async () => {
      const worker = (await run.operator.admin.workers()).find((one) => one.number === number);
      return worker?.stateChanges.findLast((change) => change.state === 'UNHEALTHY' && change.atMs > wall);
    });
    run.within('the worker is UNHEALTHY', state.atMs - wall, 17_000);
    const unhealthyAt = at + (state.atMs - wall);
    await until('every shard is whole without it', async () => {
      const now = await run.shards();
      const gone = now.every(({ replicas }) => replicas.every(({ worker }) => worker !== number));
      return gone && now.every(({ ready, healthyReplicas, voters }) => ready && healthyReplicas === voters);
    });
    run.within('all shards fully replicated, after that', performance.now() - unhealthyAt, 60_000);
    run.within('complete searches after the kill', load.backAfter(at, 'search'), 16_000);
    const flagged = load.since(at).filter(({ incomplete }) => incomplete).length;
    run.expect('searches that lack a shard say so', 'flagged', `${flagged} flagged, 0 failed`, true);
    await run.cluster.startService(run.workerName(number));
    await until('it is back', async () => {
      const worker = (await run.operator.admin.workers()).find((one) => one.number === number);
      return worker?.state === 'READY' || worker?.state === 'ACTIVE';
    });
    await run.settle(load);
  },
};

const pause: Drill = {
  name: 'pause',
  about: 'the worker that leads most shards stands still (SIGSTOP) and goes on',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const name = run.workerName(leaderOfMost(await run.shards()));
    const at = performance.now();
    run.cluster.child(name).signal('SIGSTOP');
    await sleep(10_000);
    run.within('longest write around the pause', load.longest(at, 'upsert'), 6_000);
    run.cluster.child(name).signal('SIGCONT');
    await sleep(3_000);
    run.within('every replica current again', await run.whole(), 30_000);
    await run.settle(load);
  },
};

/** A change of the metadata that leaves nothing behind. */
async function metadataCall(run: DrillRun): Promise<void> {
  const name = `made-${Math.random().toString(36).slice(2, 10)}`;
  await run.operator.createCollection(name, { dimension: 2, shards: 1, replicas: 1 });
  await run.operator.deleteCollection(name);
}

/** A change of the metadata that cannot be made is refused, and soon. */
async function refusedAtOnce(run: DrillRun, what: string, boundMs: number): Promise<void> {
  const asked = performance.now();
  const said = await metadataCall(run).then(
    () => 'done',
    (error) => toVectronError(error).code,
  );
  const took = performance.now() - asked;
  run.expect(what, 'UNAVAILABLE', said, said === 'UNAVAILABLE');
  run.within(`${what}: the answer`, took, boundMs);
}

const metadataBack = (run: DrillRun, what: string, fromMs: number, boundMs: number) =>
  until('metadata can be changed again', async () => {
    await metadataCall(run);
    return true;
  }).then(() => run.within(what, performance.now() - fromMs, boundMs));

const pdLoss: Drill = {
  name: 'pd-loss',
  about: 'kill -9 of the placement driver that leads',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const name = await run.placementLeader();
    const at = performance.now();
    await run.cluster.child(name).stop('SIGKILL');
    await metadataBack(run, 'metadata can be changed again', at, 5_000);
    const next = await until('another one leads', async () => {
      const leader = await run.placementLeader();
      return leader !== name && leader;
    });
    run.within(`another one leads (${next})`, performance.now() - at, 8_000);
    await run.cluster.startService(name);
    await run.settle(load);
  },
};

const pdAll: Drill = {
  name: 'pd-all',
  about: 'all placement drivers away for a while',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const names = run.cluster.running('pd');
    await Promise.all(names.map((name) => run.cluster.child(name).stop('SIGKILL')));
    await refusedAtOnce(run, 'creating a collection fails at once', 1_000);
    await sleep(run.size.outageS * 1_000);
    await Promise.all(names.map((name) => run.cluster.startService(name)));
    await metadataBack(run, `metadata back after ${run.size.outageS} s without`, performance.now(), 5_000);
    await run.settle(load);
  },
};

const etcdOne: Drill = {
  name: 'etcd-one',
  about: 'kill -9 of each etcd member in turn',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    let worst = 0;
    for (let member = 0; member < run.cluster.etcd.pids.length; member++) {
      await run.cluster.etcd.stopMember(member, 'SIGKILL');
      const from = performance.now();
      await until('metadata can be changed', async () => {
        await metadataCall(run);
        return true;
      });
      worst = Math.max(worst, performance.now() - from);
      await run.cluster.etcd.startMember(member);
      await sleep(2_000);
    }
    run.within('metadata can be changed with one member away', worst, 5_000);
    await run.settle(load);
  },
};

const etcdMajority: Drill = {
  name: 'etcd-majority',
  about: 'two of three etcd members away for a while',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const away = [0, 1];
    for (const member of away) await run.cluster.etcd.stopMember(member, 'SIGKILL');
    // What a majority had confirmed a moment ago is not asked for again.
    await sleep(2_000);
    await refusedAtOnce(run, 'creating a collection is refused', 5_000);
    await sleep(run.size.outageS * 1_000);
    await Promise.all(away.map((member) => run.cluster.etcd.startMember(member)));
    await metadataBack(run, `metadata back after ${run.size.outageS} s without`, performance.now(), 5_000);
    await run.settle(load);
  },
};

export const FAILURES: readonly Drill[] = [
  leaderLoss,
  followerLoss,
  workerLost,
  pause,
  pdLoss,
  pdAll,
  etcdOne,
  etcdMajority,
];

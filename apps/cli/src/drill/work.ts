import type { VectronClient } from '@vectron/sdk';
import type { Drill, DrillRun } from './drill.js';
import { seeded } from './load.js';
import { sleep, until, WAIT_MS } from './until.js';

/** Replicas of the drill's collection by worker, and how far the worst worker is from the mean. */
async function spread(run: DrillRun): Promise<{ text: string; imbalance: number }> {
  const workers = (await run.operator.admin.workers()).filter(({ state }) => state !== 'REMOVED');
  const held = new Map(workers.map(({ number }) => [number, 0]));
  for (const { replicas } of await run.shards()) {
    for (const { worker, learner } of replicas) if (!learner) held.set(worker, (held.get(worker) ?? 0) + 1);
  }
  const counts = [...held.values()];
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const imbalance = Math.max(...counts.map((count) => Math.abs(count / mean - 1)));
  return { text: [...held].map(([worker, count]) => `${worker}: ${count}`).join(', '), imbalance };
}

const workerAdded: Drill = {
  name: 'worker-added',
  about: 'a worker joins under load and gets its share; then it is drained and removed',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const from = performance.now();
    const name = await run.cluster.addWorker();
    const number = Number(run.cluster.child(name).lines.number);
    const even = await until('the shards are spread', async () => {
      const now = await spread(run);
      return now.imbalance < 0.2 && now;
    }).catch(async () => spread(run));
    run.expect(
      'imbalance of replicas',
      'under 20 %',
      `${Math.round(even.imbalance * 100)} % (${even.text})`,
      even.imbalance < 0.2,
    );
    run.within('spread after', performance.now() - from, 240_000);
    await run.whole();
    const drained = performance.now();
    await run.operator.admin.drainWorker(String(number));
    await until('it is empty', async () => {
      const worker = (await run.operator.admin.workers()).find((one) => one.number === number);
      return worker?.replicas === 0;
    });
    run.within('drained after', performance.now() - drained, 240_000);
    await run.operator.admin.removeWorker(String(number));
    await run.cluster.child(name).stop();
    await run.whole();
    await run.settle(load);
  },
};

/** Share of the true ten nearest that a search finds, by its own exact search. */
async function recall(db: VectronClient, run: DrillRun): Promise<number> {
  const next = seeded(7);
  let found = 0;
  const queries = 40;
  for (let query = 0; query < queries; query++) {
    const vector = Float32Array.from({ length: run.size.dimension }, () => next() * 2 - 1);
    const ask = (exact: boolean) => db.search(run.collection, { vector, topK: 10, exact, ef: exact ? undefined : 100 });
    const [truth, answer] = [await ask(true), await ask(false)];
    const ids = new Set(truth.hits.map(({ id }) => id));
    found += answer.hits.filter(({ id }) => ids.has(id)).length;
  }
  return found / (10 * queries);
}

const split: Drill = {
  name: 'split',
  about: 'a shard is split in two under load',
  async run(run) {
    await run.prepare();
    const before = await run.shards();
    const recallBefore = await recall(run.db, run);
    const load = await run.load();
    const largest = [...before].sort((a, b) => b.points - a.points)[0];
    const epochs: number[] = [];
    let watching = true;
    const watch = (async () => {
      while (watching) {
        const shard = (await run.shards().catch(() => [])).find(({ shardId }) => shardId === largest.shardId);
        if (shard !== undefined) epochs.push(shard.epoch);
        await sleep(20);
      }
    })();
    const at = performance.now();
    await run.operator.admin.splitShard(largest.shardId);
    await until('there is a shard more', async () => (await run.shards()).length === before.length + 1);
    await run.whole();
    run.within('both halves whole', performance.now() - at, 15_000);
    await sleep(run.size.quick ? 2_000 : 10_000);
    watching = false;
    await watch;
    const monotonic = epochs.every((epoch, n) => n === 0 || epoch >= epochs[n - 1]) && (epochs.at(-1) ?? 0) > epochs[0];
    run.expect('epochs of the shard', 'never fall', `${epochs[0]} to ${epochs.at(-1)}`, monotonic);
    run.within('longest write around the split', load.longest(at, 'upsert'), 5_000);
    run.within('longest search around the split', load.longest(at, 'search'), 5_000);
    const incomplete = load.since(at).filter((one) => one.incomplete).length;
    run.expect('incomplete searches', 'flagged', `${incomplete} of ${load.since(at).length}`, true);
    await run.settle(load);
    await run.whole();
    const recallAfter = await recall(run.db, run);
    const figure = `${recallBefore.toFixed(3)} before, ${recallAfter.toFixed(3)} after`;
    run.expect('recall@10 at ef 100 unchanged', 'at most 0.02 less', figure, recallAfter >= recallBefore - 0.02);
  },
};

const STEPS = ['learner', 'voter', 'cleanup'] as const;
const VICTIMS = ['source', 'target', 'placement driver'] as const;

/** One replica is moved, and somebody dies when a step is recorded. */
async function moveWithKill(run: DrillRun, step: (typeof STEPS)[number], victim: (typeof VICTIMS)[number]) {
  await run.whole();
  const [shard] = (await run.shards()).sort((a, b) => b.points - a.points);
  const holders = shard.replicas.filter(({ learner }) => !learner).map(({ worker }) => worker);
  // One that was killed a moment ago is back soon.
  const target = await until('there is a worker without the shard', async () =>
    (await run.operator.admin.workers()).find(
      ({ number, state }) => !holders.includes(number) && (state === 'ACTIVE' || state === 'READY'),
    ),
  );
  const source = shard.leader;
  const names = {
    source: run.workerName(source),
    target: run.workerName(target.number),
    'placement driver': await run.placementLeader(),
  };
  const { id } = await run.operator.admin.moveReplica(shard.shardId, {
    from: String(source),
    to: String(target.number),
  });
  let least = Number.POSITIVE_INFINITY;
  const look = async () => {
    const now = (await run.shards()).find(({ shardId }) => shardId === shard.shardId);
    if (now !== undefined) least = Math.min(least, now.voters);
    const { running, ended } = await run.operator.admin.operations();
    return { now: running.find((one) => one.id === id), end: ended.find((one) => one.id === id) };
  };
  let reached = '';
  for (const end = performance.now() + WAIT_MS; performance.now() < end; ) {
    const { now, end: over } = await look();
    reached = over?.step ?? now?.step ?? reached;
    if (reached === step || over !== undefined) break;
  }
  const name = names[victim];
  await run.cluster.child(name).stop('SIGKILL');
  const killed = performance.now();
  if (victim !== 'placement driver') await sleep(run.size.quick ? 1_000 : 20_000);
  await run.cluster.startService(name);
  const outcome = await until(`the move ends (${step}, ${victim})`, async () => (await look()).end);
  const took = performance.now() - killed;
  await run.whole();
  return {
    reached,
    outcome: outcome.step,
    took,
    least,
    source: names.source,
    target: names.target,
    shardId: shard.shardId,
  };
}

const moves: Drill = {
  name: 'moves',
  about: 'replicas are moved while source, target or placement driver is killed at each recorded step',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const all = STEPS.flatMap((step) => VICTIMS.map((victim) => [step, victim] as const));
    // The short form has each step and each victim once.
    const chosen = run.size.quick ? all.filter((_, at) => at % 4 === 0) : all;
    const ends: string[] = [];
    let worst = 0;
    let least = Number.POSITIVE_INFINITY;
    let orphans = 0;
    for (const [step, victim] of chosen) {
      const move = await moveWithKill(run, step, victim);
      run.say(`  ${victim} killed at ${move.reached}: ${move.outcome} after ${(move.took / 1000).toFixed(1)} s`);
      ends.push(move.outcome);
      worst = Math.max(worst, move.took);
      least = Math.min(least, move.least);
      // Whoever does not hold the shard any more deletes its files.
      const gone = await until('orphan files are gone', async () => {
        const holders = (await run.shards())
          .find(({ shardId }) => shardId === move.shardId)
          ?.replicas.map(({ worker }) => run.workerName(worker));
        const stored = [move.source, move.target].filter((name) =>
          run.cluster.storedShards(name).includes(move.shardId),
        );
        return holders !== undefined && stored.every((name) => holders.includes(name));
      }).catch(() => false);
      if (!gone) orphans += 1;
    }
    const counts = [...new Set(ends)].map((end) => `${ends.filter((one) => one === end).length} ${end}`).join(', ');
    run.expect('moves end or roll back', `${chosen.length} of ${chosen.length}`, counts, ends.length === chosen.length);
    run.within('the slowest ended after the kill', worst, 120_000);
    run.expect('voters on record', 'never below 3', String(least), least >= 3);
    run.expect('moves that left files behind', '0', String(orphans), orphans === 0);
    await run.settle(load);
  },
};

const rollingRestart: Drill = {
  name: 'rolling-restart',
  about: 'every process of every role is stopped (SIGTERM) and started again, one after the other, under load',
  async run(run) {
    await run.prepare();
    const load = await run.load();
    const from = performance.now();
    const restarted: string[] = [];
    for (const service of ['pd', 'auth', 'worker', 'reranker', 'gateway']) {
      for (const name of run.cluster.running(service)) {
        await run.cluster.restart(name);
        restarted.push(name);
        await run.whole();
      }
    }
    for (const member of run.cluster.etcd.pids.keys()) {
      await run.cluster.etcd.stopMember(member);
      await run.cluster.etcd.startMember(member);
      restarted.push(`etcd-${member + 1}`);
      await run.whole();
    }
    run.within(`${restarted.length} processes restarted`, performance.now() - from, 600_000);
    run.within('longest write meanwhile', load.longest(from, 'upsert'), 6_000);
    run.within('longest search meanwhile', load.longest(from, 'search'), 6_000);
    await run.settle(load);
  },
};

export const WORK: readonly Drill[] = [workerAdded, split, moves, rollingRestart];

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { carriedOut, imbalanceOf, lost } from './plan-simulation.js';
import { type Action, DEFAULT_LIMITS, type PlanShard, type PlanState, type PlanWorker, plan } from './planner.js';

const worker = (number: number, rest: Partial<PlanWorker> = {}): PlanWorker => ({
  id: `w${number}`,
  number,
  takes: true,
  alive: true,
  capacity: 100,
  rack: '',
  zone: '',
  region: '',
  cpuPercent: 10,
  ...rest,
});
const shard = (shardId: number, voters: string[], rest: Partial<PlanShard> = {}): PlanShard => ({
  shardId,
  collection: 'c',
  voters,
  leader: voters[0],
  synced: voters,
  viewed: [],
  bytes: 2 ** 20,
  load: 0,
  busy: false,
  restingUntilMs: 0,
  siblings: 1,
  divisible: true,
  ...rest,
});
const state = (workers: PlanWorker[], shards: PlanShard[]): PlanState => ({
  nowMs: 1_000,
  workers,
  shards,
  moving: new Map(),
  running: 0,
});
const moves = (actions: readonly Action[]) => actions.filter((one) => one.kind === 'move');

/** Rounds until the planner has nothing to do; the states on the way. */
function converge(from: PlanState, limits = DEFAULT_LIMITS, most = 500): PlanState[] {
  const states = [from];
  for (let round = 0; round < most; round++) {
    const { actions } = plan(states[states.length - 1], limits);
    if (actions.length === 0) return states;
    states.push(carriedOut(states[states.length - 1], actions));
  }
  throw new Error(`not at rest after ${most} rounds`);
}

/** Clusters with random sizes, places and holdings. */
const clusters = fc
  .record({
    workers: fc.integer({ min: 3, max: 12 }),
    zones: fc.integer({ min: 1, max: 4 }),
    shards: fc.integer({ min: 1, max: 40 }),
    seed: fc.array(fc.nat(1_000), { minLength: 200, maxLength: 200 }),
    capacities: fc.array(fc.constantFrom(50, 100, 200), { minLength: 12, maxLength: 12 }),
  })
  .map(({ workers, zones, shards, seed, capacities }) => {
    const all = Array.from({ length: workers }, (_, at) =>
      worker(at + 1, { zone: zones === 1 ? '' : `z${at % zones}`, capacity: capacities[at] }),
    );
    return state(
      all,
      Array.from({ length: shards }, (_, at) => {
        const order = [...all].sort((a, b) => ((a.number * 37 + seed[at]) % 101) - ((b.number * 37 + seed[at]) % 101));
        return shard(
          at + 1,
          order.slice(0, 3).map(({ id }) => id),
          { bytes: seed[100 + at] * 2 ** 20 },
        );
      }),
    );
  });

describe('the planner', () => {
  it('comes to rest, keeps replicas apart, and stays within its limits, whatever it finds', () => {
    fc.assert(
      fc.property(clusters, (from) => {
        for (const now of converge(from)) {
          const { actions } = plan(now, DEFAULT_LIMITS);
          const touched = actions.map(({ shardId }) => shardId);
          expect(new Set(touched).size).toBe(touched.length);
          expect(actions.filter(({ kind }) => kind !== 'transfer').length).toBeLessThanOrEqual(
            DEFAULT_LIMITS.maxRunning,
          );
          const busy = new Map<string, number>();
          for (const { from: source, to } of moves(actions)) {
            for (const id of [source, to]) busy.set(id, (busy.get(id) ?? 0) + 1);
          }
          for (const count of busy.values()) expect(count).toBeLessThanOrEqual(DEFAULT_LIMITS.maxPerWorker);
          for (const { voters } of now.shards) expect(new Set(voters).size).toBe(voters.length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('makes the replicas of a lost worker anew, and touches no shard that has no majority without it', () => {
    fc.assert(
      fc.property(clusters, fc.nat(11), (from, which) => {
        const gone = from.workers[which % from.workers.length].id;
        const states = converge(lost(from, gone));
        const last = states[states.length - 1];
        const spare = from.workers.length > 3;
        for (const { voters } of last.shards) if (spare) expect(voters).not.toContain(gone);
      }),
      { numRuns: 100 },
    );
    const risky = lost(
      state(
        [1, 2, 3, 4].map((n) => worker(n)),
        [shard(1, ['w1', 'w2', 'w3'], { synced: ['w2'], leader: undefined })],
      ),
      'w1',
    );
    const { actions, blocked } = plan(risky, DEFAULT_LIMITS);
    expect([actions, blocked]).toEqual([[], ['shard 1 (c): no majority without worker 1']]);
  });

  it('empties a worker that is drained, its leads first where it can, and says what keeps it from that', () => {
    const workers = [worker(1, { leave: 'drain', takes: false }), worker(2), worker(3), worker(4)];
    const shards = Array.from({ length: 6 }, (_, at) => shard(at + 1, ['w1', 'w2', 'w3']));
    const last = converge(state(workers, shards)).at(-1) as PlanState;
    expect(last.shards.every(({ voters }) => !voters.includes('w1'))).toBe(true);
    const stuck = plan(state(workers.slice(0, 3), shards.slice(0, 1)), DEFAULT_LIMITS);
    expect(stuck.blocked).toEqual(['shard 1 (c): no other worker can take the replica of worker 1']);
  });

  it('fills a worker that is new until no worker is a fifth from the mean', () => {
    const workers = [1, 2, 3, 4].map((n) => worker(n));
    const shards = Array.from({ length: 16 }, (_, at) => shard(at + 1, ['w1', 'w2', 'w3']));
    const last = converge(state(workers, shards)).at(-1) as PlanState;
    expect(imbalanceOf(last)).toBeLessThan(0.2);
    // Twice the capacity, twice the share.
    const bigger = [...workers.slice(0, 3), worker(4, { capacity: 200 })];
    const uneven = converge(state(bigger, shards)).at(-1) as PlanState;
    expect(imbalanceOf(uneven)).toBeLessThan(0.25);
  });

  it('moves no replica that holds an open snapshot, unless its worker is lost or drained', () => {
    const workers = [worker(1, { zone: 'a' }), worker(2, { zone: 'a' }), worker(3, { zone: 'b' })];
    const shards = Array.from({ length: 8 }, (_, at) => shard(at + 1, ['w1'], { viewed: ['w1'] }));
    const together = shard(9, ['w1', 'w2'], { viewed: ['w1', 'w2'] });
    expect(
      plan(state(workers, [...shards, together]), DEFAULT_LIMITS).actions.filter(({ kind }) => kind === 'move'),
    ).toEqual([]);
    const [one] = moves(
      plan(state(workers, [{ ...shards[0], viewed: [] }, ...shards.slice(1)]), DEFAULT_LIMITS).actions,
    );
    expect([one.shardId, one.cause]).toEqual([1, 'balance']);
    const drained = [worker(1, { leave: 'drain', takes: false }), ...workers.slice(1)];
    expect(moves(plan(state(drained, shards), DEFAULT_LIMITS).actions).length).toBeGreaterThan(0);
  });

  it('brings replicas of a shard into different zones, and racks of one zone', () => {
    const zones = [
      worker(1, { zone: 'a' }),
      worker(2, { zone: 'a' }),
      worker(3, { zone: 'b' }),
      worker(4, { zone: 'c' }),
    ];
    const spread = converge(state(zones, [shard(1, ['w1', 'w2', 'w3'])])).at(-1) as PlanState;
    const of = (id: string) => zones.find((one) => one.id === id)?.zone;
    expect(new Set(spread.shards[0].voters.map(of)).size).toBe(3);
    const racks = [1, 2, 3, 4].map((n) => worker(n, { zone: 'a', rack: n < 3 ? 'r1' : `r${n}` }));
    const apart = converge(state(racks, [shard(1, ['w1', 'w2', 'w3'])])).at(-1) as PlanState;
    expect(apart.shards[0].voters).not.toEqual(expect.arrayContaining(['w1', 'w2']));
  });

  it('splits what is large or hot, and not what has one hash', () => {
    const workers = [1, 2, 3].map((n) => worker(n));
    const voters = ['w1', 'w2', 'w3'];
    const limits = { ...DEFAULT_LIMITS, splitBytes: 2 ** 30, splitLoad: 1_000 };
    const found = plan(
      state(workers, [
        shard(1, voters, { bytes: 2 ** 31 }),
        shard(2, voters, { load: 5_000 }),
        shard(3, voters, { bytes: 2 ** 31, divisible: false }),
        shard(4, voters, { bytes: 2 ** 31, synced: ['w1', 'w2'] }),
      ]),
      limits,
    );
    const splits = found.actions.filter(({ kind }) => kind === 'split');
    expect(splits.map(({ shardId, cause }) => [shardId, cause])).toEqual([
      [1, 'size'],
      [2, 'hot'],
    ]);
  });

  it('spreads leads, and gives a lead away where the work is uneven', () => {
    const workers = [1, 2, 3].map((n) => worker(n));
    const shards = Array.from({ length: 9 }, (_, at) => shard(at + 1, ['w1', 'w2', 'w3']));
    const last = converge(state(workers, shards)).at(-1) as PlanState;
    const leads = workers.map(({ id }) => last.shards.filter(({ leader }) => leader === id).length);
    expect(leads).toEqual([3, 3, 3]);
    const hot = [worker(1, { cpuPercent: 95 }), worker(2), worker(3)];
    const busy = [1, 4, 7].map((id) => shard(id, ['w1', 'w2', 'w3'], { load: 100 * id }));
    const others = [shard(2, ['w2', 'w1', 'w3']), shard(3, ['w3', 'w1', 'w2'])];
    expect(plan(state(hot, [...busy, ...others]), DEFAULT_LIMITS).actions[0]).toMatchObject({
      kind: 'transfer',
      from: 'w1',
      cause: 'hot',
    });
  });
});

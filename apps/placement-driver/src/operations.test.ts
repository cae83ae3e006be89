import { describe, expect, it } from '@jest/globals';
import { worker } from '@vectron/proto';
import { advanceMove, beginMove, halves, middleOf, type Signs } from './operations.js';
import {
  type MoveRecord,
  nextReplica,
  type ReplicaRecord,
  replicaId,
  type ShardRecord,
  type SplitRecord,
  stateOf,
  type WorkerRecord,
} from './records.js';
import { followedBy, replaceDamaged } from './repair.js';
import { nextState, type WorkerSigns } from './worker-states.js';

const replica = (number: number, incarnation = 1): ReplicaRecord => ({ workerId: `w${number}`, number, incarnation });
const shard: ShardRecord = {
  shardId: 7,
  epoch: 3,
  firstHash: '0000000000000000',
  lastHash: 'ffffffffffffffff',
  replicas: [replica(1), replica(2), replica(3)],
  learners: [],
  first: [],
};
const move: MoveRecord = {
  kind: 'move',
  id: 'm',
  step: 'learner',
  add: replica(4),
  remove: replica(1),
  cause: 'asked',
  reason: '',
  startedMs: 0,
  stepMs: 0,
};
const metrics = (of: ReplicaRecord, rest: Partial<worker.ShardMetrics> = {}): worker.ShardMetrics =>
  worker.ShardMetrics.fromPartial({
    shardId: 7,
    replicaId: replicaId(of),
    appliedIndex: 1_000,
    committedIndex: 1_000,
    hasQuorum: true,
    membersSettled: true,
    ...rest,
  });
const ids = (...replicas: ReplicaRecord[]) => replicas.map(replicaId);
const signs = (
  leader: Partial<worker.ShardMetrics> | undefined,
  said: Record<string, worker.ShardMetrics> = {},
  dead: string[] = [],
): Signs => ({
  leader: leader && metrics(replica(2), leader),
  replica: (workerId) => said[workerId],
  isAlive: (workerId) => !dead.includes(workerId),
});
const voters = ids(replica(1), replica(2), replica(3));

describe('a move', () => {
  const begun = beginMove(shard, move);
  const promoted = () =>
    advanceMove(begun, move, signs({ voters, learners: ids(move.add) }, { w4: metrics(move.add) }), 5)
      ?.shard as ShardRecord;

  it('waits until the group has the new replica and it has caught up, then makes it a voter', () => {
    expect([begun.learners, begun.incarnations]).toEqual([[move.add], { 4: 1 }]);
    const behind = { w4: metrics(move.add, { appliedIndex: 10n }) };
    const current = { w4: metrics(move.add) };
    const learning = { voters, learners: ids(move.add) };
    for (const waits of [
      signs(undefined, current),
      signs({ ...learning, hasQuorum: false }, current),
      signs({ voters }, current),
      signs(learning),
      signs(learning, behind),
      signs(learning, { w4: metrics(replica(4, 9)) }),
    ]) {
      expect(advanceMove(begun, move, waits, 5)).toBeUndefined();
    }
    expect(promoted()).toMatchObject({
      replicas: [replica(2), replica(3), replica(4)],
      learners: [],
      leaving: [replica(1)],
      epoch: 3,
      operation: { step: 'voter', stepMs: 5 },
    });
  });

  it('waits for the end of the snapshots that the leaving replica holds, when it can; for an hour at most', () => {
    const viewed = { w4: metrics(move.add), w1: metrics(replica(1), { snapshots: 1 }) };
    const learning = signs({ voters, learners: ids(move.add) }, viewed);
    for (const cause of ['balance', 'spread'] as const) {
      const calm = { ...move, cause };
      const waiting = beginMove(shard, calm);
      expect(advanceMove(waiting, calm, learning, 5)).toBeUndefined();
      const late = advanceMove(waiting, calm, learning, 3_600_001);
      expect(late?.ended).toEqual({ outcome: 'rolled-back', detail: 'worker 1 held a snapshot open for an hour' });
    }
    for (const cause of ['asked', 'repair', 'drain'] as const) {
      const urgent = { ...move, cause };
      expect(advanceMove(beginMove(shard, urgent), urgent, learning, 5)?.shard.operation).toMatchObject({
        step: 'voter',
      });
    }
  });

  it('is on record as done when the voters are the new ones, with the next epoch; and ends when the files are gone', () => {
    const before = promoted();
    const voter = before.operation as MoveRecord;
    const now = ids(replica(2), replica(3), replica(4));
    expect(advanceMove(before, voter, signs({ voters: [...voters, replicaId(move.add)] }), 9)).toBeUndefined();
    expect(advanceMove(before, voter, signs({ voters: now, learners: ids(move.remove) }), 9)).toBeUndefined();
    expect(advanceMove(before, voter, signs({ voters: now, membersSettled: false }), 9)).toBeUndefined();
    const after = advanceMove(before, voter, signs({ voters: now }), 9)?.shard as ShardRecord;
    expect(after).toMatchObject({ epoch: 4, operation: { step: 'cleanup' } });
    expect(after.leaving).toBeUndefined();
    const cleanup = after.operation as MoveRecord;
    expect(advanceMove(after, cleanup, signs({ voters: now }, { w1: metrics(move.remove) }), 10)).toBeUndefined();
    const done = advanceMove(after, cleanup, signs({ voters: now }), 10);
    expect([done?.ended?.outcome, done?.shard.operation]).toEqual(['done', undefined]);
    const away = advanceMove(after, cleanup, signs({ voters: now }, { w1: metrics(move.remove) }, ['w1']), 10);
    expect(away?.ended).toMatchObject({ outcome: 'done', detail: 'worker 1 deletes its files when it is back' });
  });

  it('rolls back, and rests longer each time, while the group has not taken the new replica in', () => {
    const dead = signs({ voters }, {}, ['w4']);
    const once = advanceMove(begun, move, dead, 1_000);
    expect(once?.ended?.outcome).toBe('rolled-back');
    expect(once?.shard).toMatchObject({
      replicas: shard.replicas,
      learners: [],
      backOff: { failures: 1, untilMs: 11_000 },
    });
    const again = advanceMove(beginMove(once?.shard as ShardRecord, move), move, dead, 1_000);
    expect(again?.shard.backOff).toEqual({ failures: 2, untilMs: 21_000 });
    const before = promoted();
    const back = advanceMove(before, before.operation as MoveRecord, dead, 1_000);
    expect(new Set(ids(...(back?.shard.replicas ?? [])))).toEqual(new Set(voters));
    // The group has it: forward only, and repair does the rest.
    const taken = signs({ voters: [...voters, replicaId(move.add)] }, {}, ['w4']);
    expect(advanceMove(before, before.operation as MoveRecord, taken, 1_000)).toBeUndefined();
  });

  it('never gives a replica the name of one that was', () => {
    const once = advanceMove(begun, move, signs({ voters }, {}, ['w4']), 0)?.shard as ShardRecord;
    expect(nextReplica(once, { id: 'w4', number: 4 })).toEqual(replica(4, 2));
    expect(nextReplica(shard, { id: 'w3', number: 3 })).toEqual(replica(3, 2));
  });
});

it('halves of a range lie side by side, down to one hash', () => {
  const split: SplitRecord = {
    kind: 'split',
    id: 's',
    step: 'splitting',
    at: middleOf(shard) as string,
    upperShardId: 8,
    epoch: 4,
    cause: 'size',
    reason: '',
    startedMs: 0,
    stepMs: 0,
  };
  const [lower, upper] = halves({ ...shard, replicas: [replica(1, 5)], operation: split }, split, 42);
  expect([lower.firstHash, lower.lastHash]).toEqual(['0000000000000000', '7fffffffffffffff']);
  expect([upper.firstHash, upper.lastHash]).toEqual(['8000000000000000', 'ffffffffffffffff']);
  expect([lower.epoch, upper.epoch, lower.operation, upper.first]).toEqual([4, 4, undefined, []]);
  expect([lower.replicas[0].incarnation, upper.replicas[0].incarnation]).toEqual([5, 1]);
  expect(upper.splitFrom).toEqual({ shardId: 7, epoch: 4, index: 42 });
  expect(middleOf({ firstHash: '00000000000000ff', lastHash: '0000000000000100' })).toBe('0000000000000100');
  expect(middleOf({ firstHash: '00000000000000ff', lastHash: '00000000000000ff' })).toBeUndefined();
});

it('damage is replaced in its own shard alone, and only while another replica leads', () => {
  const said = (workerId: string) => (workerId === 'w3' ? metrics(replica(3), { damage: 'bad block' }) : undefined);
  const leader = { workerId: 'w1', metrics: metrics(replica(1), { role: 'leader' }) };
  expect(replaceDamaged(shard, leader, said)?.replicas).toEqual([replica(1), replica(2), replica(3, 2)]);
  expect(replaceDamaged(shard, undefined, said)).toBeUndefined();
  expect(
    replaceDamaged(shard, { ...leader, metrics: metrics(replica(1), { hasQuorum: false }) }, said),
  ).toBeUndefined();
  expect(replaceDamaged(shard, { ...leader, workerId: 'w3' }, said)).toBeUndefined();
  // What it said of its former incarnation.
  expect(replaceDamaged({ ...shard, replicas: [replica(1), replica(3, 2)] }, leader, said)).toBeUndefined();
});

it('a search-only worker follows every shard, once', () => {
  const followed = followedBy(shard, [{ id: 'w9', number: 9 }]) as ShardRecord;
  expect(followed.learners).toEqual([replica(9)]);
  expect(followedBy(followed, [{ id: 'w9', number: 9 }])).toBeUndefined();
});

it('the states of a worker, from joining to removed', () => {
  const record: WorkerRecord = {
    id: 'w1',
    number: 1,
    address: '',
    raftAddress: '',
    searchOnly: false,
    cpuCores: 2,
    memoryBytes: 1,
    diskBytes: 1,
    rack: '',
    zone: '',
    region: '',
  };
  const well: WorkerSigns = {
    silentMs: 10,
    listenedLongEnough: true,
    unhealthyMs: 15_000,
    assigned: 0,
    damaged: [],
    behind: 0,
  };
  const turn = (from: WorkerRecord, signs: Partial<WorkerSigns>): WorkerRecord => {
    const next = nextState(from, { ...well, ...signs }, 1);
    return next === undefined ? from : { ...from, states: [...(from.states ?? []), next] };
  };
  const state = (one: WorkerRecord) => stateOf(one).state;
  expect(state(turn(record, { silentMs: undefined, listenedLongEnough: false }))).toBe('JOINING');
  expect(state(turn(record, { silentMs: undefined }))).toBe('UNHEALTHY');
  const active = turn(turn(record, {}), { assigned: 2 });
  expect(active.states?.map((one) => one.state)).toEqual(['READY', 'ACTIVE']);
  expect(state(turn(active, { silentMs: 15_001, listenedLongEnough: false }))).toBe('ACTIVE');
  const gone = turn(active, { silentMs: 15_001 });
  expect(state(gone)).toBe('UNHEALTHY');
  const retry = turn(gone, { assigned: 2, behind: 1 });
  expect([state(retry), state(turn(retry, { assigned: 2 }))]).toEqual(['RETRY', 'ACTIVE']);
  expect(state(turn(active, { assigned: 2, damaged: [7] }))).toBe('ERROR');
  expect(state(turn({ ...active, draining: true }, { assigned: 1 }))).toBe('DRAINING');
  expect(state(turn({ ...record, searchOnly: true }, { assigned: 1 }))).toBe('STANDBY');
  const removed = { ...active, states: [{ state: 'REMOVED' as const, atMs: 0, reason: '' }] };
  expect(state(turn(removed, { assigned: 1 }))).toBe('REMOVED');
});

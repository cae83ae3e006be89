import { expect, it } from '@jest/globals';
import { placement, worker } from '@vectron/proto';
import { Heartbeats } from './heartbeats.js';
import type { CollectionRecord, WorkerRecord } from './records.js';
import { replicaId } from './records.js';
import { Views } from './views.js';

const record = (id: string, number: number) =>
  ({
    id,
    number,
    address: `${id}:1`,
    states: [],
    cpuCores: 1,
    memoryBytes: 1,
    diskBytes: 1,
  }) as unknown as WorkerRecord;
const workers = [record('a', 1), record('b', 2), record('c', 3)];
const replica = (workerId: string, number: number) => ({ workerId, number, incarnation: 1 });
const held = [replica('a', 1), replica('b', 2)];
const collection = {
  tenantId: 't',
  name: 'c',
  shards: [1, 2].map((shardId) => ({
    ...{ shardId, epoch: 1, firstHash: '0', lastHash: 'f' },
    ...{ replicas: held, learners: [], first: [] },
  })),
} as unknown as CollectionRecord;

function beat(heartbeats: Heartbeats, of: WorkerRecord, shards: Partial<worker.ShardMetrics>[]): void {
  const metrics = shards.map((one) =>
    worker.ShardMetrics.fromPartial({ replicaId: replicaId(replica(of.id, of.number)), hasQuorum: true, ...one }),
  );
  heartbeats.record(placement.HeartbeatRequest.fromPartial({ workerId: of.id, shards: metrics }));
}

it('says of a worker what the collections say of the same replicas, whatever its last heartbeat was', () => {
  let nowMs = 0;
  const heartbeats = new Heartbeats(1_000, () => nowMs);
  const views = new Views(heartbeats, (id) => workers.find((one) => one.id === id));
  const own = (of: WorkerRecord) =>
    collection.shards
      .filter(({ replicas }) => replicas.some(({ workerId }) => workerId === of.id))
      .map(({ shardId }) => ({ shardId, replicaId: replicaId(replica(of.id, of.number)) }));
  const check = (expected: [replicas: number, leads: number, points: number][]) => {
    const shown = workers.map((one) => views.workerInfo(one, own(one)));
    const { shards } = views.collection(collection);
    for (const one of shown) {
      const said = one.last?.shards ?? [];
      expect(said.length).toBe(one.replicas);
      expect(said.filter(({ role }) => role === 'leader').length).toBe(one.leads);
      expect(one.leads).toBe(shards.filter(({ leaderWorkerId }) => leaderWorkerId === one.workerId).length);
      const replicas = shards.flatMap((shard) => shard.replicas.filter(({ workerId }) => workerId === one.workerId));
      expect(replicas.length).toBe(one.replicas);
      expect(said.map(({ livePoints }) => livePoints)).toEqual(replicas.map(({ metrics }) => metrics?.livePoints ?? 0));
    }
    expect(
      shown.map((one) => [one.replicas, one.leads, one.last?.shards.reduce((sum, shard) => sum + shard.livePoints, 0)]),
    ).toEqual(expected);
  };
  // Nobody has said anything yet.
  check([
    [2, 0, 0],
    [2, 0, 0],
    [0, 0, 0],
  ]);
  // One that was moved away is still open at its worker, which says so.
  beat(heartbeats, workers[0], [
    { shardId: 1, role: 'leader', term: 1n, livePoints: 5 },
    { shardId: 2, role: 'leader', term: 1n, livePoints: 7 },
    { shardId: 9, role: 'leader', term: 1n, livePoints: 100 },
  ]);
  beat(heartbeats, workers[2], [{ shardId: 1, role: 'follower', livePoints: 5 }]);
  check([
    [2, 2, 12],
    [2, 0, 0],
    [0, 0, 0],
  ]);
  // A replica of an earlier incarnation is another one.
  beat(heartbeats, workers[1], [
    { shardId: 1, role: 'leader', term: 2n, livePoints: 6 },
    { shardId: 2, replicaId: 77n, role: 'follower' },
  ]);
  check([
    [2, 1, 12],
    [2, 1, 6],
    [0, 0, 0],
  ]);
  // The one that led is not heard any more.
  nowMs = 5_000;
  beat(heartbeats, workers[1], [{ shardId: 2, role: 'leader', term: 3n, livePoints: 8 }]);
  check([
    [2, 0, 12],
    [2, 1, 8],
    [0, 0, 0],
  ]);
});

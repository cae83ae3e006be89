import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Engine } from '@vectron/engine';
import { placement } from '@vectron/proto';
import { ShardService } from './shard-service.js';

const OPTIONS = { threads: 1, indexThreads: 1, maxWaiting: 100, cacheBytes: 8 << 20, writeBufferBytes: 8 << 20 };
const REPLICA = 65537n;

let engine: Engine;
let shards: ShardService;
beforeEach(async () => {
  engine = await Engine.open(mkdtempSync(join(tmpdir(), 'vectron-shards-')), OPTIONS);
  shards = new ShardService(engine);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await engine.close();
});

const assignment = (shardId: number, change: Partial<placement.Assignment> = {}) =>
  placement.Assignment.fromPartial({
    ...{ shardId, epoch: 1, dimension: 2, distance: 'dot', hnswM: 16, hnswEfConstruction: 100 },
    ...{ replicaId: REPLICA, voters: [REPLICA], first: [REPLICA] },
    ...change,
  });
const carryOut = (assigned: placement.Assignment[], known: string[] = []) =>
  shards.reconcile(assigned, { drop: true, known: new Set(known) });

it('assignments carry out only what they say anew', async () => {
  const open = jest.spyOn(engine, 'openShard');
  const asked = () => open.mock.calls.splice(0).map(([{ shardId }]) => shardId);
  await carryOut([assignment(1), assignment(2)]);
  expect(asked()).toEqual([1, 2]);

  const { opened, failed } = await carryOut([assignment(1), assignment(2), assignment(3)]);
  expect(asked()).toEqual([3]);
  expect([[...opened], failed]).toEqual([['1/65537', '2/65537', '3/65537'], []]);

  await carryOut([assignment(1, { epoch: 2 }), assignment(2), assignment(3)]);
  expect(asked()).toEqual([1]);
  // One that was taken away and is given back is opened again.
  await carryOut([assignment(1, { epoch: 2 }), assignment(3)]);
  await carryOut([assignment(1, { epoch: 2 }), assignment(2), assignment(3)]);
  expect(asked()).toEqual([2]);
  const epochs = new Map(shards.metrics().map(({ shardId, epoch }) => [shardId, epoch]));
  expect([1, 2, 3].map((shardId) => epochs.get(shardId))).toEqual([2, 1, 1]);
});

it('what could not be carried out is tried again with the next assignments', async () => {
  const bad = assignment(1, { dimension: 0 });
  expect((await carryOut([bad])).failed).toHaveLength(1);
  const again = await carryOut([bad, assignment(2)]);
  expect(again.failed.map(({ shardId }) => shardId)).toEqual([1]);
  expect([...again.opened]).toEqual(['2/65537']);
});

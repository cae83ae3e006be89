import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planShards } from './first-placement.js';
import { replicaId } from './records.js';

const target = (replicas: number, at: number) => ({ workerId: `w${at}`, number: at + 1, replicas });
const plan = (shards: number, replicas: number, held: number[]) =>
  planShards({ shards, replicas, firstShardId: 7 }, held.map(target));

it('keeps workers within one replica of each other, whatever they held, as far as it can', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 3, maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 3 }),
      (held, count, replicas) => {
        const shards = plan(count, replicas, held);
        const after = new Map(held.map((one, at) => [`w${at}`, one]));
        const holders = shards.flatMap((shard) => shard.replicas.map(({ workerId }) => workerId));
        for (const holder of holders) after.set(holder, (after.get(holder) ?? 0) + 1);
        const most = Math.max(...holders.map((id) => after.get(id) as number));
        const apart = shards.every((shard) => new Set(shard.replicas.map((one) => one.workerId)).size === replicas);
        const full = Math.max(...held) + 1;
        const fair = replicas > 1 || most <= Math.max(full, Math.min(...after.values()) + 1);
        return apart && fair && shards.every((shard, at) => shard.shardId === 7 + at);
      },
    ),
  );
});

it('spreads the first leads', () => {
  const leads = plan(6, 3, [0, 0, 0]).map((shard) => shard.replicas[0].workerId);
  expect(leads.sort()).toEqual(['w0', 'w0', 'w1', 'w1', 'w2', 'w2']);
});

it('gives each worker one shard by default, three replicas where there are three workers, and says what is missing', () => {
  expect(plan(0, 0, [0, 0]).map((shard) => shard.replicas.map((one) => one.workerId))).toEqual([['w0'], ['w1']]);
  const three = plan(0, 0, [0, 0, 0]);
  expect(three.map((shard) => shard.replicas.length)).toEqual([3, 3, 3]);
  expect(three[0].first).toEqual(three[0].replicas.map((one) => Number(replicaId(one))));
  expect(() => plan(1, 1, [])).toThrow('no healthy worker');
  expect(() => plan(1, 3, [0, 0])).toThrow('3 replicas require 3 healthy workers, but there are 2');
});

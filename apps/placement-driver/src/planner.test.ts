import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planShards } from './planner.js';

it('keeps workers within one shard of each other, whatever they held, as far as it can', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      (held, count) => {
        const targets = held.map((shards, at) => ({ workerId: `w${at}`, shards }));
        const plan = planShards(count, 7, targets);
        const after = new Map(targets.map((target) => [target.workerId, target.shards]));
        for (const shard of plan) after.set(shard.replicas[0], (after.get(shard.replicas[0]) ?? 0) + 1);
        const given = new Set(plan.map((shard) => shard.replicas[0]));
        const most = Math.max(...[...given].map((id) => after.get(id) as number));
        const least = Math.min(...after.values());
        return plan.length === count && most - least <= 1 && plan.every((shard, at) => shard.shardId === 7 + at);
      },
    ),
  );
});

it('gives each worker one shard by default and refuses without workers', () => {
  const targets = ['a', 'b', 'c'].map((workerId) => ({ workerId, shards: 0 }));
  expect(planShards(0, 1, targets).map((shard) => shard.replicas[0])).toEqual(['a', 'b', 'c']);
  expect(() => planShards(1, 1, [])).toThrow('no healthy worker');
});

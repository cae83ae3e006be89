import { describe, expect, it } from '@jest/globals';
import { workerData } from '@vectron/proto';
import { leastRecall, shardRecall } from './recall-report.js';

const shard = (recallEstimate?: number, recallLow = 0, recallHigh = 0, recallUnmet = false) =>
  workerData.SearchFound.fromPartial({ recallEstimate, recallLow, recallHigh, recallUnmet });

describe('what an answer says of its recall', () => {
  it('is what the shard with the least says, whatever the order of the shards', () => {
    const shards = [shard(1, 1, 1), shard(0.9, 0.8, 0.95), shard(0.97, 0.7, 0.99), shard(0.9, 0.85, 0.93)];
    const least = { recallEstimate: 0.9, recallInterval: { low: 0.8, high: 0.95 }, recallUnmet: false };
    expect(leastRecall(shards)).toEqual(least);
    expect(leastRecall([...shards].reverse())).toEqual(least);
  });

  it('is nothing when one of the shards has measured nothing, or none has answered', () => {
    expect(leastRecall([shard(1, 1, 1), shard()])).toEqual({ recallUnmet: false });
    expect(leastRecall([])).toEqual({ recallUnmet: false });
  });

  it('is unmet when one of the shards does not reach what was asked for, with or without a measurement', () => {
    const low = shard(0.6, 0.5, 0.7, true);
    expect(leastRecall([shard(1, 1, 1), low])).toMatchObject({ recallEstimate: 0.6, recallUnmet: true });
    expect(leastRecall([low, shard()])).toEqual({ recallUnmet: true });
    expect(leastRecall([shard(1, 1, 1), shard(undefined, 0, 0, true)])).toEqual({ recallUnmet: true });
  });

  it('takes a measured recall of nothing for a measurement', () => {
    expect(leastRecall([shard(0, 0, 0.04)])).toEqual({
      ...{ recallEstimate: 0, recallInterval: { low: 0, high: 0.04 } },
      recallUnmet: false,
    });
  });

  it('has no interval where a worker of an older version sends none', () => {
    expect(shardRecall(shard(0.9))).toEqual({ recallEstimate: 0.9, recallUnmet: false });
  });
});

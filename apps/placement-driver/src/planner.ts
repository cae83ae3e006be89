import { VectronError } from '@vectron/errors';
import { splitHashSpace } from '@vectron/model';
import type { ShardRecord } from './collection-record.js';

/** A worker that may take shards, with the number it holds. */
export interface PlacementTarget {
  readonly workerId: string;
  readonly shards: number;
}

/**
 * Shards of a new collection: equal ranges, each to the worker that holds the fewest; ties by worker id.
 * `count` 0: one a worker, at most 16. Pure.
 */
export function planShards(count: number, firstShardId: number, targets: readonly PlacementTarget[]): ShardRecord[] {
  if (targets.length === 0) throw new VectronError('NO_WORKERS', 'no healthy worker can take the collection');
  const load = new Map(targets.map((target) => [target.workerId, target.shards]));
  const hex = (value: bigint) => value.toString(16).padStart(16, '0');
  return splitHashSpace(count || Math.min(16, targets.length)).map(({ first, last }, at) => {
    const [workerId, shards] = [...load].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1))[0];
    load.set(workerId, shards + 1);
    return { shardId: firstShardId + at, epoch: 1, firstHash: hex(first), lastHash: hex(last), replicas: [workerId] };
  });
}

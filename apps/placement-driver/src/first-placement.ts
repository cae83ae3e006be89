import { VectronError } from '@vectron/errors';
import { splitHashSpace } from '@vectron/model';
import { crowding } from './planner.js';
import { type ReplicaRecord, replicaId, type ShardRecord } from './records.js';

/** A worker that may take replicas of a new collection, with the replicas it holds. */
export interface PlacementTarget {
  readonly workerId: string;
  readonly number: number;
  readonly replicas: number;
  /** Share of the cluster's capacity; default: that of the others. */
  readonly capacity?: number;
  readonly rack?: string;
  readonly zone?: string;
  readonly region?: string;
}

export interface ShardPlan {
  /** 0: one a worker, at most 16. */
  readonly shards: number;
  /** 0: 3 where there are as many workers, else 1. */
  readonly replicas: number;
  readonly firstShardId: number;
}

/**
 * Shards of a new collection: equal ranges, each on the workers that hold the fewest replicas for their capacity, in
 * different zones and racks where there are; ties by worker id. The first of a shard's workers is each worker in turn,
 * because it leads at first. Pure.
 */
export function planShards(
  { shards, replicas, firstShardId }: ShardPlan,
  targets: readonly PlacementTarget[],
  searchOnly: readonly Pick<PlacementTarget, 'workerId' | 'number'>[] = [],
): ShardRecord[] {
  if (targets.length === 0)
    throw new VectronError('NO_WORKERS', 'no healthy worker can hold the collection; start a worker or end a drain');
  const wanted = replicas || (targets.length >= 3 ? 3 : 1);
  if (wanted > targets.length) {
    throw new VectronError(
      'NO_WORKERS',
      `${wanted} replicas require ${wanted} healthy workers, but there are ${targets.length}; start more workers or reduce replicas`,
    );
  }
  const load = new Map(targets.map((target) => [target.workerId, target.replicas]));
  const leads = new Map(targets.map((target) => [target.workerId, 0]));
  const share = (map: Map<string, number>, { workerId, capacity = 1 }: PlacementTarget) =>
    (map.get(workerId) ?? 0) / capacity;
  const add = (map: Map<string, number>, { workerId }: PlacementTarget) =>
    map.set(workerId, (map.get(workerId) ?? 0) + 1);
  const place = ({ region = '', zone = '', rack = '' }: PlacementTarget) => ({ region, zone, rack });
  const hex = (value: bigint) => value.toString(16).padStart(16, '0');
  const learners = searchOnly.map(fresh);
  return splitHashSpace(shards || Math.min(16, targets.length)).map(({ first, last }, at) => {
    const chosen: PlacementTarget[] = [];
    while (chosen.length < wanted) {
      const others = chosen.map(place);
      const key = (target: PlacementTarget) => [crowding(place(target), others), share(load, target)] as const;
      const best = targets
        .filter((target) => !chosen.includes(target))
        .reduce((a, b) => {
          const [[crowdA, loadA], [crowdB, loadB]] = [key(a), key(b)];
          const order = crowdA - crowdB || loadA - loadB || (a.workerId < b.workerId ? -1 : 1);
          return order <= 0 ? a : b;
        });
      chosen.push(best);
      add(load, best);
    }
    chosen.sort((a, b) => share(leads, a) - share(leads, b) || (a.workerId < b.workerId ? -1 : 1));
    add(leads, chosen[0]);
    const voters = chosen.map(fresh);
    return {
      shardId: firstShardId + at,
      epoch: 1,
      firstHash: hex(first),
      lastHash: hex(last),
      replicas: voters,
      learners,
      first: voters.map((voter) => Number(replicaId(voter))),
    };
  });
}

function fresh({ workerId, number }: Pick<PlacementTarget, 'workerId' | 'number'>): ReplicaRecord {
  return { workerId, number, incarnation: 1 };
}

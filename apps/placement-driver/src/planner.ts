import { VectronError } from '@vectron/errors';
import { splitHashSpace } from '@vectron/model';
import { type ReplicaRecord, replicaId, type ShardRecord } from './collection-record.js';

/** A worker that may take replicas, with the number it holds. */
export interface PlacementTarget {
  readonly workerId: string;
  readonly number: number;
  readonly replicas: number;
}

export interface ShardPlan {
  /** 0: one a worker, at most 16. */
  readonly shards: number;
  /** 0: 3 where there are as many workers, else 1. */
  readonly replicas: number;
  readonly firstShardId: number;
}

/**
 * Shards of a new collection: equal ranges, each on the workers that hold the fewest replicas; ties by worker id. The
 * first of a shard's workers is each worker in turn, because it leads at first. Pure.
 */
export function planShards(
  { shards, replicas, firstShardId }: ShardPlan,
  targets: readonly PlacementTarget[],
  searchOnly: readonly Omit<PlacementTarget, 'replicas'>[] = [],
): ShardRecord[] {
  if (targets.length === 0) throw new VectronError('NO_WORKERS', 'no healthy worker can take the collection');
  const wanted = replicas || (targets.length >= 3 ? 3 : 1);
  if (wanted > targets.length) {
    throw new VectronError(
      'NO_WORKERS',
      `${wanted} replicas need as many healthy workers, and there are ${targets.length}`,
    );
  }
  const load = new Map(targets.map((target) => [target.workerId, target.replicas]));
  const leads = new Map(targets.map((target) => [target.workerId, 0]));
  const of = (map: Map<string, number>, { workerId }: PlacementTarget) => map.get(workerId) ?? 0;
  const least = (map: Map<string, number>) => (a: PlacementTarget, b: PlacementTarget) =>
    of(map, a) - of(map, b) || (a.workerId < b.workerId ? -1 : 1);
  const hex = (value: bigint) => value.toString(16).padStart(16, '0');
  const learners = searchOnly.map(fresh);
  return splitHashSpace(shards || Math.min(16, targets.length)).map(({ first, last }, at) => {
    const chosen = [...targets].sort(least(load)).slice(0, wanted).sort(least(leads));
    for (const one of chosen) load.set(one.workerId, of(load, one) + 1);
    leads.set(chosen[0].workerId, of(leads, chosen[0]) + 1);
    const voters = chosen.map(fresh);
    return {
      shardId: firstShardId + at,
      epoch: 1,
      firstHash: hex(first),
      lastHash: hex(last),
      replicas: voters,
      learners,
      first: voters.map(replicaId),
    };
  });
}

function fresh({ workerId, number }: Omit<PlacementTarget, 'replicas'>): ReplicaRecord {
  return { workerId, number, incarnation: 1 };
}

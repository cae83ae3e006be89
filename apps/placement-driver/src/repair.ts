import type { worker } from '@vectron/proto';
import { nextReplica, type ReplicaRecord, replicaId, type ShardRecord } from './records.js';

/**
 * Gives replicas whose data is damaged another incarnation: the worker empties them and takes the shard's state anew,
 * under an id that has never voted. Only while another replica leads with a majority: without one, what is damaged may
 * be all there is. `undefined`: nothing to replace. Pure.
 */
export function replaceDamaged(
  shard: ShardRecord,
  leader: { workerId: string; metrics: worker.ShardMetrics } | undefined,
  said: (workerId: string) => worker.ShardMetrics | undefined,
): ShardRecord | undefined {
  if (!leader?.metrics.hasQuorum) return undefined;
  const isLost = (replica: ReplicaRecord) => {
    const metrics = said(replica.workerId);
    return metrics?.replicaId === replicaId(replica) && metrics.damage !== '' && leader.workerId !== replica.workerId;
  };
  const lost = [...shard.replicas, ...shard.learners].filter(isLost);
  if (lost.length === 0) return undefined;
  const fresh = new Map(
    lost.map((replica) => [replicaId(replica), nextReplica(shard, { id: replica.workerId, number: replica.number })]),
  );
  const next = (replica: ReplicaRecord) => fresh.get(replicaId(replica)) ?? replica;
  const incarnations = { ...shard.incarnations };
  for (const { number, incarnation } of fresh.values()) incarnations[number] = incarnation;
  return { ...shard, replicas: shard.replicas.map(next), learners: shard.learners.map(next), incarnations };
}

/** The shard followed by every search-only worker; `undefined`: it is. Pure. */
export function followedBy(
  shard: ShardRecord,
  searchOnly: readonly { id: string; number: number }[],
): ShardRecord | undefined {
  const missing = searchOnly.filter((worker) => !shard.learners.some(({ workerId }) => workerId === worker.id));
  if (missing.length === 0) return undefined;
  const added = missing.map((worker) => nextReplica(shard, worker));
  const incarnations = { ...shard.incarnations };
  for (const { number, incarnation } of added) incarnations[number] = incarnation;
  return { ...shard, learners: [...shard.learners, ...added], incarnations };
}

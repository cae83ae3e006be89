import type { placement } from '@vectron/proto';
import type { Catalog } from './catalog.js';
import { type CollectionRecord, type ReplicaRecord, replicaId, type ShardRecord } from './collection-record.js';
import type { Heartbeats } from './heartbeats.js';

/**
 * Gives replicas whose data is damaged another incarnation: the worker empties them and takes the shard's state anew,
 * under an id that has never voted. Only while another replica leads with a majority: without one, what is damaged may
 * be all there is.
 */
export async function replaceDamaged(
  beat: placement.HeartbeatRequest,
  catalog: Catalog,
  heartbeats: Heartbeats,
): Promise<void> {
  const lost = new Set(
    beat.shards
      .filter((shard) => {
        const leader = heartbeats.leader(shard.shardId);
        return shard.damage !== '' && leader?.metrics.hasQuorum && leader.workerId !== beat.workerId;
      })
      .map((shard) => shard.replicaId),
  );
  if (lost.size === 0) return;
  const next = (replica: ReplicaRecord): ReplicaRecord =>
    lost.has(replicaId(replica)) ? { ...replica, incarnation: replica.incarnation + 1 } : replica;
  const replaced = (shard: ShardRecord): ShardRecord => ({
    ...shard,
    replicas: shard.replicas.map(next),
    learners: shard.learners.map(next),
  });
  await catalog.update((record: CollectionRecord) => {
    const affected = record.shards.some((shard) =>
      [...shard.replicas, ...shard.learners].some((one) => lost.has(replicaId(one))),
    );
    return affected ? { ...record, shards: record.shards.map(replaced) } : undefined;
  });
}

/** A search-only worker holds a replica without a vote of every shard there is. */
export async function followEverything(worker: { id: string; number: number }, catalog: Catalog): Promise<void> {
  const learner: ReplicaRecord = { workerId: worker.id, number: worker.number, incarnation: 1 };
  await catalog.update((record) => {
    const follows = record.shards.every(({ learners }) => learners.some(({ workerId }) => workerId === worker.id));
    if (follows) return undefined;
    const added = (shard: ShardRecord): ShardRecord =>
      shard.learners.some(({ workerId }) => workerId === worker.id)
        ? shard
        : { ...shard, learners: [...shard.learners, learner] };
    return { ...record, shards: record.shards.map(added) };
  });
}

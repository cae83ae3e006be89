import type { CollectionInfo, CollectionStatus } from './client.js';

/** Counts are bigint on gRPC and strings on REST. */
type Count = bigint | string;

export function collectionInfo(wire: Omit<CollectionInfo, 'points'> & { points: Count }): CollectionInfo {
  const { name, dimension, distance, shards, points } = wire;
  return { name, dimension, distance, shards, points: Number(points) };
}

interface WireStatus extends Pick<CollectionStatus, 'name' | 'dimension' | 'distance'> {
  readonly points: Count;
  readonly indexLag: Count;
  readonly shards: readonly { shardId: number; ready: boolean; points: Count; replicas: readonly Count[] }[];
}

export function collectionStatus({
  name,
  dimension,
  distance,
  points,
  indexLag,
  shards,
}: WireStatus): CollectionStatus {
  const views = shards.map(({ shardId, ready, points: held, replicas }) => ({
    shardId,
    ready,
    points: Number(held),
    replicas: replicas.map(Number),
  }));
  return { name, dimension, distance, points: Number(points), indexLag: Number(indexLag), shards: views };
}

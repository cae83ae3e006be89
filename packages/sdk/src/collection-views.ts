import { gateway } from '@vectron/proto';
import type { CollectionInfo, CollectionOptions, CollectionStatus } from './client.js';

/** The settings of a message, as `createCollection` takes them. */
export function settingsOf(request: gateway.CreateCollectionRequest | undefined): CollectionOptions {
  return settingsOfJson(
    gateway.CreateCollectionRequest.toJSON(request ?? gateway.CreateCollectionRequest.fromPartial({})),
  );
}

/** The same of its JSON form, without the name; empty lists are not in it. */
export function settingsOfJson(json: unknown): CollectionOptions {
  const { name: _, ...settings } = json as CollectionOptions & { readonly name: string };
  return settings;
}

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

export function collectionStatus(
  { name, dimension, distance, points, indexLag, shards }: WireStatus,
  settings: CollectionOptions,
): CollectionStatus {
  const views = shards.map(({ shardId, ready, points: held, replicas }) => ({
    shardId,
    ready,
    points: Number(held),
    replicas: replicas.map(Number),
  }));
  return { name, dimension, distance, points: Number(points), indexLag: Number(indexLag), shards: views, settings };
}

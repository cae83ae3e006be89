import type { CollectionSettings } from '@vectron/model';

/** A collection as the MetaStore holds it. */
export interface CollectionRecord extends CollectionSettings {
  /** Of this incarnation. */
  readonly id: string;
  readonly tenantId: string;
  readonly createdAtMs: number;
  readonly shards: ShardRecord[];
}

export interface ShardRecord {
  readonly shardId: number;
  readonly epoch: number;
  /** Routing hashes it owns, both included, as 16 hexadecimal digits. */
  readonly firstHash: string;
  readonly lastHash: string;
  /** Those with a vote. */
  readonly replicas: ReplicaRecord[];
  /** Those without: on search-only workers. */
  readonly learners: ReplicaRecord[];
  /** Replica ids of the voters that the shard was made with; the first leads at first. */
  readonly first: number[];
}

/** A replica of a shard: a worker, and how often that worker was given the shard. */
export interface ReplicaRecord {
  readonly workerId: string;
  /** Of the worker. */
  readonly number: number;
  /** Counted up when the replica's data was lost: it comes back as another one. */
  readonly incarnation: number;
}

/** What the replica is called in its group. */
export const replicaId = ({ number, incarnation }: ReplicaRecord): number => number * 65_536 + incarnation;

export interface WorkerRecord {
  readonly id: string;
  /** Small number, for the public contract. */
  readonly number: number;
  readonly address: string;
  /** Where other workers reach it; empty: not at all. */
  readonly raftAddress: string;
  /** Holds replicas without a vote, of every shard. */
  readonly searchOnly: boolean;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly rack: string;
  readonly zone: string;
  readonly region: string;
}

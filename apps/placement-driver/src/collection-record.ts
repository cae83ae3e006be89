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
  /** Worker ids, the leader first. */
  readonly replicas: string[];
}

export interface WorkerRecord {
  readonly id: string;
  /** Small number, for the public contract. */
  readonly number: number;
  readonly address: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly rack: string;
  readonly zone: string;
  readonly region: string;
}

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
  /** Those with a vote, or that shall have one. */
  readonly replicas: ReplicaRecord[];
  /** Those without: on search-only workers, and the new one of a move. */
  readonly learners: ReplicaRecord[];
  /** Replicas that shall not be any more, and are until the others have agreed. */
  readonly leaving?: ReplicaRecord[];
  /** Replica ids of the voters that the shard was made with; the first leads at first. Empty: it was split off. */
  readonly first: number[];
  /** Highest incarnation that each worker, by number, has ever had of the shard: none comes back under its name. */
  readonly incarnations?: Readonly<Record<number, number>>;
  readonly splitFrom?: { readonly shardId: number; readonly epoch: number; readonly index: number };
  readonly operation?: OperationRecord;
  /** After moves that were rolled back: how many in a row, and when the next may begin. */
  readonly backOff?: { readonly failures: number; readonly untilMs: number };
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
export const replicaId = ({ number, incarnation }: Omit<ReplicaRecord, 'workerId'>): bigint =>
  (BigInt(number) << 16n) | BigInt(incarnation);

/** The next replica of the shard on a worker: never one that was. */
export function nextReplica(shard: ShardRecord, worker: { id: string; number: number }): ReplicaRecord {
  const held = [...shard.replicas, ...shard.learners, ...(shard.leaving ?? [])];
  const known = held.filter(({ number }) => number === worker.number).map(({ incarnation }) => incarnation);
  const incarnation = Math.max(0, shard.incarnations?.[worker.number] ?? 0, ...known) + 1;
  return { workerId: worker.id, number: worker.number, incarnation };
}

/** Every replica that its worker must hold. */
export const heldReplicas = (shard: ShardRecord): ReplicaRecord[] => [
  ...shard.replicas,
  ...shard.learners,
  ...(shard.leaving ?? []),
];

interface OperationBase {
  readonly id: string;
  readonly cause: Cause;
  readonly reason: string;
  readonly startedMs: number;
  /** When the step was recorded. */
  readonly stepMs: number;
}

export type Cause = 'repair' | 'drain' | 'spread' | 'size' | 'hot' | 'balance' | 'leaders' | 'asked';

/**
 * A replica goes from one worker to another. learner: the new one is made and catches up; voter: it takes the place of
 * the old one among the voters; cleanup: the old one's files are deleted.
 */
export interface MoveRecord extends OperationBase {
  readonly kind: 'move';
  readonly step: 'learner' | 'voter' | 'cleanup';
  readonly add: ReplicaRecord;
  readonly remove: ReplicaRecord;
}

/** The upper part of the range becomes another shard's. */
export interface SplitRecord extends OperationBase {
  readonly kind: 'split';
  readonly step: 'splitting';
  /** First hash of the upper part. */
  readonly at: string;
  readonly upperShardId: number;
  /** Of both afterwards. */
  readonly epoch: number;
}

export type OperationRecord = MoveRecord | SplitRecord;

/** An operation that ended. */
export interface EndedOperation {
  readonly operation: OperationRecord;
  readonly shardId: number;
  readonly tenantId: string;
  readonly collection: string;
  readonly outcome: 'done' | 'rolled-back';
  readonly detail: string;
  readonly endedMs: number;
}

export type WorkerState =
  | 'JOINING'
  | 'READY'
  | 'ACTIVE'
  | 'STANDBY'
  | 'UNHEALTHY'
  | 'DRAINING'
  | 'ERROR'
  | 'RETRY'
  | 'REMOVED';

export interface StateChange {
  readonly state: WorkerState;
  readonly atMs: number;
  readonly reason: string;
}

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
  /** Told to give its replicas away. */
  readonly draining?: boolean;
  /** The last ones, the newest last. */
  readonly states?: StateChange[];
}

const STATES_KEPT = 20;

export const stateOf = (worker: WorkerRecord): StateChange =>
  worker.states?.at(-1) ?? { state: 'JOINING', atMs: 0, reason: 'registered' };

export const withState = (worker: WorkerRecord, change: StateChange): WorkerRecord => ({
  ...worker,
  states: [...(worker.states ?? []), change].slice(-STATES_KEPT),
});

/** Share of a cluster's capacity. */
export const capacityScore = ({
  cpuCores,
  memoryBytes,
  diskBytes,
}: Pick<WorkerRecord, 'cpuCores' | 'memoryBytes' | 'diskBytes'>): number =>
  (cpuCores / 8) * 300 + (memoryBytes / 32e9) * 400 + (diskBytes / 500e9) * 300;

import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';
import * as native from '../native/index.js';
import { decoded, decodedNow } from './native-error.js';
import { DEFAULT_REPLICATION, type ReplicationOptions } from './replication.js';
import { Submissions } from './submissions.js';

export interface EngineOptions extends Partial<ReplicationOptions> {
  /** Threads that answer queries, 1 to 1024, and as many that answer those which take long. */
  readonly threads: number;
  /** Threads that build graphs, 1 to 1024. */
  readonly indexThreads: number;
  /** Operations that may wait for a thread; more are refused with OVERLOADED. */
  readonly maxWaiting: number;
  /** Memory for what was read: a quarter for payloads as they were answered, the rest for RocksDB blocks. */
  readonly cacheBytes: number;
  /** RocksDB memtables of all shards together. */
  readonly writeBufferBytes: number;
}

export type ShardSettings = native.Spec;
export type ShardStatus = native.Status;
export type Operations = native.Operations;
export type StorageStatus = native.StorageStatus;
export type Assigned = native.Assigned;
export type PeerAddress = native.PeerAddress;
export type Scrubbed = native.Scrubbed;
export type ShardEpoch = native.ShardEpoch;

/** A shard with one replica, here. */
export function aloneHere(shardId: number, epoch: number, replicaId = (1 << 16) | 1): Assigned {
  return {
    shardId,
    epoch,
    replicaId,
    voters: [replicaId],
    learners: [],
    first: [replicaId],
    relaxed: false,
    known: false,
  };
}

/** How the core is told what a shard is for. */
export function shardSettings(
  shard: Pick<placement.Assignment, 'dimension' | 'distance' | 'hnswM' | 'hnswEfConstruction' | 'vectors'>,
): ShardSettings {
  const { dimension, distance: metric, hnswM: m, hnswEfConstruction: efConstruction, vectors } = shard;
  if (vectors === undefined) return { dimension, metric, m, efConstruction };
  const { quantization, storage, oversampling, parallelBuild } = vectors;
  return { dimension, metric, m, efConstruction, quantization, vectors: storage, oversampling, parallelBuild };
}

export type SearchManyOptions = native.SearchManyOptions;
/** Answers of `searchMany`, query after query, as typed arrays; `matchIds` gives the ids. */
export type Matches = native.Matches;

/** The ids of all hits, in the order of `scores`. */
export function matchIds({ ids, idEnds }: Pick<Matches, 'ids' | 'idEnds'>): string[] {
  const text = ids.toString('utf8');
  // One decoding for all of them where a byte is a character.
  const ascii = text.length === ids.length;
  const list = new Array<string>(idEnds.length);
  let from = 0;
  for (let at = 0; at < idEnds.length; at += 1) {
    const to = idEnds[at] ?? from;
    list[at] = ascii ? text.slice(from, to) : ids.toString('utf8', from, to);
    from = to;
  }
  return list;
}

/** SIMD path of the distance kernels on this CPU. */
export const instructionSet = (): string => native.instructionSet();

/**
 * Shards in a directory. Operations are encoded vectron.workerdata.v1.ShardOp, answers encoded ShardOutcome;
 * a failed operation is a failed outcome, not an exception. What is submitted in one event-loop tick goes to
 * the core in one call, reads and writes apart; each is answered when it is done.
 */
export class Engine {
  readonly #submissions: Submissions;
  readonly #read: (op: Buffer, ticket: number) => Promise<Buffer>;
  readonly #write: (op: Buffer, ticket: number) => Promise<Buffer>;
  #tickets = 0;

  private constructor(private readonly core: native.Engine) {
    this.#submissions = new Submissions(core);
    this.#read = this.#submissions.line();
    this.#write = this.#submissions.line();
  }

  /** One process opens a directory; a second one gets CONFLICT. */
  static async open(dir: string, options: EngineOptions): Promise<Engine> {
    try {
      return new Engine(await decoded(native.open(dir, { ...DEFAULT_REPLICATION, ...options })));
    } catch (cause) {
      if (cause instanceof VectronError && /lock (file|hold)/.test(cause.message)) {
        throw new VectronError('CONFLICT', `${dir} is in use by another process`, { cause });
      }
      throw cause;
    }
  }

  /** Names the open engine, for `attach` in other threads of this process. */
  share(): number {
    return decodedNow(() => this.core.share());
  }

  /**
   * A handle, for this thread, on an engine that another thread has open and has shared. It is for operations: who opened the
   * engine looks after its shards, and closes it. Throws SHUTTING_DOWN when it was closed.
   */
  static attach(id: number): Engine {
    return new Engine(decodedNow(() => native.attach(id)));
  }

  /**
   * Runs one operation. `write`: the operation is an upsert or a delete. `ticket`: of `newTicket`, for `cancel`; a write
   * that was submitted is made all the same.
   */
  submit(op: Buffer, write: boolean, ticket = 0): Promise<Buffer> {
    return write ? this.#write(op, 0) : this.#read(op, ticket);
  }

  /** A number for one read, not in use by another. */
  newTicket(): number {
    this.#tickets = (this.#tickets % 0xffff_ffff) + 1;
    return this.#tickets;
  }

  /** Nobody waits for these reads any more: they end soon, with any outcome. */
  cancel(tickets: number[]): void {
    this.core.cancel(tickets);
  }

  /**
   * The nearest points of many queries in one call, on the engine's threads: `vectors` holds one query after the
   * other. Several queries a call cost the event loop least. A wrong query refuses the call.
   */
  searchMany(shardId: number, epoch: number, vectors: Float32Array, options: SearchManyOptions): Promise<Matches> {
    return decoded(this.core.searchMany(shardId, epoch, vectors, options));
  }

  /** `host:port` of the listener for other workers. */
  get raftAddress(): string {
    return this.core.raftAddress() ?? '';
  }

  /** Where the other workers listen. */
  setPeers(peers: PeerAddress[]): void {
    this.core.setPeers(peers);
  }

  /** Opens or makes a replica; on an open one, sets the epoch and what is wanted. */
  openShard(assigned: Assigned, settings: ShardSettings): Promise<void> {
    return decoded(this.core.openShard(assigned, settings));
  }

  /** Hands the lead of a shard that this worker leads to another replica. */
  transferLeader(shardId: number, replicaId: number): Promise<void> {
    return decoded(this.core.transferLeader(shardId, replicaId));
  }

  /** Compares the replicas of a shard that this worker leads; those that differ are taken out of service. */
  scrub(shardId: number): Promise<Scrubbed> {
    return decoded(this.core.scrub(shardId));
  }

  /**
   * Splits a shard that this worker leads: routing hashes from `at` on become those of shard `upper`, both of `epoch`,
   * which must be greater than the shard's. Returns the log index of the split. STALE_EPOCH when that epoch was reached.
   */
  splitShard(shardId: number, at: bigint, upper: number, epoch: number): Promise<number> {
    return decoded(this.core.splitShard(shardId, at, upper, epoch));
  }

  /** Removes what splits left here for shards that go elsewhere. `assigned`: as the placement driver has them. */
  forgetSplits(assigned: ShardEpoch[]): Promise<void> {
    return decoded(this.core.forgetSplits(assigned));
  }

  /** Removes a shard with its files. */
  dropShard(id: number): Promise<void> {
    return decoded(this.core.dropShard(id));
  }

  /** Shards in the directory, open or not. */
  storedShards(): Promise<number[]> {
    return decoded(this.core.storedShards());
  }

  /** What waits for a thread and what runs, of the usual operations and of reads that take long (`ShardOp.costly`). */
  operations(): { readonly usual: Operations; readonly costly: Operations } {
    const [usual, costly] = this.core.operations() as [Operations, Operations];
    return { usual, costly };
  }

  /** What the log and the stores of all shards have done since the engine was opened, and do now. */
  storage(): StorageStatus {
    return this.core.storage();
  }

  status(): ShardStatus[] {
    return this.core.status();
  }

  /** Makes everything durable in the shard stores and saves the graphs. */
  flush(): Promise<void> {
    return decoded(this.core.flush());
  }

  /** Flushes and lets go of all shards; operations fail with SHARD_NOT_FOUND from then on. */
  async close(): Promise<void> {
    await decoded(this.core.close());
    this.#submissions.end();
  }
}

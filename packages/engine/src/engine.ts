import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';
import * as native from '../native/index.js';
import { TickBatcher } from './tick-batcher.js';

export interface EngineOptions {
  /** Threads that answer queries and apply writes, 1 to 1024. */
  readonly threads: number;
  /** Threads that build graphs, 1 to 1024. */
  readonly indexThreads: number;
  /** Operations that may wait for a thread; more are refused with OVERLOADED. */
  readonly maxWaiting: number;
  /** RocksDB block cache. */
  readonly cacheBytes: number;
  /** RocksDB memtables of all shards together. */
  readonly writeBufferBytes: number;
}

export type ShardSettings = native.Spec;
export type ShardStatus = native.Status;

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
 * the core in one call; reads and writes apart, so that a read never waits for a disk.
 */
export class Engine {
  readonly #reads: TickBatcher;
  readonly #writes: TickBatcher;

  private constructor(private readonly core: native.Engine) {
    const submit = (ops: Buffer[]) => core.submit(ops);
    this.#reads = new TickBatcher(submit);
    this.#writes = new TickBatcher(submit);
  }

  /** One process opens a directory; a second one gets CONFLICT. */
  static async open(dir: string, options: EngineOptions): Promise<Engine> {
    try {
      return new Engine(await decoded(native.open(dir, options)));
    } catch (cause) {
      if (cause instanceof VectronError && /lock (file|hold)/.test(cause.message)) {
        throw new VectronError('CONFLICT', `${dir} is in use by another process`, { cause });
      }
      throw cause;
    }
  }

  /** Runs one operation. `write`: the operation is an upsert or a delete. */
  submit(op: Buffer, write: boolean): Promise<Buffer> {
    return (write ? this.#writes : this.#reads).submit(op);
  }

  /**
   * The nearest points of many queries in one call, on the engine's threads: `vectors` holds one query after the
   * other. Several queries a call cost the event loop least. A wrong query refuses the call.
   */
  searchMany(shardId: number, epoch: number, vectors: Float32Array, options: SearchManyOptions): Promise<Matches> {
    return decoded(this.core.searchMany(shardId, epoch, vectors, options));
  }

  /** Opens or makes a shard; on an open one, sets the epoch. */
  openShard(id: number, epoch: number, settings: ShardSettings): Promise<void> {
    return decoded(this.core.openShard(id, epoch, settings));
  }

  /** Removes a shard with its files. */
  dropShard(id: number): Promise<void> {
    return decoded(this.core.dropShard(id));
  }

  /** Shards in the directory, open or not. */
  storedShards(): Promise<number[]> {
    return decoded(this.core.storedShards());
  }

  status(): ShardStatus[] {
    return this.core.status();
  }

  /** Makes everything durable in the shard stores and saves the graphs. */
  flush(): Promise<void> {
    return decoded(this.core.flush());
  }

  /** Flushes and lets go of all shards; operations fail with SHARD_NOT_FOUND from then on. */
  close(): Promise<void> {
    return decoded(this.core.close());
  }
}

/** Native errors carry `{"code", "message"}` as their reason. */
async function decoded<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw decodeNativeError(error);
  }
}

export function decodeNativeError(error: unknown): VectronError {
  const reason = String((error as { message?: unknown } | null)?.message ?? error);
  try {
    const { code, message } = JSON.parse(reason) as { code: string; message: string };
    return VectronError.fromWire(code, message);
  } catch {
    return new VectronError('INTERNAL', `the core failed: ${reason}`, { cause: error });
  }
}

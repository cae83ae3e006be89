import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { placement, type worker } from '@vectron/proto';
import { type Api, callContext } from '@vectron/rpc';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { ShardService } from './shard-service.js';

export type PlacementApi = Api<typeof placement.PlacementServiceService>;

const HEARTBEAT_MS = 5_000;
/** How soon a change of the shards is reported. */
const CHANGE_MS = 500;

/** What the worker remembers between starts. */
interface Identity {
  readonly workerId: string;
  readonly clusterId: string;
}

/** Registers the worker, follows its assignments and reports its health. */
export class ClusterMember {
  #identity: Identity = { workerId: '', clusterId: '' };
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #lastCpu = process.cpuUsage();
  #lastBeatMs = performance.now();
  #lastSearches = 0;
  #reported = 0;

  constructor(
    private readonly dir: string,
    private readonly shards: ShardService,
    private readonly pd: PlacementApi,
    private readonly logger: Logger,
  ) {}

  get workerId(): string {
    return this.#identity.workerId;
  }

  /** Opens the shards it held when it last ran, so that it serves before the placement driver answers. */
  async openKnown(): Promise<void> {
    this.#identity = this.#read<Identity>('worker.json') ?? this.#identity;
    const assigned = this.#read<unknown>('assignments.json');
    if (assigned !== undefined) await this.#reconcile(placement.Assignments.fromJSON(assigned).shards, false);
  }

  /**
   * Registers `address` and goes on in the background until `stop`. Waits for a placement driver that does not answer
   * yet; throws when it answers that this worker is not one of its cluster.
   */
  async start(address: string): Promise<void> {
    const persistent = retry(
      handleWhen((error) => toVectronError(error).spec.retryable),
      {
        maxAttempts: Number.MAX_SAFE_INTEGER,
        backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 5_000 }),
      },
    );
    await persistent.execute(() => this.#register(address));
    void this.#follow();
    this.#timer = setInterval(() => {
      if (performance.now() - this.#lastBeatMs >= HEARTBEAT_MS || progressOf(this.shards.metrics()) !== this.#reported)
        void this.#beat();
    }, CHANGE_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #register(address: string): Promise<void> {
    const disk = await statfs(this.dir);
    const { workerId, clusterId } = await this.pd.registerWorker(
      {
        workerId: this.#identity.workerId,
        grpcAddress: address,
        cpuCores: availableParallelism(),
        memoryBytes: totalmem(),
        diskBytes: disk.blocks * disk.bsize,
        rack: '',
        zone: '',
        region: '',
      },
      callContext({ timeoutMs: 5_000 }),
    );
    this.#checkCluster(clusterId);
    this.#identity = { workerId, clusterId };
    this.#write('worker.json', this.#identity);
  }

  #checkCluster(clusterId: string): void {
    if (this.#identity.clusterId !== '' && this.#identity.clusterId !== clusterId) {
      throw new VectronError(
        'SPEC_MISMATCH',
        `${this.dir} belongs to cluster ${this.#identity.clusterId}, the placement driver to ${clusterId}`,
      );
    }
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        const request = { workerId: this.workerId };
        for await (const assignments of this.pd.watchAssignments(request, callContext())) {
          if (this.#stopped) return;
          this.#checkCluster(assignments.clusterId);
          this.#write('assignments.json', placement.Assignments.toJSON(assignments));
          await this.#reconcile(assignments.shards, true);
          await this.#beat();
        }
      } catch (error) {
        if (!this.#stopped) this.logger.warn({ err: error }, 'lost the placement driver; trying again');
      }
      await new Promise((resolve) => setTimeout(resolve, 500).unref());
    }
  }

  async #reconcile(assigned: placement.Assignment[], drop: boolean): Promise<void> {
    for (const { shardId, error } of await this.shards.reconcile(assigned, drop)) {
      this.logger.error({ err: error, shardId }, 'a shard cannot be opened or removed');
    }
  }

  async #beat(): Promise<void> {
    try {
      await this.pd.heartbeat(await this.#measure(), callContext({ timeoutMs: 5_000 }));
    } catch (error) {
      this.logger.warn({ err: error }, 'heartbeat failed');
    }
  }

  async #measure(): Promise<placement.HeartbeatRequest> {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#lastBeatMs) / 1000);
    const cpu = process.cpuUsage();
    const used = cpu.user + cpu.system - this.#lastCpu.user - this.#lastCpu.system;
    const shards = this.shards.metrics();
    this.#reported = progressOf(shards);
    const searches = shards.reduce((sum, shard) => sum + shard.searches, 0);
    const qps = Math.max(0, searches - this.#lastSearches) / seconds;
    this.#lastBeatMs = now;
    this.#lastCpu = cpu;
    this.#lastSearches = searches;
    const disk = await statfs(this.dir);
    return {
      workerId: this.workerId,
      cpuUsagePercent: used / 1e4 / seconds / availableParallelism(),
      memoryBytes: process.memoryUsage.rss(),
      diskUsedBytes: (disk.blocks - disk.bavail) * disk.bsize,
      queriesPerSecond: qps,
      shards,
    };
  }

  #read<T>(name: string): T | undefined {
    try {
      return JSON.parse(readFileSync(join(this.dir, name), 'utf8')) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #write(name: string, value: unknown): void {
    const partial = join(this.dir, `${name}.partial`);
    writeFileSync(partial, JSON.stringify(value), { mode: 0o600 });
    renameSync(partial, join(this.dir, name));
  }
}

/** Grows with every write that is applied and every point that is indexed. */
function progressOf(shards: worker.ShardMetrics[]): number {
  return shards.reduce((sum, shard) => sum + 2 * shard.appliedIndex - shard.tailPoints, 0);
}

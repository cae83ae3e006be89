import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { placement, type worker } from '@vectron/proto';
import { type Api, callContext } from '@vectron/rpc';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { replicaName, type ShardService } from './shard-service.js';

export type PlacementApi = Api<typeof placement.PlacementServiceService>;

const HEARTBEAT_MS = 5_000;
/** How soon a change of the shards is reported. */
const CHANGE_MS = 500;

/** What the worker remembers between starts. */
interface Identity {
  readonly workerId: string;
  readonly clusterId: string;
}

export interface MemberParts {
  /** The worker's data directory. */
  readonly dir: string;
  readonly shards: ShardService;
  readonly pd: PlacementApi;
  readonly logger: Logger;
  /** At which other workers reach this one; empty: not at all. */
  readonly raftAddress: string;
  readonly searchOnly: boolean;
}

/** Registers the worker, follows its assignments and reports its health. */
export class ClusterMember {
  #identity: Identity = { workerId: '', clusterId: '' };
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #lastCpu = process.cpuUsage();
  #lastBeatMs = performance.now();
  #lastSearches = 0;
  #reported = '';

  constructor(private readonly parts: MemberParts) {}

  /** At which other workers reach this one. */
  get raftAddress(): string {
    return this.parts.raftAddress;
  }

  get workerId(): string {
    return this.#identity.workerId;
  }

  /** Opens the shards it held when it last ran, so that it serves before the placement driver answers. */
  async openKnown(): Promise<void> {
    this.#identity = this.#read<Identity>('worker.json') ?? this.#identity;
    const assigned = this.#read<unknown>('assignments.json');
    if (assigned !== undefined) await this.#reconcile(placement.Assignments.fromJSON(assigned), false);
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
      if (
        performance.now() - this.#lastBeatMs >= HEARTBEAT_MS ||
        progressOf(this.parts.shards.metrics()) !== this.#reported
      )
        void this.#beat();
    }, CHANGE_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #register(address: string): Promise<void> {
    const disk = await statfs(this.parts.dir);
    const { workerId, clusterId } = await this.parts.pd.registerWorker(
      {
        workerId: this.#identity.workerId,
        grpcAddress: address,
        cpuCores: availableParallelism(),
        memoryBytes: totalmem(),
        diskBytes: disk.blocks * disk.bsize,
        rack: '',
        zone: '',
        region: '',
        raftAddress: this.parts.raftAddress,
        searchOnly: this.parts.searchOnly,
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
        `${this.parts.dir} belongs to cluster ${this.#identity.clusterId}, the placement driver to ${clusterId}`,
      );
    }
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        const request = { workerId: this.workerId };
        for await (const assignments of this.parts.pd.watchAssignments(request, callContext())) {
          if (this.#stopped) return;
          this.#checkCluster(assignments.clusterId);
          this.#write('assignments.json', placement.Assignments.toJSON(assignments));
          await this.#reconcile(assignments, true);
          await this.#beat();
        }
      } catch (error) {
        if (!this.#stopped) this.parts.logger.warn({ err: error }, 'lost the placement driver; trying again');
      }
      await new Promise((resolve) => setTimeout(resolve, 500).unref());
    }
  }

  async #reconcile({ shards, peers }: placement.Assignments, drop: boolean): Promise<void> {
    this.parts.shards.setPeers(peers);
    // A replica that was here once and has no data any more is damaged, and not new: it may have voted.
    const known = new Set(this.#read<string[]>('replicas.json') ?? []);
    const { opened, failed } = await this.parts.shards.reconcile(shards, { drop, known });
    for (const { shardId, error } of failed) {
      this.parts.logger.error({ err: error, shardId }, 'a shard cannot be opened or removed');
    }
    const now = shards.map(replicaName).filter((name) => known.has(name) || opened.has(name));
    this.#write('replicas.json', now);
  }

  async #beat(): Promise<void> {
    try {
      await this.parts.pd.heartbeat(await this.#measure(), callContext({ timeoutMs: 5_000 }));
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'heartbeat failed');
    }
  }

  async #measure(): Promise<placement.HeartbeatRequest> {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#lastBeatMs) / 1000);
    const cpu = process.cpuUsage();
    const used = cpu.user + cpu.system - this.#lastCpu.user - this.#lastCpu.system;
    const shards = this.parts.shards.metrics();
    this.#reported = progressOf(shards);
    const searches = shards.reduce((sum, shard) => sum + shard.searches, 0);
    const qps = Math.max(0, searches - this.#lastSearches) / seconds;
    this.#lastBeatMs = now;
    this.#lastCpu = cpu;
    this.#lastSearches = searches;
    const disk = await statfs(this.parts.dir);
    return {
      workerId: this.workerId,
      cpuUsagePercent: used / 1e4 / seconds / availableParallelism(),
      memoryBytes: process.memoryUsage.rss(),
      diskUsedBytes: (disk.blocks - disk.bavail) * disk.bsize,
      queriesPerSecond: qps,
      shards,
    };
  }

  /** `undefined`: there is no such file. Throws DATA_DAMAGED when it is not what was written. */
  #read<T>(name: string): T | undefined {
    const file = join(this.parts.dir, name);
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as T;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new VectronError('DATA_DAMAGED', `${file} cannot be read`, { cause });
    }
  }

  /** The file as it was, or as it will be: never in between, whenever the power fails. */
  #write(name: string, value: unknown): void {
    const partial = join(this.parts.dir, `${name}.partial`);
    writeFileSync(partial, JSON.stringify(value), { mode: 0o600, flush: true });
    renameSync(partial, join(this.parts.dir, name));
    const dir = openSync(this.parts.dir, 'r');
    fsyncSync(dir);
    closeSync(dir);
  }
}

/** Changes with every write that is applied, every point that is indexed, and every turn of a role. */
function progressOf(shards: worker.ShardMetrics[]): string {
  const work = shards.reduce((sum, shard) => sum + 2 * shard.appliedIndex - shard.tailPoints, 0);
  const roles = shards.map(({ shardId, role, term, hasQuorum, damage }) =>
    [shardId, role, term, hasQuorum, damage !== ''].join(),
  );
  return [work, ...roles].join(';');
}

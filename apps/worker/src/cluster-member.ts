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

/** The placement drivers: whichever answers, and each, because every one of them is told how this worker is. */
export interface PlacementLink {
  readonly api: PlacementApi;
  readonly each: readonly PlacementApi[];
}

const HEARTBEAT_MS = 5_000;
/** How long a stopping worker tries to hand over what it leads. */
const HAND_OVER_MS = 5_000;
/** How soon a turn of a shard's role is reported, and how soon progress is. */
const TURN_MS = 100;
const PROGRESS_MS = 500;
/** Share of the time that looking for changes may take. */
const LOOK_SHARE = 0.01;

/** What the worker remembers between starts. */
interface Identity {
  readonly workerId: string;
  readonly clusterId: string;
}

export interface MemberParts {
  /** The worker's data directory. */
  readonly dir: string;
  readonly shards: ShardService;
  readonly pd: PlacementLink;
  readonly place: { readonly rack: string; readonly zone: string; readonly region: string };
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
  #lastShards = new Map<string, worker.ShardMetrics>();
  #reported = { roles: '', work: 0 };
  #number = 0;
  #stopping = false;
  /** Of the assignments that are carried out. */
  #revision = 0n;

  constructor(private readonly parts: MemberParts) {}

  /** At which other workers reach this one. */
  get raftAddress(): string {
    return this.parts.raftAddress;
  }

  /** What people call it; 0 before it is registered. */
  get number(): number {
    return this.#number;
  }

  get workerId(): string {
    return this.#identity.workerId;
  }

  /** Opens the shards it held when it last ran, so that it serves before the placement driver answers. */
  async openKnown(): Promise<void> {
    this.#identity = this.#read<Identity>('worker.json') ?? this.#identity;
    const assigned = this.#read<unknown>('assignments.json');
    if (assigned === undefined) return;
    const assignments = placement.Assignments.fromJSON(assigned);
    this.#revision = assignments.revision;
    await this.#reconcile(assignments, false);
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
    this.#look();
  }

  /** Reports when it is time, or when there is something to report; and looks again. */
  #look(): void {
    if (this.#stopped) return;
    const from = performance.now();
    const shards = this.parts.shards.metrics();
    const silentMs = from - this.#lastBeatMs;
    const turned = rolesOf(shards) !== this.#reported.roles;
    const progressed = silentMs >= PROGRESS_MS && workOf(shards) !== this.#reported.work;
    if (silentMs >= HEARTBEAT_MS || turned || progressed) void this.#beat();
    const tookMs = performance.now() - from;
    this.#timer = setTimeout(() => this.#look(), Math.min(HEARTBEAT_MS / 2, Math.max(TURN_MS, tookMs / LOOK_SHARE)));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #register(address: string): Promise<void> {
    const disk = await statfs(this.parts.dir);
    const { workerId, clusterId, number } = await this.parts.pd.api.registerWorker(
      {
        workerId: this.#identity.workerId,
        grpcAddress: address,
        cpuCores: availableParallelism(),
        memoryBytes: totalmem(),
        diskBytes: disk.blocks * disk.bsize,
        ...this.parts.place,
        raftAddress: this.parts.raftAddress,
        searchOnly: this.parts.searchOnly,
      },
      callContext({ timeoutMs: 5_000 }),
    );
    this.#checkCluster(clusterId);
    this.#number = number;
    this.#identity = { workerId, clusterId };
    this.#write('worker.json', this.#identity);
  }

  #checkCluster(clusterId: string): void {
    if (this.#identity.clusterId !== '' && this.#identity.clusterId !== clusterId) {
      throw new VectronError(
        'SPEC_MISMATCH',
        `${this.parts.dir} belongs to cluster ${this.#identity.clusterId}, but the placement driver to ${clusterId}; use the data directory of this cluster`,
      );
    }
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      try {
        const request = { workerId: this.workerId };
        for await (const assignments of this.parts.pd.api.watchAssignments(request, callContext())) {
          if (this.#stopped) return;
          this.#checkCluster(assignments.clusterId);
          // From a placement driver that is behind: it would take away what was assigned since.
          if (assignments.revision < this.#revision) continue;
          this.#revision = assignments.revision;
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
    if (drop) await this.parts.shards.forgetSplits(shards);
    const { opened, failed } = await this.parts.shards.reconcile(shards, { drop, known });
    for (const { shardId, error } of failed) {
      this.parts.logger.error({ err: error, shardId }, 'a shard cannot be opened or removed');
    }
    const now = shards.map(replicaName).filter((name) => known.has(name) || opened.has(name));
    if (now.length !== known.size || now.some((name) => !known.has(name))) this.#write('replicas.json', now);
  }

  async #beat(): Promise<void> {
    const request = await this.#measure();
    const told = await Promise.allSettled(
      this.parts.pd.each.map((pd) => pd.heartbeat(request, callContext({ timeoutMs: 5_000 }))),
    );
    const failed = told.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined && told.every((outcome) => outcome.status === 'rejected') && !this.#stopped) {
      this.parts.logger.warn({ err: failed.reason }, 'no placement driver takes a heartbeat');
    }
  }

  /** Gives what this worker leads to other voters, so that nobody waits for an election when it is gone. */
  async handOver(): Promise<void> {
    // First of all, so that nobody hands anything to this worker meanwhile.
    this.#stopping = true;
    await this.#beat();
    const deadline = performance.now() + HAND_OVER_MS;
    const led = () =>
      this.parts.shards
        .metrics()
        .filter((shard) => shard.role === 'leader' && shard.hasQuorum && shard.voters.length > 1);
    for (let turn = 0; led().length > 0 && performance.now() < deadline; turn++) {
      await Promise.all(
        led().map(async ({ shardId, replicaId, voters }) => {
          const others = voters.filter((id) => id !== replicaId);
          // One that lags refuses: another one is asked the next time.
          const to = others[(shardId + turn) % others.length];
          await this.parts.shards.transferLeader(shardId, to).catch(() => undefined);
        }),
      );
      for (const end = performance.now() + 500; led().length > 0 && performance.now() < end; ) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await this.#beat();
  }

  async #measure(): Promise<placement.HeartbeatRequest> {
    const now = performance.now();
    const seconds = Math.max(0.001, (now - this.#lastBeatMs) / 1000);
    const cpu = process.cpuUsage();
    const used = cpu.user + cpu.system - this.#lastCpu.user - this.#lastCpu.system;
    const metrics = this.parts.shards.metrics();
    this.#reported = { roles: rolesOf(metrics), work: workOf(metrics) };
    const before = this.#lastShards;
    this.#lastShards = new Map(metrics.map((shard) => [`${shard.shardId}/${shard.replicaId}`, shard]));
    const shards = metrics.map((shard) => {
      const last = before.get(`${shard.shardId}/${shard.replicaId}`) ?? shard;
      const queriesPerSecond = Math.max(0, shard.searches - last.searches) / seconds;
      const writesPerSecond = Math.max(0, Number(shard.appliedIndex - last.appliedIndex)) / seconds;
      return { ...shard, queriesPerSecond, writesPerSecond };
    });
    this.#lastBeatMs = now;
    this.#lastCpu = cpu;
    const disk = await statfs(this.parts.dir);
    return {
      workerId: this.workerId,
      cpuUsagePercent: used / 1e4 / seconds / availableParallelism(),
      memoryBytes: process.memoryUsage.rss(),
      diskUsedBytes: (disk.blocks - disk.bavail) * disk.bsize,
      queriesPerSecond: shards.reduce((sum, shard) => sum + shard.queriesPerSecond, 0),
      writesPerSecond: shards.reduce((sum, shard) => sum + shard.writesPerSecond, 0),
      stopping: this.#stopping,
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

/** Changes with every write that is applied, and every point that is indexed. */
const workOf = (shards: worker.ShardMetrics[]): number =>
  shards.reduce((sum, shard) => sum + 2 * Number(shard.appliedIndex) - shard.tailPoints, 0);

/** Changes with every turn of a role, and with the members. */
const rolesOf = (shards: worker.ShardMetrics[]): string =>
  shards
    .map(({ shardId, replicaId, role, term, hasQuorum, membersSettled, damage, voters, learners }) =>
      [shardId, replicaId, role, term, hasQuorum, membersSettled, damage !== '', voters, learners].join(),
    )
    .join(';');

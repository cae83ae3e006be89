import { EventEmitter, once } from 'node:events';
import type { placement, worker } from '@vectron/proto';

interface Beat {
  /** Milliseconds since 1970, for people. */
  readonly atMs: number;
  /** Of the monotonic clock. */
  readonly heardMs: number;
  readonly request: placement.HeartbeatRequest;
}

/**
 * The last heartbeat of each worker; lives as long as the process. Every worker tells every placement driver, so each
 * knows for itself.
 */
export class Heartbeats {
  readonly #beats = new Map<string, Beat>();
  /** What each worker said of a shard. */
  readonly #shards = new Map<number, Map<string, worker.ShardMetrics>>();
  readonly #leaders = new Map<number, string>();
  readonly #arrived = new EventEmitter().setMaxListeners(0);
  readonly #sinceMs: number;

  constructor(
    private readonly unhealthyMs: number,
    /** Monotonic, milliseconds. */
    private readonly now: () => number,
    /** Called when another replica than before leads a shard. */
    private readonly onLeader: (shardId: number) => void = () => {},
  ) {
    this.#sinceMs = now();
  }

  record(request: placement.HeartbeatRequest): void {
    const { workerId } = request;
    for (const { shardId } of this.#beats.get(workerId)?.request.shards ?? []) {
      this.#shards.get(shardId)?.delete(workerId);
    }
    this.#beats.set(workerId, { atMs: Date.now(), heardMs: this.now(), request });
    for (const shard of request.shards) {
      const known = this.#shards.get(shard.shardId) ?? new Map<string, worker.ShardMetrics>();
      this.#shards.set(shard.shardId, known.set(workerId, shard));
      if (shard.role !== 'leader' || !shard.hasQuorum) continue;
      const name = `${workerId}/${shard.term}`;
      if (this.#leaders.get(shard.shardId) === name) continue;
      this.#leaders.set(shard.shardId, name);
      this.onLeader(shard.shardId);
    }
    this.#arrived.emit('beat');
  }

  last(workerId: string): Beat | undefined {
    return this.#beats.get(workerId);
  }

  /** Since its last heartbeat; `undefined`: there was none. */
  silentMs(workerId: string): number | undefined {
    const beat = this.#beats.get(workerId);
    return beat && this.now() - beat.heardMs;
  }

  /** A worker that is silent now has been silent for as long as is allowed. */
  get listenedLongEnough(): boolean {
    return this.now() - this.#sinceMs > this.unhealthyMs;
  }

  isHealthy(workerId: string): boolean {
    const silent = this.silentMs(workerId);
    return silent !== undefined && silent <= this.unhealthyMs;
  }

  /** It has said that it is being stopped. */
  isStopping(workerId: string): boolean {
    return this.#beats.get(workerId)?.request.stopping ?? false;
  }

  /** What the worker last said of a shard, if it has it open. */
  shard(workerId: string, shardId: number): worker.ShardMetrics | undefined {
    return this.#shards.get(shardId)?.get(workerId);
  }

  /** The replica of a shard that leads it, as the healthy workers say: of two, the one of the later term. */
  leader(shardId: number): { workerId: string; metrics: worker.ShardMetrics } | undefined {
    let found: { workerId: string; metrics: worker.ShardMetrics } | undefined;
    for (const [workerId, metrics] of this.#shards.get(shardId) ?? []) {
      if (metrics.role !== 'leader' || !this.isHealthy(workerId)) continue;
      if (found === undefined || metrics.term > found.metrics.term) found = { workerId, metrics };
    }
    return found;
  }

  /** Waits until `condition` holds, looking at each heartbeat; gives up after `timeoutMs`. */
  async until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!condition()) {
      try {
        await once(this.#arrived, 'beat', { signal });
      } catch {
        return condition();
      }
    }
    return true;
  }
}

import { EventEmitter, once } from 'node:events';
import type { placement, worker } from '@vectron/proto';

interface Beat {
  readonly atMs: number;
  readonly request: placement.HeartbeatRequest;
}

/** The last heartbeat of each worker; lives as long as the process. */
export class Heartbeats {
  readonly #beats = new Map<string, Beat>();
  readonly #arrived = new EventEmitter().setMaxListeners(0);

  constructor(
    private readonly unhealthyMs: number,
    private readonly now: () => number,
  ) {}

  record(request: placement.HeartbeatRequest): void {
    this.#beats.set(request.workerId, { atMs: this.now(), request });
    this.#arrived.emit('beat');
  }

  last(workerId: string): Beat | undefined {
    return this.#beats.get(workerId);
  }

  isHealthy(workerId: string): boolean {
    const beat = this.#beats.get(workerId);
    return beat !== undefined && this.now() - beat.atMs <= this.unhealthyMs;
  }

  /** What the worker last said of a shard, if it has it open. */
  shard(workerId: string, shardId: number): worker.ShardMetrics | undefined {
    return this.#beats.get(workerId)?.request.shards.find((shard) => shard.shardId === shardId);
  }

  /** The replica of a shard that leads it, as the healthy workers say: of two, the one of the later term. */
  leader(shardId: number): { workerId: string; metrics: worker.ShardMetrics } | undefined {
    let found: { workerId: string; metrics: worker.ShardMetrics } | undefined;
    for (const [workerId, { request }] of this.#beats) {
      const metrics = request.shards.find((shard) => shard.shardId === shardId && shard.role === 'leader');
      if (metrics === undefined || !this.isHealthy(workerId)) continue;
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

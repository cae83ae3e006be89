import { performance } from 'node:perf_hooks';
import { Throughput } from './throughput.js';

/** A thread that had less idle time than this share does as much as it can. */
const IDLE_SHARE = 0.05;
const LOOK_MS = 250;
/** So many of one tenant may come at once, whatever else does: a few tell nothing of how fast they come. */
const FEW = 32;

/**
 * Requests whose heads are here and whose bodies are still coming. Bodies that come all at once share the thread that reads them: each
 * comes the slower the more there are, and beyond some number every one is late. So those whose bodies could not be here in time are
 * refused by their heads, while the thread has no idle time. Where it has some, bodies are slow because of their clients or networks, and
 * take nothing from each other.
 */
export class Incoming {
  readonly #tenants = new Map<string, number>();
  readonly #throughput = new Throughput();
  #coming = 0;
  #busy = false;
  #seen = performance.eventLoopUtilization();
  #lookedMs = 0;

  /** `isBusy`: whether the thread had no idle time lately; missing: as this thread's event loop says. */
  constructor(
    private readonly isBusy?: () => boolean,
    private readonly nowMs = Date.now,
  ) {}

  /** The body of a request of the tenant begins to come. What is given is to be called when no more of it comes; the first time counts. */
  begin(tenantId: string): (whole: boolean) => void {
    let ended = false;
    if (this.#coming === 0) this.#throughput.restart(this.nowMs());
    this.#coming += 1;
    this.#tenants.set(tenantId, (this.#tenants.get(tenantId) ?? 0) + 1);
    return (whole) => {
      if (ended) return;
      ended = true;
      this.#coming -= 1;
      const left = (this.#tenants.get(tenantId) ?? 1) - 1;
      if (left === 0) this.#tenants.delete(tenantId);
      else this.#tenants.set(tenantId, left);
      if (whole) this.#throughput.ended();
    };
  }

  /** How long the next body of the tenant takes to come; undefined: as long as its client takes to send it. */
  expectedMs(tenantId: string, nowMs = this.nowMs()): number | undefined {
    const own = this.#tenants.get(tenantId) ?? 0;
    if (own < FEW || !this.#noIdleTime(nowMs)) return undefined;
    // Those of other tenants come as fast as its own.
    return this.#throughput.expectedMs(Math.min(this.#coming, own * this.#tenants.size) + 1, nowMs);
  }

  #noIdleTime(nowMs: number): boolean {
    if (this.isBusy !== undefined) return this.isBusy();
    if (nowMs - this.#lookedMs < LOOK_MS) return this.#busy;
    this.#lookedMs = nowMs;
    const now = performance.eventLoopUtilization();
    this.#busy = performance.eventLoopUtilization(now, this.#seen).utilization > 1 - IDLE_SHARE;
    this.#seen = now;
    return this.#busy;
  }
}

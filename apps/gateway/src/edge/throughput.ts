const WINDOW_MS = 1_000;

/** How fast requests end while others wait: over about the last second, in which older ones count less. */
export class Throughput {
  #fromMs = 0;
  #ended = 0;

  /** From here on there is somebody who waits. */
  restart(nowMs: number): void {
    this.#fromMs = nowMs;
    this.#ended = 0;
  }

  ended(): void {
    this.#ended += 1;
  }

  /** Milliseconds until so many have ended; undefined while none of them has. */
  expectedMs(requests: number, nowMs: number): number | undefined {
    if (this.#ended === 0) return undefined;
    const elapsedMs = nowMs - this.#fromMs;
    if (elapsedMs > 2 * WINDOW_MS) {
      this.#ended *= WINDOW_MS / elapsedMs;
      this.#fromMs = nowMs - WINDOW_MS;
    }
    return (requests * (nowMs - this.#fromMs)) / this.#ended;
  }
}

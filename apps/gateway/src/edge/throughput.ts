const WINDOW_MS = 1_000;
/** What is seen of a line within this time says little: requests that come in a burst are read before any of them ends. */
const LEAST_MS = 500;

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

  /** Milliseconds until so many have ended; undefined while that cannot be told. */
  expectedMs(requests: number, nowMs: number): number | undefined {
    const elapsedMs = nowMs - this.#fromMs;
    if (this.#ended === 0 || elapsedMs < LEAST_MS) return undefined;
    if (elapsedMs > 2 * WINDOW_MS) {
      this.#ended *= WINDOW_MS / elapsedMs;
      this.#fromMs = nowMs - WINDOW_MS;
    }
    return (requests * (nowMs - this.#fromMs)) / this.#ended;
  }
}

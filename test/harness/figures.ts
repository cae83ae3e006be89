import { readFileSync } from 'node:fs';

/** Does `work`, and prints how long it took. A time is told and never asserted: it depends on what else runs. */
export async function told<T>(what: string, work: () => Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await work();
  console.log(`${what}: ${(performance.now() - from).toFixed(0)} ms`);
  return result;
}

const TICK_MS = 10;

/**
 * Processor time that a process has used in all its threads, milliseconds, to the next ten. What a request costs there
 * does not depend on what else runs, as the time until its answer does. Linux only.
 */
export function processorMs(pid: number): number {
  // The name, in parentheses, may have spaces; utime and stime are the 14th and 15th field of all (man 5 proc).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** How long each of many works took, to be told together. */
export class Times {
  readonly #ms: number[] = [];

  get count(): number {
    return this.#ms.length;
  }

  async of(work: () => Promise<void>): Promise<void> {
    const from = performance.now();
    await work();
    this.#ms.push(performance.now() - from);
  }

  /** Prints how many there were, their median and their 99th percentile. */
  tell(what: string): void {
    const sorted = this.#ms.toSorted((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);
    console.log(`${what}: ${sorted.length} times, median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  }
}

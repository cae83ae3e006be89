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

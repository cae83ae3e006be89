// The machine that a bench runs on, and which of its cores a process may use.
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { instructionSet } from '@vectron/engine';

/** Numbers of a list as the kernel writes it: `0-2,5`. */
export function parseCores(list) {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** The cores that this process may use. */
export const availableCores = () =>
  parseCores(/Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);

/** A command and its arguments, held to some cores; without cores, as it is. */
export const pinned = (cores, command) =>
  cores === undefined ? command : ['taskset', '-c', cores.join(','), ...command];

/** Where a server of `wanted` cores and its load generator go: to different cores where there are enough, or else together. */
export function placed(wanted, available) {
  if (wanted > available.length) return undefined;
  const server = available.slice(0, wanted);
  const rest = available.slice(wanted);
  return { server, client: rest.length > 0 ? rest : server, apart: rest.length > 0 };
}

export const machine = () => ({
  cpu: cpus()[0]?.model,
  cores: availableCores().length,
  instructionSet: instructionSet(),
  node: process.version,
  loadAverage: loadavg().map((one) => Number(one.toFixed(2))),
});

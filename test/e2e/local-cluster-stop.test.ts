import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { VectronProcess } from '../harness/process.js';
import { etcdBinary, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** Processes of this machine that have the directory in their command line. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
        return line.includes(dir) ? [`${pid}: ${line.slice(0, 200)}`] : [];
      } catch {
        // It has ended.
        return [];
      }
    });
}

/** A cluster of processes is never left behind by the one that starts it. */
describe('a local cluster that is told to stop while it starts', () => {
  const local = ['cluster', 'local', '--port', '0', '--workers', '2', '--pds', '1', '--etcd', etcdBinary()];
  it.each([
    ['SIGTERM', 'with its etcd', /started etcd: 1 member/, local],
    ['SIGINT', 'with its first services', /started pd-1 on/, local],
    [
      'SIGTERM',
      'of a drill, with its etcd',
      /started etcd: 3 members/,
      ['drill', 'leader-loss', '--quick', '--etcd', etcdBinary()],
    ],
  ] as const)('by %s, %s, leaves no process', async (signal, _when, said, args) => {
    const dir = tempDir('stopped-cluster');
    const starter = new VectronProcess([...args, '--data', dir]);
    await starter.until(said);
    await until('a process of it', () => processesOf(dir).length > 1);
    await starter.stop(signal);
    expect(processesOf(dir)).toEqual([]);
    expect(starter.output).toContain(`${signal}: stopping`);
  });
});

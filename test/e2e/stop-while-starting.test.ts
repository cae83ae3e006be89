import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { VectronProcess } from '../harness/process.js';
import { tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** Nobody listens there: ports below 1024 are given to nobody by chance. */
const NOWHERE = '127.0.0.1:1';

describe('a service that is told to stop while it starts', () => {
  const started: VectronProcess[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one.stop('SIGKILL');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s says so and ends with 0', async (signal) => {
    const flags = ['--listen', '127.0.0.1:0', '--data', tempDir('starting'), '--etcd', `http://${NOWHERE}`];
    const auth = new VectronProcess(['auth', ...flags]);
    started.push(auth);
    await auth.until(/the start waits for what does not answer yet/);
    await auth.stop(signal);
    const { code, output } = await auth.finish();
    expect([code, output]).toEqual([0, expect.stringContaining(`${signal}: stopping before the start was complete`)]);
  });
});

describe('the first process of a container, which no signal ends that it has no handler for', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const one of started.splice(0)) one.kill('SIGKILL');
  });

  /** A process that takes signals as the first one does, and then does `work`; resolves when it has begun. */
  async function begin(work: string) {
    const file = pathToFileURL(resolve('apps/cli/bin/first-process.js')).href;
    const code = `const { endAtSignals } = await import('${file}'); endAtSignals(); ${work}; setInterval(() => {}, 1e6); console.log('begun');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.push(child);
    let output = '';
    child.stdout.on('data', (bytes) => {
      output += bytes;
    });
    await until('the process begins', () => output.includes('begun'));
    return { child, ended: once(child, 'exit'), said: () => output };
  }

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('ends at %s as a shell says of one that was ended by it', async (signal, code) => {
    const { child, ended } = await begin('');
    child.kill(signal);
    expect(await ended).toEqual([code, null]);
  });

  it('leaves a signal to the command that takes it, and ends at the next one when the command takes one alone', async () => {
    const { child, ended, said } = await begin("process.once('SIGTERM', () => console.log('taken'))");
    child.kill('SIGTERM');
    await until('the command takes the signal', () => said().includes('taken'));
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
  });
});

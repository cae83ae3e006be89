import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VectronProcess } from '../harness/process.js';

/** The short form of `npm run test:attack`: every attack for a moment; no time counts. test/attack/README.md has the rest. */
const RUN = ['test/attack/run.mjs', '--short', '--seed', '1'];

/** Names of the rounds, in the order in which they are carried out. */
function planned(): string[] {
  const { stdout } = spawnSync(process.execPath, [...RUN, '--list'], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => /^\S/.test(line));
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

describe('a server that is attacked while a normal load goes on', () => {
  let run: VectronProcess;
  beforeAll(() => {
    run = new VectronProcess(['--json'], {}, [process.execPath, ...RUN]);
  });
  afterAll(() => run?.stop());

  /** What the run says of a round once it is over. */
  const complaintsOf = async (name: string) => {
    const [line] = await run.until(new RegExp(`^\\{"name":"${escaped(name)}",.*\\}$`, 'm'));
    return (JSON.parse(line) as { complaints: string[] }).complaints;
  };

  it.each(planned())('holds against %s', async (name) => {
    expect(await complaintsOf(name)).toEqual([]);
  });

  it('has every write that it acknowledged', async () => {
    expect(await complaintsOf('acknowledged writes')).toEqual([]);
    expect(await complaintsOf('acknowledged writes (TLS)')).toEqual([]);
    expect((await run.finish()).code).toBe(0);
  });
});

describe('attacks go to loopback alone', () => {
  /** What the guard of every connection of an attacker says of addresses: an error, or nothing. */
  function verdicts(hosts: readonly string[]): (string | null)[] {
    const program = `
      import { requireLoopback } from './test/attack/wire/loopback.mjs';
      const verdictOf = (host) => { try { requireLoopback(host); return null; } catch (error) { return error.message; } };
      console.log(JSON.stringify(${JSON.stringify(hosts)}.map(verdictOf)));`;
    return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout);
  }

  it('refuses other addresses, and names', () => {
    const others = [
      '192.168.1.1',
      '8.8.8.8',
      '0.0.0.0',
      '::',
      '::ffff:127.0.0.1',
      'localhost',
      '127.0.0.1.example.org',
      '',
    ];
    for (const verdict of verdicts(others)) expect(verdict).toMatch(/is not a loopback address/);
  });

  it('takes the addresses of this machine', () => {
    expect(verdicts(['127.0.0.1', '127.9.9.9', '::1'])).toEqual([null, null, null]);
  });
});

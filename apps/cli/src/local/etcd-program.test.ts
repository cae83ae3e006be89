import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../../../test/harness/waiting.js';
import { etcdProgram, moduleVersion } from './etcd-program.js';

/** Programs of the names `etcd` and `go` on a PATH of their own, and an empty cache. */
describe('the etcd program of a local cluster', () => {
  const { XDG_CACHE_HOME } = process.env;
  let dir: string;
  let said: string[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'vectron-etcd-'));
    said = [];
    process.env.XDG_CACHE_HOME = join(dir, 'cache');
  });
  afterEach(() => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    rmSync(dir, { recursive: true, force: true });
  });
  const program = (name: string, script: string) => {
    writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(dir, name), 0o755);
  };
  const etcd = (version: string) => program('etcd', `echo "etcd Version: ${version}"; echo "Git SHA: 1"`);
  /** `go build -trimpath -o FILE .` writes FILE, where it has what it builds. */
  const go = (build = 'test -f go.sum || exit 1; echo built > "$4"') =>
    program('go', `case "$1" in version) echo go version go1.26;; build) ${build};; *) exit 2;; esac`);
  const found = (given?: string, signal?: AbortSignal) =>
    etcdProgram(given, { say: (line) => said.push(line), signal, env: { PATH: dir } });
  const built = () => join(dir, 'cache', 'vectron', 'etcd', `etcd-${moduleVersion()}`);

  it('is the one that was named, else the one on the PATH, of which nothing is said', async () => {
    expect(await found('/opt/etcd')).toBe('/opt/etcd');
    for (const version of ['3.4.42', '3.5.28', '3.6.9', '3.7.0']) {
      etcd(version);
      expect(await found()).toBe('etcd');
    }
    expect(said).toEqual([]);
  });

  it('is built once where there is none, or one with stale reads, and says so in one line', async () => {
    go();
    expect(await found()).toBe(built());
    expect(said).toEqual([expect.stringContaining('etcd is not installed: building etcd')]);
    expect(readdirSync(join(built(), '..'))).toEqual([`etcd-${moduleVersion()}`]);
    etcd('3.4.23');
    expect(await found()).toBe(built());
    expect(said).toHaveLength(1);
    rmSync(built());
    expect(await found()).toBe(built());
    expect(said[1]).toContain('etcd 3.4.23 may answer with stale reads: building');
  });

  it('is one with stale reads where nothing else can be had, and none without any, with what to do', async () => {
    etcd('3.4.23');
    expect(await found()).toBe('etcd');
    expect(said).toEqual([expect.stringMatching(/3\.4\.23 may answer with stale reads.*install etcd/)]);
    rmSync(join(dir, 'etcd'));
    const message = expect.stringMatching(/install etcd 3\.4\.42.*--etcd.*install Go/);
    await expect(found()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });

  it('is not half there when the build fails or is stopped', async () => {
    go('echo "no network" >&2; echo half > "$4"; exit 1');
    await expect(found()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/go could not build etcd: install etcd[\s\S]*no network/),
    });
    go('echo half > "$4"; exec /bin/sleep 600');
    const stop = new AbortController();
    const building = found(undefined, stop.signal);
    const half = () => existsSync(join(built(), '..')) && readdirSync(join(built(), '..')).length > 0;
    await until('half of a program', half);
    stop.abort();
    await expect(building).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(join(built(), '..'))).toEqual([]);
  });
});

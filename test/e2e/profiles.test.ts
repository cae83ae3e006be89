import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { CLI } from '../harness/process.js';
import { type System, startSingle, tempDir } from '../harness/system.js';

const PASSWORD = 'a long sentence for a test';

describe('a shell with profiles', () => {
  let system: System;
  const home = tempDir('profiles');
  beforeAll(async () => {
    system = await startSingle(undefined, ['--no-sample', '--registration', 'open']);
    const db = connect(system.http);
    await db.register('ada@example.org', PASSWORD);
    await db.close();
  });
  afterAll(() => system?.stop());

  const env = { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: join(home, 'config') };
  const run = (args: string[], input = '', more: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      encoding: 'utf8',
      input,
      cwd: home,
      env: { ...env, ...more },
    });
    return { status, stdout, stderr };
  };
  const json = (args: string[]) => {
    const { status, stdout, stderr } = run([...args, '--json']);
    expect([status, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const kept = () => JSON.parse(readFileSync(join(home, 'config/vectron/profiles.json'), 'utf8')).profiles;
  const loggedIn = (name: string, ...flags: string[]) =>
    run(
      ['login', '--profile', name, '--url', system.http, '--email', 'ada@example.org', '--password-stdin', ...flags],
      `${PASSWORD}\n`,
    );

  it('logs in once, works without server and key, and revokes the key at the end', async () => {
    const login = loggedIn('ada');
    expect(login).toMatchObject({ status: 0, stderr: expect.stringContaining('profiles.json as ada') });
    const { apiKey } = kept().ada;
    expect(login.stdout + login.stderr + run(['profiles', 'list', '--json']).stdout).not.toContain(apiKey);
    expect(JSON.stringify(kept())).not.toContain(PASSWORD);
    json(['collections', 'create', 'few', '--dimension', '1']);
    expect(json(['collections', 'list'])).toMatchObject([{ name: 'few' }]);
    expect(run(['shell', '--eval', "(await db.count('few')).count + 41"])).toMatchObject({ status: 0, stdout: '41\n' });
    const script =
      "await db.upsert('few', [{ id: 'a', vector: [1] }]);\nconst point = await db.get('few', 'a');\nconsole.log(point.id);\n";
    expect(run(['shell'], script)).toMatchObject({ status: 0, stdout: 'a\n' });
    expect(run(['shell'], "await db.count('none')")).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('COLLECTION_NOT_FOUND'),
    });
    const logout = run(['logout']);
    expect(logout).toMatchObject({ status: 0, stdout: expect.stringContaining('revoked') });
    const once = connect(system.http, { apiKey });
    await expect(once.listCollections()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(kept()).toEqual({});
  });

  it('keeps nothing when the password, the key or the name is wrong', () => {
    const wrong = run(
      ['login', '--url', system.http, '--email', 'ada@example.org', '--password-stdin'],
      'another sentence\n',
    );
    expect(wrong).toMatchObject({ status: 4, stderr: expect.stringContaining('UNAUTHENTICATED') });
    const key = join(home, 'wrong.key');
    writeFileSync(key, 'vk_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n');
    expect(run(['login', '--url', system.http, '--api-key-file', key])).toMatchObject({ status: 4 });
    expect(run(['login', '--url', system.http])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('use --email'),
    });
    expect(run(['login', '--profile', '../x', '--url', system.http]).status).toBe(2);
    expect(run(['logout'])).toMatchObject({ status: 2, stderr: expect.stringContaining('no profile to log out of') });
    expect(run(['collections', 'list', '--profile', 'none'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('no profile none'),
    });
    expect(kept()).toEqual({});
  });

  it('tells errors as JSON where answers are JSON', () => {
    const key = join(home, 'admin.key');
    writeFileSync(key, system.adminKey);
    const { status, stdout, stderr } = run([
      'points',
      'get',
      'none',
      'x',
      '--url',
      system.http,
      '--api-key-file',
      key,
      '--json',
    ]);
    expect([status, stdout]).toEqual([3, '']);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'COLLECTION_NOT_FOUND',
        message: expect.any(String),
        retryable: false,
        requestId: expect.any(String),
        exitCode: 3,
      },
    });
  });

  it('looks again and again with --watch, until it is stopped', async () => {
    expect(loggedIn('watcher').status).toBe(0);
    const child = spawn(process.execPath, [CLI, 'collections', 'list', '--watch', '0.1', '--json'], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit');
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
      if (output.split('"few"').length > 3) child.kill('SIGINT');
    });
    expect(await exited).toEqual([0, null]);
    expect(run(['logout']).status).toBe(0);
  });
});

describe('vectron doctor', () => {
  let system: System;
  const home = tempDir('doctor');
  beforeAll(async () => {
    system = await startSingle(undefined, ['--no-sample']);
  });
  afterAll(() => system?.stop());

  interface Finding {
    what: string;
    state: string;
    detail: string;
    remedy: string;
  }
  /** What is wrong, of what it found; and the exit code. */
  const doctor = (flags: string[], more: Record<string, string> = {}) => {
    const { status, stdout } = spawnSync(process.execPath, [CLI, 'doctor', '--json', ...flags], {
      encoding: 'utf8',
      cwd: home,
      env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: join(home, 'config'), ...more },
    });
    const found = JSON.parse(stdout) as Finding[];
    for (const { state, remedy } of found) expect(['failed', 'warning'].includes(state)).toBe(remedy !== '');
    return { status, found, wrong: found.filter(({ state }) => state === 'failed') };
  };

  it('finds nothing wrong with a server that works, and looks at its services, shards and alerts', () => {
    const { status, found, wrong } = doctor(['--url', system.http, '--api-key', system.adminKey]);
    expect([status, wrong]).toEqual([0, []]);
    expect(found.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['Node', 'key', 'services', 'indexes', 'shards', 'alerts', 'clock of the server']),
    );
    expect(JSON.stringify(found)).not.toContain(system.adminKey);
  });

  it('says what is wrong, and what to do', async () => {
    const only = (flags: string[], more?: Record<string, string>) => {
      const { status, wrong } = doctor(flags, more);
      expect([status, wrong.length]).toEqual([1, 1]);
      return wrong[0];
    };
    expect(only(['--url', system.http])).toMatchObject({
      what: 'key',
      remedy: expect.stringContaining('vectron login'),
    });
    expect(only(['--url', 'http://127.0.0.1:1'])).toMatchObject({
      remedy: expect.stringContaining('nothing listens on port 1'),
    });
    expect(only(['--url', 'http://nobody.invalid:80'])).toMatchObject({
      remedy: expect.stringMatching(/no address is known/),
    });
    expect(only(['--url', 'nonsense'])).toMatchObject({ detail: 'is no address' });
    expect(only(['--url', system.http.replace('http:', 'https:'), '--api-key', 'x'])).toMatchObject({
      what: 'certificate of the server',
      remedy: expect.stringContaining('no TLS on this port'),
    });
    expect(only(['--profile', 'none'])).toMatchObject({
      what: 'settings',
      detail: expect.stringContaining('no profile none'),
    });
    expect(only([], { VECTRON_URLL: 'x' })).toMatchObject({
      detail: expect.stringContaining('VECTRON_URLL: no such setting'),
    });
    const data = join(home, 'data');
    spawnSync('cp', ['-r', system.data, data]);
    chmodSync(join(data, 'bootstrap.json'), 0o644);
    expect(only(['--url', system.http, '--data', data])).toMatchObject({
      remedy: expect.stringContaining('chmod 600'),
    });
  });
});

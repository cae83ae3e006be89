import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { CLI, onTerminal, type VectronProcess } from '../harness/process.js';
import { type System, startSingle, tempDir } from '../harness/system.js';

const PASSWORD = 'a long sentence for a test';
const NEXT = 'another long sentence for it';

describe('accounts from a shell', () => {
  let system: System;
  const dir = tempDir('accounts-cli');
  const path = (name: string) => join(dir, name);
  beforeAll(async () => {
    system = await startSingle(undefined, ['--no-sample', '--registration', 'closed']);
  });
  afterAll(() => system?.stop());

  /** Without a terminal. `key`: undefined for a person who has none. */
  const run = (args: string[], { input = '', key = undefined as string | undefined } = {}) => {
    const env = { PATH: process.env.PATH, HOME: dir, VECTRON_URL: system.http, VECTRON_DATA: path('none') };
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      encoding: 'utf8',
      input,
      env: key === undefined ? env : { ...env, VECTRON_API_KEY: key },
    });
    return { status, stdout, stderr };
  };
  const admin = (args: string[], input = '') => run(args, { input, key: system.adminKey });
  /** Answers questions in their order; gives what the terminal showed. */
  const talk = async (args: string[], answers: [RegExp, string][], key?: string) => {
    const env = { VECTRON_URL: system.http, VECTRON_DATA: path('none'), ...(key ? { VECTRON_API_KEY: key } : {}) };
    const command = onTerminal(args, env);
    for (const [question, answer] of answers) await answered(command, question, answer);
    return command.finish();
  };
  const answered = async (command: VectronProcess, question: RegExp, answer: string) => {
    await command.until(question);
    command.type(`${answer}\r`);
  };
  const invited = (email: string, ...flags: string[]): string => {
    const file = path(`${email}.invitation`);
    const { status, stderr } = admin(['users', 'invite', '--email', email, '--out', file, ...flags]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining(`invitation of ${email}`) });
    return file;
  };

  it('takes no password as an argument, in no command', () => {
    const refused = run(['users', 'login', '--email', 'a@example.org', '--password', PASSWORD]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("unknown option '--password'") });
    expect(refused.stderr).not.toContain(PASSWORD);
  });

  it('says what to do where nobody can be asked', () => {
    const login = run(['users', 'login', '--email', 'a@example.org'], { input: `${PASSWORD}\n` });
    const [status, stderr] = [
      2,
      expect.stringContaining('there is no terminal to ask for the password of a@example.org'),
    ];
    expect(login).toMatchObject({ status, stdout: '', stderr });
    expect(login.stderr).toContain('use --password-stdin');
    const empty = run(['users', 'login', '--email', 'a@example.org', '--password-stdin']);
    expect(empty).toMatchObject({ status, stderr: expect.stringContaining('the standard input has no line with') });
    const remove = admin(['users', 'remove', 'admin@vectron.local', '--delete-collections']);
    expect(remove).toMatchObject({ status, stderr: expect.stringContaining('use --yes') });
  });

  it('registers with an invitation from a file, asking twice and showing nothing of what is typed', async () => {
    const invitation = invited('ada@example.org', '--role', 'read', '--expires', '1h');
    expect(statSync(invitation).mode & 0o777).toBe(0o600);
    const token = readFileSync(invitation, 'utf8').trim();
    const args = ['users', 'register', '--email', 'ada@example.org', '--invitation-file', invitation];
    const differing = await talk(args, [
      [/password for ada@example.org, 8 to 128 characters:/, PASSWORD],
      [/once more:/, `${PASSWORD}!`],
    ]);
    expect(differing).toMatchObject({ code: 2, output: expect.stringContaining('the two passwords differ') });
    const registered = await talk(args, [
      [/password for ada@example.org, 8 to 128 characters:/, PASSWORD],
      [/once more:/, PASSWORD],
    ]);
    expect(registered).toMatchObject({
      code: 0,
      output: expect.stringMatching(/ada@example.org[\s\S]*read[\s\S]*active/),
    });
    expect(differing.output + registered.output).not.toMatch(new RegExp(`${PASSWORD.slice(0, 8)}|${token}`));
    expect(run([...args, '--password-stdin'], { input: `${PASSWORD}\n` }).status).not.toBe(0);
  });

  it('does nothing when a question is cut off', async () => {
    const command = onTerminal(['users', 'login', '--email', 'ada@example.org'], { VECTRON_URL: system.http });
    await command.until(/password of ada@example.org:/);
    command.type('\u0003');
    const { code, output } = await command.finish();
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('nothing was changed') });
    expect(output).not.toMatch(/ at |INTERNAL/);
  });

  it('prints a token alone, or puts it into a file for --api-key-file, and ends the login', async () => {
    const args = ['users', 'login', '--email', 'ada@example.org', '--password-stdin'];
    const { status, stdout, stderr } = run(args, { input: `${PASSWORD}\n` });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/) });
    expect(stderr).toContain('token of ada@example.org (read), good until');
    expect(stderr).not.toContain(stdout.trim());
    const file = path('ada.token');
    expect(run([...args, '--out', file], { input: `${PASSWORD}\n` })).toMatchObject({ status: 0, stdout: '' });
    expect(run([...args, '--out', file], { input: `${PASSWORD}\n` })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('EEXIST'),
    });
    const profile = ['users', 'profile', '--json', '--api-key-file', file];
    expect(JSON.parse(run(profile).stdout)).toMatchObject({ email: 'ada@example.org', role: 'read' });
    expect(run(['users', 'logout', '--api-key-file', file])).toMatchObject({ status: 0 });
    expect(run(profile)).toMatchObject({ status: 4, stderr: expect.stringContaining('UNAUTHENTICATED') });
    const wrong = run([...args, '--out', path('wrong.token')], { input: 'not the password\n' });
    expect([wrong.status, existsSync(path('wrong.token'))]).toEqual([4, false]);
  });

  it('changes a password, and has one changed that an administrator has reset', async () => {
    const change = ['users', 'password', '--email', 'ada@example.org', '--password-stdin'];
    expect(run(change, { input: `${PASSWORD}\n${NEXT}\n` })).toMatchObject({ status: 0 });
    const login = ['users', 'login', '--email', 'ada@example.org'];
    expect(run([...login, '--password-stdin'], { input: `${PASSWORD}\n` }).status).toBe(4);
    const reset = admin(['users', 'reset-password', 'ada@example.org']);
    expect(reset.stderr).toContain('to be changed at the first login');
    const once = reset.stdout.trim();
    const { code, output } = await talk(login, [
      [/password of ada@example.org:/, once],
      [/has to be changed[\s\S]*new password, 8 to 128 characters:/, PASSWORD],
      [/once more:/, PASSWORD],
    ]);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/token of ada@example\.org/) });
    const token = /[\w-]{20,}\.[\w-]+\.[\w-]+/.exec(output)?.[0];
    expect(run(['collections', 'list'], { key: token })).toMatchObject({ status: 0 });
    expect(run([...login, '--password-stdin'], { input: `${PASSWORD}\n` }).status).toBe(0);
  });

  it('makes keys with an end, for some collections', async () => {
    const db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('shared', { dimension: 1 });
    await db.close();
    const args = ['keys', 'create', 'ci', '--role', 'read', '--collection', 'shared', '--expires', '12h'];
    const { stdout, stderr } = admin(args);
    expect(stdout).toMatch(/^vk_\S+\n$/);
    expect(stderr).toMatch(/API key vk_\S+ \(read\), good until/);
    const metrics = JSON.parse(admin(['keys', 'create', 'scraper', '--role', 'metrics', '--json']).stdout);
    expect(metrics.info).toMatchObject({ name: 'scraper', role: 'metrics', collections: [] });
    const listed = JSON.parse(admin(['keys', 'list', '--json']).stdout);
    const ci = listed.find(({ name }: { name: string }) => name === 'ci');
    expect(Date.parse(ci.expiresAt) - Date.parse(ci.createdAt)).toBeGreaterThan(11 * 3_600_000);
    expect(admin([...args.slice(0, -1), 'soon'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--expires'),
    });
  });

  it('lists, disables, enables, and withdraws an invitation', () => {
    invited('grace@example.org');
    const [open] = JSON.parse(admin(['users', 'invitations', '--json']).stdout);
    expect(open).toMatchObject({ email: 'grace@example.org', role: 'write' });
    expect(admin(['users', 'uninvite', open.id])).toMatchObject({ status: 0 });
    expect(admin(['users', 'invitations']).stdout).toBe('nothing\n');
    expect(admin(['users', 'disable', 'ada@example.org']).stdout).toMatch(/ada@example\.org.*disabled/);
    expect(admin(['users', 'list']).stdout).toMatch(/ada@example\.org.*disabled/);
    const login = ['users', 'login', '--email', 'ada@example.org', '--password-stdin'];
    expect(run(login, { input: `${PASSWORD}\n` }).status).toBe(4);
    expect(admin(['users', 'enable', 'ada@example.org', '--json']).stdout).toContain('"disabled": false');
    expect(admin(['users', 'role', 'ada@example.org', 'write', '--json']).stdout).toContain('"role": "write"');
    expect(admin(['users', 'disable', 'nobody@example.org'])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('no account nobody@example.org'),
    });
  });

  it('asks before an account is deleted, and says what became of its collections', async () => {
    const args = ['users', 'remove', 'ada@example.org', '--heir', 'admin@vectron.local'];
    const question = /Delete the account ada@example.org with its API keys for good\?/;
    const kept = await talk(args, [[question, 'n']], system.adminKey);
    expect(kept).toMatchObject({ code: 1, output: expect.stringContaining('nothing was changed') });
    const gone = await talk(args, [[question, 'y']], system.adminKey);
    expect(gone).toMatchObject({ code: 0, output: expect.stringContaining('deleted account') });
    expect(admin(['users', 'list']).stdout).not.toContain('ada@example.org');
  });

  it('lets people delete their own account', () => {
    const register = ['users', 'register', '--email', 'brief@example.org', '--password-stdin'];
    const file = invited('brief@example.org', '--new-tenant');
    expect(run([...register, '--invitation-file', file], { input: `${PASSWORD}\n` })).toMatchObject({ status: 0 });
    const leave = ['users', 'delete-me', '--email', 'brief@example.org', '--password-stdin', '--yes'];
    expect(run(leave, { input: `${PASSWORD}\n` })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('brief@example.org'),
    });
    expect(run(leave, { input: `${PASSWORD}\n` }).status).toBe(4);
  });
});

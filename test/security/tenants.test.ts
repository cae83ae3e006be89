import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { type ProcessSystem, reasonOf, rest, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** What one account can make, hold open and ask for is bounded, whatever others may; docs/security.md has the limits. */
const PASSWORD = 'canary-password-81723';

const loginOf = async (system: ProcessSystem, email: string): Promise<string> => {
  const body = { email, password: PASSWORD };
  await rest(system.http, 'POST', '/v1/users/register', { body });
  return (await rest(system.http, 'POST', '/v1/users/login', { body })).body.jwtToken as string;
};
const keyOf = async (system: ProcessSystem, token: string): Promise<string> =>
  (await rest(system.http, 'POST', '/v1/keys', { key: token, body: { name: 'k' } })).body.fullKey as string;
const create = (system: ProcessSystem, key: string, name: string, body: object = {}) =>
  rest(system.http, 'POST', '/v1/collections', { key, body: { name, dimension: 2, ...body } });
const names = async (system: ProcessSystem, key: string): Promise<string[]> =>
  (await rest(system.http, 'GET', '/v1/collections', { key })).body.collections;

describe('what an account may make', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    const flags = ['--free-max-points', '10', '--free-max-aliases', '3', '--tenant-max-watches', '4'];
    system = await startSingle(undefined, ['--no-sample', ...flags, '--key-max-watches', '3']);
  });
  afterAll(() => system?.stop());

  it('refuses a free account 768 shards, and the 65th, and makes nothing of what it refuses', async () => {
    const token = await loginOf(system, 'greedy@example.org');
    const made: number[] = [];
    for (let at = 0; at < 12; at++) {
      const { status, body } = await create(system, token, `c${at}`, { shards: 64 });
      made.push(status);
      if (status !== 200) expect({ status, reason: reasonOf(body) }).toEqual({ status: 429, reason: 'QUOTA_EXCEEDED' });
    }
    expect(made.filter((status) => status === 200)).toHaveLength(1);
    expect(reasonOf((await create(system, token, 'one-more')).body)).toBe('QUOTA_EXCEEDED');
    expect(await names(system, token)).toEqual(['c0']);
  });

  it('lets two creations at once not both take what one account may still have', async () => {
    const token = await loginOf(system, 'racing@example.org');
    const asked = Array.from({ length: 40 }, (_, at) => create(system, token, `c${at}`, { shards: 1 }));
    const answers = await Promise.all(asked);
    const reasons = new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => reasonOf(body)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(20);
    expect([...reasons]).toEqual(['QUOTA_EXCEEDED']);
    expect(await names(system, token)).toHaveLength(20);
    // What is deleted may be made again.
    await rest(system.http, 'DELETE', '/v1/collections/c0', { key: token });
    await rest(system.http, 'DELETE', `/v1/collections/${(await names(system, token))[0]}`, { key: token });
    expect((await create(system, token, 'again', { shards: 1 })).status).toBe(200);
  });

  it('counts aliases, also of changes at once', async () => {
    const token = await loginOf(system, 'aliased@example.org');
    await create(system, token, 'target', { shards: 1 });
    const alias = (set: string[], gone: string[] = []) =>
      rest(system.http, 'POST', '/v1/aliases', {
        key: token,
        body: { set: set.map((one) => ({ alias: one, collection: 'target' })), delete: gone },
      });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => alias([`a${at}`])));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    const known = (await rest(system.http, 'GET', '/v1/aliases', { key: token })).body.aliases as { alias: string }[];
    expect(known).toHaveLength(3);
    // One for another is no more than before.
    expect((await alias(['instead'], [known[0].alias])).status).toBe(200);
    expect((await alias(Array.from({ length: 41 }, (_, at) => `b${at}`))).body.message).toContain('at most 40');
  });

  it('counts points', async () => {
    const token = await loginOf(system, 'full@example.org');
    await create(system, token, 'points', { shards: 1 });
    const put = (from: number, count: number) =>
      rest(system.http, 'POST', '/v1/collections/points/points', {
        key: token,
        body: { points: Array.from({ length: count }, (_, at) => ({ id: `p${from + at}`, vector: [1, 0] })) },
      });
    expect(reasonOf((await put(0, 11)).body)).toBe('QUOTA_EXCEEDED');
    expect((await put(0, 10)).status).toBe(200);
    await until('the eleventh point is refused', async () => reasonOf((await put(10, 1)).body) === 'QUOTA_EXCEEDED');
    // The administrator's own account is of another plan.
    await create(system, system.adminKey, 'points', { shards: 1 });
    const many = Array.from({ length: 50 }, (_, at) => ({ id: `p${at}`, vector: [1, 0] }));
    const path = '/v1/collections/points/points';
    expect((await rest(system.http, 'POST', path, { key: system.adminKey, body: { points: many } })).status).toBe(200);
  });

  it('takes no key with a list of collections that is long, or has long names', async () => {
    const token = await loginOf(system, 'keys@example.org');
    const key = (collections: string[]) =>
      rest(system.http, 'POST', '/v1/keys', { key: token, body: { name: 'k', collections } });
    const refused = async (collections: string[], field: string) => {
      const { status, body } = await key(collections);
      expect({ status, message: body.message }).toEqual({ status: 400, message: expect.stringContaining(field) });
    };
    const long = Array.from({ length: 100 }, (_, at) => `${at}-${'x'.repeat(2_000)}`);
    for (let at = 0; at < 24; at++) await refused(long, 'collections[0]');
    await refused(
      Array.from({ length: 101 }, (_, at) => `c${at}`),
      'collections',
    );
    await refused([''], 'collections[0]');
    expect((await key(Array.from({ length: 100 }, (_, at) => `${at}-`.padEnd(128, 'x')))).status).toBe(200);
    const listed = JSON.stringify((await rest(system.http, 'GET', '/v1/keys', { key: token })).body);
    expect(listed.length).toBeLessThan(20_000);
  });

  it('bounds every name that it keeps', async () => {
    const key = system.adminKey;
    await create(system, key, 'names', { shards: 1 });
    const wrong = async (path: string, body: object, field: string) => {
      const answer = await rest(system.http, 'POST', path, { key, body });
      expect({ status: answer.status, message: answer.body.message }).toEqual({
        status: 400,
        message: expect.stringContaining(field),
      });
    };
    const long = 'x'.repeat(10_000);
    await wrong('/v1/collections', { name: long, dimension: 2 }, 'name');
    await wrong('/v1/collections', { name: 'a', dimension: 2, sparseVectors: [long] }, 'sparseVectors[0]');
    await wrong('/v1/collections', { name: 'a', dimension: 2, sparseVectors: Array(17).fill('s') }, 'sparseVectors');
    await wrong('/v1/collections', { name: 'a', dimension: 2, indexes: [{ path: long, type: 'keyword' }] }, 'path');
    await wrong('/v1/aliases', { set: [{ alias: long, collection: 'names' }] }, 'alias');
    await wrong('/v1/collections/names/indexes', { index: { path: long, type: 'keyword' } }, 'path');
    const feedback = (item: object, more: object = {}) => ({
      collection: 'names',
      feedbackItems: [{ resultId: 'a', ...item }],
      ...more,
    });
    await wrong('/v1/feedback', feedback({ comment: long }), 'comment');
    await wrong('/v1/feedback', feedback({ resultId: long }), 'resultId');
    await wrong('/v1/feedback', feedback({}, { context: { [long]: 'a' } }), 'context');
    await wrong('/v1/feedback', feedback({}, { resultIds: ['a', long] }), 'resultIds[1]');
    expect(await names(system, key)).not.toContain('a');
  });

  it('counts what an account and what a key holds open', async () => {
    const token = await loginOf(system, 'watching@example.org');
    const other = await loginOf(system, 'quiet@example.org');
    for (const one of [token, other]) await create(system, one, 'watched', { shards: 1 });
    const [first, second] = [await keyOf(system, token), await keyOf(system, token)];
    const open = async (key: string) => {
      const url = `${system.http.replace('http', 'ws')}/v1/collections/watched/points/search/stream`;
      const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      await new Promise((resolve) => socket.once('open', resolve));
      return { socket, closed };
    };
    const held = [await open(first), await open(first), await open(first)];
    expect(await (await open(first)).closed).toBe(1013);
    const poll = (key: string) =>
      rest(system.http, 'GET', '/v1/collections/watched/changes?wait_ms=1', { key }).then(({ body }) => reasonOf(body));
    expect(await poll(first)).toBe('QUOTA_EXCEEDED');
    // Another key of the account has what is left of the account's, and others have theirs.
    expect(await poll(second)).toBeUndefined();
    held.push(await open(second));
    expect(await poll(second)).toBe('QUOTA_EXCEEDED');
    expect(await poll(other)).toBeUndefined();
    for (const { socket, closed } of held) {
      socket.close();
      await closed;
    }
    await until('the room is given back', async () => (await poll(first)) === undefined);
  });
});

describe('768 empty shards of the operator', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());

  it('cost next to nothing: no open files, little disk', async () => {
    const { pid } = system.processes[0];
    const files = () => readdirSync(`/proc/${pid}/fd`).length;
    const megabytes = () =>
      Number(execFileSync('du', ['-sm', join(system.data, 'worker', 'shards')], { encoding: 'utf8' }).split('\t')[0]);
    const before = files();
    for (let at = 0; at < 12; at++) {
      expect((await create(system, system.adminKey, `c${at}`, { shards: 64 })).status).toBe(200);
    }
    await until('all of them have a leader', async () => {
      const { body } = await rest(system.http, 'GET', '/v1/admin/stats', { key: system.adminKey });
      return Number(body.shards) === 768;
    });
    expect(files() - before).toBeLessThan(100);
    expect(megabytes()).toBeLessThan(100);
    // And they are shards: what is written is found, after a crash as well.
    const body = { points: Array.from({ length: 200 }, (_, at) => ({ id: `p${at}`, vector: [at, 1] })) };
    const path = '/v1/collections/c7/points';
    const write = () => rest(system.http, 'POST', path, { key: system.adminKey, body });
    await until('the points are written', async () => (await write()).status === 200);
    await system.processes[0].stop('SIGKILL');
    system = await startSingle(system.data);
    const count = () => rest(system.http, 'POST', `${path}/count`, { key: system.adminKey, body: {} });
    await until('the points are found', async () => Number((await count()).body.count) === 200);
    expect(readdirSync(`/proc/${system.processes[0].pid}/fd`).length - before).toBeLessThan(100);
  });
});

describe('what an account may ask for', () => {
  it('has one rate for all of its keys', async () => {
    const system = await startSingle(undefined, ['--no-sample', '--rate-limit', '2']);
    try {
      const login = async (email: string) => until('a login', () => loginOf(system, email));
      const token = await login('ten-keys@example.org');
      const keys: string[] = [];
      while (keys.length < 10) keys.push(await until('a key', () => keyOf(system, token)));
      const other = await login('other@example.org');
      const ask = (key: string) => rest(system.http, 'GET', '/v1/collections', { key });
      await until('a key that was never used is refused what the others have used up', async () => {
        const fresh = keys.pop() as string;
        await Promise.all(Array.from({ length: 30 }, () => ask(keys[0])));
        return reasonOf((await ask(fresh)).body) === 'RATE_LIMITED';
      });
      expect(keys.length).toBeGreaterThan(0);
      expect((await ask(other)).status).toBe(200);
    } finally {
      await system.stop();
    }
  });

  it('cannot make /metrics as long as it likes', async () => {
    const system = await startSingle(undefined, ['--no-sample', '--metrics-collections', '2']);
    try {
      for (let at = 0; at < 6; at++) await create(system, system.adminKey, `c${at}`, { shards: 3 });
      const scraped = await fetch(`${system.http}/metrics`, {
        headers: { authorization: `Bearer ${system.adminKey}` },
      });
      const lines = (await scraped.text()).split('\n').filter((line) => line.startsWith('vectron_shard_points{'));
      expect(lines).toHaveLength(2 * 3 + 1);
      expect(lines.filter((line) => line.includes('collection="(others)"'))).toHaveLength(1);
    } finally {
      await system.stop();
    }
  });
});

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { changeFirstPassword, type ProcessSystem, reasonOf, rest, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const PASSWORD = 'correct horse battery';

describe('accounts of a team, on a server as it comes', () => {
  let system: ProcessSystem;
  const data = tempDir('accounts');
  const start = () => startSingle(data, ['--no-sample', '--registration', 'closed', '--max-keys-per-user', '20']);
  beforeAll(async () => {
    system = await start();
  });
  afterAll(() => system?.stop());

  const call = (method: string, path: string, key?: string, body?: object) =>
    rest(system.http, method, path, { key, body });
  const login = async (email: string, password = PASSWORD) =>
    (await call('POST', '/v1/users/login', undefined, { email, password })).body.jwtToken as string;
  /** Invited by the administrator, registered and logged in. */
  const joined = async (name: string, wish: object = {}) => {
    const email = `${name}@example.org`;
    const invited = await call('POST', '/v1/invitations', system.adminKey, { email, ...wish });
    expect(invited.status).toBe(200);
    const body = { email, password: PASSWORD, invitation: invited.body.token };
    const { user } = (await call('POST', '/v1/users/register', undefined, body)).body;
    return { id: user.id as string, tenantId: user.tenantId as string, email, token: await login(email) };
  };
  const makeCollection = async (key: string, name: string) => {
    expect((await call('POST', '/v1/collections', key, { name, dimension: 2, distance: 'dot' })).status).toBe(200);
    const points = [{ id: 'p', vector: [1, 0], payload: { of: name } }];
    expect((await call('POST', `/v1/collections/${name}/points`, key, { points })).status).toBe(200);
  };
  const find = async (key: string, name: string) => {
    const { status, body } = await call('POST', `/v1/collections/${name}/points/search`, key, { vector: [1, 0] });
    return status === 200 ? (body.results.map(({ id }: { id: string }) => id) as string[]) : (reasonOf(body) as string);
  };
  const grpc = async <T>(use: (client: ReturnType<typeof clientOf>['api']) => Promise<T>): Promise<T> => {
    const client = clientOf();
    try {
      return await use(client.api);
    } finally {
      client.close();
    }
  };
  const clientOf = () => createClient(auth.AuthServiceService, system.grpc);
  const as = (token: string) => callContext({ authorization: `Bearer ${token}` });

  it('secrets are in a file for the operator alone, and in no output that is kept', () => {
    const file = join(data, 'bootstrap.json');
    const { password, apiKey } = JSON.parse(readFileSync(file, 'utf8'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { output } = system.processes[0];
    expect(output).toContain(file);
    expect(output).not.toContain(password);
    expect(output).not.toContain(apiKey.slice(16, -9));
  });

  it('the first password opens nothing but its own change, on both wires', async () => {
    const first = await login('admin@vectron.local', system.password);
    for (const [method, path] of [
      ['GET', '/v1/collections'],
      ['GET', '/v1/keys'],
      ['GET', '/v1/admin/users'],
      ['GET', '/metrics'],
    ]) {
      const { status, body } = await call(method, path, first);
      expect([path, status, body.message]).toEqual([path, 403, expect.stringMatching(/ChangePassword/)]);
    }
    await expect(grpc((api) => api.listApiKeys({}, as(first)))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await call('GET', '/v1/user/profile', first)).body.user).toMatchObject({ mustChangePassword: true });
    const changed = await changeFirstPassword(system);
    const second = await login('admin@vectron.local', changed);
    expect((await call('GET', '/v1/admin/users', second)).body.users).toHaveLength(1);
    const user = { disabled: false, mustChangePassword: false, lastLoginAt: expect.stringMatching(/^\d{10}$/) };
    expect((await call('GET', '/v1/user/profile', second)).body.user).toMatchObject(user);
  });

  it('registration is closed, and says what to do', async () => {
    const credentials = { email: 'anybody@example.org', password: PASSWORD };
    const refused = await call('POST', '/v1/users/register', undefined, credentials);
    expect([refused.status, refused.body.message]).toEqual([403, expect.stringMatching(/invitation/)]);
    await expect(
      grpc((api) => api.registerUser({ ...credentials, invitation: '' }, callContext())),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('several accounts work with the collections of one tenant, each within its role', async () => {
    const owner = await joined('owner', { newTenant: true });
    await makeCollection(owner.token, 'shared');
    const reader = await joined('reader', { tenantId: owner.tenantId, role: 'read' });
    const stranger = await joined('stranger', { newTenant: true });
    expect(await find(reader.token, 'shared')).toEqual(['p']);
    expect(await find(stranger.token, 'shared')).toBe('COLLECTION_NOT_FOUND');
    expect((await call('DELETE', '/v1/collections/shared', reader.token)).status).toBe(403);
    const page = await call('GET', `/v1/admin/users?tenantId=${owner.tenantId}`, system.adminKey);
    expect(page.body.users.map(({ role }: { role: string }) => role).sort()).toEqual(['read', 'write']);
    // Members invite nobody here.
    const wish = { email: 'friend@example.org' };
    expect((await call('POST', '/v1/invitations', owner.token, wish)).status).toBe(403);
  });

  it('demoting, disabling and enabling an account reaches its keys and logins', async () => {
    const worker = await joined('worker', { newTenant: true });
    const { fullKey } = (await call('POST', '/v1/keys', worker.token, { name: 'k' })).body;
    await makeCollection(fullKey, 'own');
    const user = `/v1/admin/users/${worker.id}`;
    const write = async () =>
      (await call('POST', '/v1/aliases', fullKey, { set: [{ alias: 'a', collection: 'own' }] })).status;
    expect(await write()).toBe(200);
    await call('PUT', `${user}/role`, system.adminKey, { role: 'read' });
    await until('the key of a demoted account writes no more', write, (seen) => seen === 403);
    expect(await find(fullKey, 'own')).toEqual(['p']);
    await call('PUT', `${user}/disabled`, system.adminKey, { disabled: true });
    for (const credential of [fullKey, worker.token]) {
      await until(
        'a disabled account has no access',
        async () => (await call('GET', '/v1/collections', credential)).status,
        (seen) => seen === 401,
      );
    }
    await call('PUT', `${user}/disabled`, system.adminKey, { disabled: false });
    await until(
      'an enabled account has its keys',
      () => find(fullKey, 'own'),
      (seen) => seen[0] === 'p',
    );
  });

  it('a key for metrics sees metrics and no data', async () => {
    const made = await call('POST', '/v1/keys', system.adminKey, { name: 'prometheus', role: 'metrics' });
    const key = made.body.fullKey as string;
    const scraped = await call('GET', '/metrics', key);
    expect([scraped.status, String(scraped.body)]).toEqual([200, expect.stringContaining('# TYPE')]);
    for (const path of ['/v1/collections', '/v1/keys', '/v1/admin/users', '/v1/stats']) {
      expect([path, (await call('GET', path, key)).status]).not.toEqual([path, 200]);
    }
  });

  it('a key makes, shows, deletes and signs for nothing that has more than it has', async () => {
    const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
    const limit = { role: 'admin', collections: ['one', 'two'], expiresAt };
    const limited = (await call('POST', '/v1/keys', system.adminKey, { name: 'limited', ...limit })).body.fullKey;
    const make = (more: object) => call('POST', '/v1/keys', limited, { name: 'k', ...limit, ...more });
    for (const [more, field] of [
      [{ collections: [] }, 'collections'],
      [{ collections: ['one', 'three'] }, 'collections'],
      [{ expiresAt: 0 }, 'expiresAt'],
      [{ expiresAt: expiresAt + 1 }, 'expiresAt'],
    ] as const) {
      const { status, body } = await make(more);
      expect([more, status, body.message]).toEqual([more, 403, expect.stringContaining(field)]);
    }
    const lesser = await make({ role: 'read', collections: ['two'] });
    expect(lesser.status).toBe(200);
    const shown = (await call('GET', '/v1/keys', limited)).body.keys.map(({ name }: { name: string }) => name);
    expect(shown.sort()).toEqual(['k', 'limited']);
    const bootstrap = system.adminKey.split('_').slice(0, 2).join('_');
    expect((await call('POST', '/v1/sdk-jwt', limited, { apiKeyId: bootstrap })).status).toBe(404);
    expect((await call('DELETE', `/v1/keys/${bootstrap}`, limited)).status).toBe(404);
    expect((await call('GET', '/v1/collections', limited)).body.collections).toEqual([]);
    for (const [method, path, body] of [
      ['GET', '/v1/admin/users', undefined],
      ['GET', '/v1/invitations', undefined],
      ['POST', '/v1/invitations', { email: 'x@example.org' }],
      ['PUT', '/v1/user/profile', { plan: 'PAID' }],
      ['POST', '/v1/user/password', { currentPassword: 'x', newPassword: 'y' }],
      ['POST', '/v1/user/delete', { password: 'x' }],
    ] as const) {
      expect([path, (await call(method, path, limited, body)).status]).toEqual([path, 403]);
    }
  });

  it('200 keys at once are not more than an account may have', async () => {
    const maker = await joined('maker', { newTenant: true });
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => call('POST', '/v1/keys', maker.token, { name: 'k', role: 'read' })),
    );
    const made = answers.filter(({ status }) => status === 200);
    expect(made.length).toBeLessThanOrEqual(20);
    expect((await call('GET', '/v1/keys', maker.token)).body.keys).toHaveLength(made.length);
    const refused = answers.filter(({ status }) => status !== 200).map(({ body }) => reasonOf(body));
    expect(refused.length).toBeGreaterThanOrEqual(180);
    for (const reason of refused) expect(['QUOTA_EXCEEDED', 'OVERLOADED', 'RATE_LIMITED']).toContain(reason);
  });

  it('the last administrator stays, whoever asks', async () => {
    const { users } = (await call('GET', '/v1/admin/users', system.adminKey)).body;
    const root = users.find(({ email }: { email: string }) => email === 'admin@vectron.local');
    const second = await joined('second', { role: 'admin' });
    const demoted = await call('PUT', `/v1/admin/users/${root.id}/disabled`, second.token, { disabled: true });
    expect(demoted.status).toBe(200);
    const own = await call('POST', '/v1/user/delete', second.token, { password: PASSWORD });
    expect([own.status, reasonOf(own.body)]).toEqual([409, 'FAILED_PRECONDITION']);
    expect((await call('GET', '/v1/collections', second.token)).status).toBe(200);
    await call('PUT', `/v1/admin/users/${root.id}/disabled`, second.token, { disabled: false });
    await until(
      'the first administrator is back',
      async () => (await call('DELETE', `/v1/admin/users/${second.id}`, system.adminKey)).status,
      (seen) => seen === 200,
    );
  });

  it('deleting the last account of a tenant decides on its collections and says what became of each', async () => {
    const leaver = await joined('leaver', { newTenant: true });
    const heir = await joined('heir', { newTenant: true });
    await makeCollection(leaver.token, 'papers');
    await call('POST', '/v1/aliases', leaver.token, { set: [{ alias: 'latest', collection: 'papers' }] });
    // Cached and routed for the tenant of before.
    for (const _ of [1, 2, 3]) expect(await find(leaver.token, 'papers')).toEqual(['p']);
    const undecided = await call('DELETE', `/v1/admin/users/${leaver.id}`, system.adminKey);
    expect([undecided.status, reasonOf(undecided.body)]).toEqual([409, 'FAILED_PRECONDITION']);
    expect(
      await until(
        'the account is as before',
        () => find(leaver.token, 'papers'),
        (seen) => seen[0] === 'p',
      ),
    ).toEqual(['p']);
    const byOwner = await call('POST', '/v1/user/delete', leaver.token, { password: PASSWORD, heir: heir.email });
    expect(byOwner.status).toBe(404);
    const handed = await grpc((api) =>
      api.removeUser({ userId: leaver.id, heir: heir.email, deleteCollections: false }, as(system.adminKey)),
    );
    expect(handed).toEqual({
      ...{ deletedCollections: [], handedCollections: ['papers'], keptCollections: [], deletedKeys: 0 },
    });
    expect(await find(heir.token, 'papers')).toEqual(['p']);
    expect(await find(heir.token, 'latest')).toEqual(['p']);
    expect((await call('GET', '/v1/collections', leaver.token)).status).toBe(401);
    const points = [{ id: 'q', vector: [0.5, 0] }];
    expect((await call('POST', '/v1/collections/papers/points', heir.token, { points })).status).toBe(200);
    await system.stop();
    system = await start();
    expect(
      await until(
        'what was handed survives a restart',
        () => find(heir.token, 'papers'),
        (seen) => seen.length === 2,
      ),
    ).toEqual(['p', 'q']);
    const deleted = await call('DELETE', `/v1/admin/users/${heir.id}?delete_collections=true`, system.adminKey);
    expect(deleted.body).toMatchObject({ deletedCollections: ['papers'], deletedKeys: 0 });
    expect((await call('DELETE', `/v1/admin/users/${heir.id}`, system.adminKey)).status).toBe(404);
  });
});

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { CLI } from '../harness/process.js';
import { reasonOf, rest, type System, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const GRACE_PASSWORD = 'a password that grace chose';
const ADA_PASSWORD = 'a password that ada chose';
const NEXT_PASSWORD = 'another password of ada';
const names = async (db: VectronClient) => (await db.listCollections()).map(({ name }) => name).sort();

/** One story, told in order: each step stands on those before it. */
describe('a team', () => {
  let system: System;
  const clients: VectronClient[] = [];
  /** What happens over REST and over gRPC, which people of a team use side by side. */
  const over = {
    rest: (apiKey?: string) => client(system.http, apiKey),
    grpc: (apiKey?: string) => client(`grpc://${system.grpc}`, apiKey),
  };
  const client = (url: string, apiKey?: string): VectronClient => {
    clients.push(connect(url, { apiKey, retries: 0 }));
    return clients[clients.length - 1];
  };
  let admin: VectronClient;
  let ada: VectronClient;
  let grace: VectronClient;
  let adaKey: VectronClient;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    system = await startSingle(undefined, ['--no-sample', '--registration', 'closed']);
    admin = over.rest(system.adminKey);
    await admin.createCollection('papers', { dimension: 2, distance: 'dot' });
    await admin.upsert('papers', [{ id: 'first', vector: [1, 2] }]);
  });
  afterAll(async () => {
    for (const one of clients) await one.close();
    await system?.stop();
  });

  /** The command line of the administrator. */
  const vectron = (args: string[], input = '') => {
    const env = { PATH: process.env.PATH, VECTRON_URL: system.http, VECTRON_DATA: tempDir('team-none') };
    const command = spawnSync(process.execPath, [CLI, ...args], {
      encoding: 'utf8',
      input,
      env: { ...env, VECTRON_API_KEY: system.adminKey },
    });
    expect({ args, status: command.status, stderr: command.stderr }).toMatchObject({ status: 0 });
    return command.stdout.trim();
  };
  const refused = async (what: Promise<unknown>, code: string) => expect(what).rejects.toMatchObject({ code });
  const ended = (what: string, call: () => Promise<unknown>) =>
    until(`${what} is refused`, async () => {
      const code = await call().then(
        () => 'answered',
        (error) => error.code,
      );
      return code === 'UNAUTHENTICATED';
    });

  it('lets no stranger in, over any wire', async () => {
    for (const wire of [over.rest, over.grpc]) {
      await refused(wire().register('stranger@example.org', ADA_PASSWORD), 'PERMISSION_DENIED');
      await refused(
        wire().register('stranger@example.org', ADA_PASSWORD, { invitation: 'made up' }),
        'PERMISSION_DENIED',
      );
      await refused(wire().login('stranger@example.org', ADA_PASSWORD), 'UNAUTHENTICATED');
    }
  });

  it('grows by invitations, of which each is good once, for one address', async () => {
    const forAda = vectron(['users', 'invite', '--email', 'ada@example.org', '--role', 'write']);
    const forGrace = await over.grpc(system.adminKey).inviteUser('grace@example.org', { role: 'read' });
    await refused(
      over.rest().register('mallory@example.org', ADA_PASSWORD, { invitation: forAda }),
      'PERMISSION_DENIED',
    );
    const account = await over.rest().register('ada@example.org', ADA_PASSWORD, { invitation: forAda });
    await refused(over.grpc().register('ada@example.org', ADA_PASSWORD, { invitation: forAda }), 'PERMISSION_DENIED');
    const options = { invitation: forGrace.token };
    const second = await over.grpc().register('grace@example.org', GRACE_PASSWORD, options);
    const { tenantId } = await admin.profile();
    expect([account, second]).toMatchObject([
      { role: 'write', tenantId },
      { role: 'read', tenantId },
    ]);
    ids.ada = account.id;
    ids.grace = second.id;
    for await (const open of admin.listInvitations()) expect(open).toBe('none');
  });

  it('works with the same collections, each with a role', async () => {
    ada = over.rest((await over.grpc().login('ada@example.org', ADA_PASSWORD)).token);
    grace = over.grpc((await over.rest().login('grace@example.org', GRACE_PASSWORD)).token);
    expect([await names(ada), await names(grace)]).toEqual([['papers'], ['papers']]);
    await ada.upsert('papers', [{ id: 'second', vector: [2, 1] }]);
    const { hits } = await grace.search('papers', { vector: [1, 0], topK: 1 });
    expect(hits[0].id).toBe('second');
    await refused(grace.upsert('papers', [{ id: 'third', vector: [0, 1] }]), 'PERMISSION_DENIED');
    await refused(grace.deleteCollection('papers'), 'PERMISSION_DENIED');
    await refused(ada.admin.listUsers()[Symbol.asyncIterator]().next(), 'PERMISSION_DENIED');
    await refused(ada.admin.setUserRole(ids.ada, 'admin'), 'PERMISSION_DENIED');
  });

  it('loses the key and the login of one who is disabled, within seconds, and gets them back', async () => {
    const { key } = await ada.createApiKey('of ada', { collections: ['papers'] });
    adaKey = over.grpc(key);
    expect(await names(adaKey)).toEqual(['papers']);
    vectron(['users', 'disable', 'ada@example.org']);
    await ended('the key of a disabled account', () => adaKey.listCollections());
    await ended('the login of a disabled account', () => ada.listCollections());
    await refused(over.rest().login('ada@example.org', ADA_PASSWORD), 'PERMISSION_DENIED');
    expect(await names(grace)).toEqual(['papers']);
    vectron(['users', 'enable', 'ada@example.org']);
    await until('the key works again', async () => (await names(adaKey)).length === 1);
    await refused(ada.listCollections(), 'UNAUTHENTICATED');
  });

  it('has a lost password reset; the one that is given opens nothing but its change', async () => {
    const once = vectron(['users', 'reset-password', 'ada@example.org']);
    await refused(over.rest().login('ada@example.org', ADA_PASSWORD), 'UNAUTHENTICATED');
    const login = await over.rest().login('ada@example.org', once);
    expect(login.account.mustChangePassword).toBe(true);
    ada = over.rest(login.token);
    for (const early of [ada.listCollections(), over.grpc(login.token).createApiKey('too early')])
      await expect(early).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining('must be changed first'),
      });
    await ada.changePassword(once, NEXT_PASSWORD);
    await until('the login may do all that the account may', async () => (await names(ada)).length === 1);
    await refused(over.grpc().login('ada@example.org', once), 'UNAUTHENTICATED');
    expect((await over.grpc().login('ada@example.org', NEXT_PASSWORD)).account.mustChangePassword).toBe(false);
  });

  it('loses a member: what the tenant has stays with those who are left', async () => {
    const removal = JSON.parse(vectron(['users', 'remove', 'grace@example.org', '--yes', '--json']));
    expect(removal).toMatchObject({ email: 'grace@example.org', keptCollections: ['papers'], deletedCollections: [] });
    await ended('the login of a removed account', () => grace.listCollections());
    await refused(over.grpc().login('grace@example.org', GRACE_PASSWORD), 'UNAUTHENTICATED');
    expect(await names(ada)).toEqual(['papers']);
  });

  it('inherits the collections of a tenant whose last account goes', async () => {
    const invitation = vectron(['users', 'invite', '--email', 'alone@example.org', '--new-tenant']);
    const alone = await over.rest().register('alone@example.org', GRACE_PASSWORD, { invitation });
    const { token } = await over.rest().login('alone@example.org', GRACE_PASSWORD);
    const own = over.grpc(token);
    expect(await names(own)).toEqual([]);
    await own.createCollection('notes', { dimension: 1, distance: 'dot' });
    await own.upsert('notes', [{ id: 'n', vector: [1] }]);
    const undecided = await rest(system.http, 'DELETE', `/v1/admin/users/${alone.id}`, { key: system.adminKey });
    expect([undecided.status, reasonOf(undecided.body)]).toEqual([409, 'FAILED_PRECONDITION']);
    expect(await names(own)).toEqual(['notes']);
    const args = ['users', 'remove', 'alone@example.org', '--heir', 'ada@example.org', '--yes', '--json'];
    expect(JSON.parse(vectron(args))).toMatchObject({ handedCollections: ['notes'], keptCollections: [] });
    await ended('the login of a removed account', () => own.listCollections());
    expect(await names(ada)).toEqual(['notes', 'papers']);
    expect(await ada.get('notes', 'n')).toMatchObject({ id: 'n' });
  });

  it('loses the collections of an account that deletes itself with them, and is told which', async () => {
    const { token: invitation } = await admin.inviteUser('brief@example.org', { newTenant: true });
    await over.rest().register('brief@example.org', GRACE_PASSWORD, { invitation });
    const brief = over.rest((await over.rest().login('brief@example.org', GRACE_PASSWORD)).token);
    await brief.createCollection('scratch', { dimension: 1 });
    await refused(brief.deleteAccount(GRACE_PASSWORD), 'FAILED_PRECONDITION');
    await refused(brief.deleteAccount('not the password', { deleteCollections: true }), 'PERMISSION_DENIED');
    const removal = await brief.deleteAccount(GRACE_PASSWORD, { deleteCollections: true });
    expect(removal).toMatchObject({ deletedCollections: ['scratch'], handedCollections: [] });
    const left = (await admin.admin.collections()).map(({ name }) => name).sort();
    expect(left).toEqual(['notes', 'papers']);
  });

  it('always has an administrator', async () => {
    const { token: invitation } = await admin.inviteUser('hopper@example.org', { role: 'admin' });
    const second = await over.rest().register('hopper@example.org', GRACE_PASSWORD, { invitation });
    const hopper = over.grpc((await over.rest().login('hopper@example.org', GRACE_PASSWORD)).token);
    const first = await admin.profile();
    for (const own of [admin.admin.setUserRole(first.id, 'read'), hopper.admin.removeUser(second.id)])
      await refused(own, 'INVALID_ARGUMENT');
    expect(await hopper.admin.setUserRole(first.id, 'write')).toMatchObject({ role: 'write' });
    const heir = { heir: 'ada@example.org' };
    await refused(hopper.deleteAccount(GRACE_PASSWORD, heir), 'FAILED_PRECONDITION');
    expect(await hopper.admin.setUserRole(first.id, 'admin')).toMatchObject({ role: 'admin' });
    const removal = await hopper.deleteAccount(GRACE_PASSWORD, heir);
    expect(removal).toMatchObject({ keptCollections: ['notes', 'papers'], handedCollections: [] });
    const emails: string[] = [];
    for await (const { email } of admin.admin.listUsers({ pageSize: 1 })) emails.push(email);
    expect(emails.sort()).toEqual(['ada@example.org', 'admin@vectron.local']);
  });
});

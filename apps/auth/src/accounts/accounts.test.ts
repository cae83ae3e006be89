import { describe, expect, it } from '@jest/globals';
import { MemoryMetaStore, type MetaEntry, type Page } from '@vectron/metastore';
import { type AuthService, as, authService } from '../../../../test/harness/auth-service.js';
import { hashPassword } from '../passwords.js';
import type { Role } from '../rights.js';

const PASSWORD = 'correct horse battery';
const DAY_S = 24 * 3_600;
const wish = { role: '', tenantId: '', newTenant: false, expiresAt: 0n };
const inSeconds = (seconds: number) => BigInt(Math.floor(Date.now() / 1_000) + seconds);

/** An account and a login of it. */
async function member({ users, sessions, tokens }: AuthService, name: string, role: Role, tenantId?: string) {
  const user = await users.create({ email: `${name}@example.org`, passwordHash: '', role, plan: 'FREE', tenantId });
  const { session } = await sessions.begin(user.id);
  return { ...user, context: as((await tokens.sign('login', user.id, session.id)).token) };
}

describe('registration', () => {
  it('is closed by default, and costs nothing while it is', async () => {
    const service = await authService({ registration: 'closed' });
    const register = service.auth.registerUser({ email: 'a@example.org', password: PASSWORD, invitation: '' }, as());
    await expect(register).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/invitation/),
    });
    // Not even the store was asked.
    expect((await service.meta.range('/')).entries).toEqual([]);
  });

  it('takes an invitation once, for its address, role and tenant', async () => {
    const service = await authService({ registration: 'closed' });
    const { auth, users, meta } = service;
    const root = await member(service, 'root', 'admin');
    const ann = { email: 'ann@example.org', password: PASSWORD };
    const { token, invitation } = await auth.inviteUser(
      { ...wish, email: 'Ann@Example.org', role: 'read' },
      root.context,
    );
    expect(invitation).toMatchObject({ email: 'ann@example.org', role: 'read', tenantId: root.tenantId });
    const hours = (Number(invitation?.expiresAt) - Number(invitation?.createdAt)) / 3_600;
    expect(Math.round(hours)).toBe(7 * 24);
    expect(JSON.stringify((await meta.range('/')).entries)).not.toContain(token.slice(20, -9));
    const wrong = { code: 'PERMISSION_DENIED', message: expect.stringMatching(/invitation is not valid/) };
    for (const bad of [`${token}x`, token.replace(/.{8}$/, '00000000'), 'vi_x']) {
      await expect(auth.registerUser({ ...ann, invitation: bad }, as())).rejects.toMatchObject(wrong);
    }
    await expect(
      auth.registerUser({ ...ann, email: 'bob@example.org', invitation: token }, as()),
    ).rejects.toMatchObject(wrong);
    const both = await Promise.allSettled([1, 2].map(() => auth.registerUser({ ...ann, invitation: token }, as())));
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await users.byEmail(ann.email)).toMatchObject({ role: 'read', tenantId: root.tenantId });
    const again = { ...ann, email: 'ann@example.org', invitation: token };
    await expect(auth.registerUser(again, as())).rejects.toMatchObject(wrong);
    expect((await auth.listInvitations({ pageSize: 0, pageToken: '' }, root.context)).invitations).toEqual([]);
  });

  it('gives a tenant of its own where an administrator says so', async () => {
    const service = await authService({ registration: 'closed' });
    const root = await member(service, 'root', 'admin');
    const invited = { ...wish, email: 'a@example.org', newTenant: true };
    const { token } = await service.auth.inviteUser(invited, root.context);
    const { user } = await service.auth.registerUser(
      { email: invited.email, password: PASSWORD, invitation: token },
      as(),
    );
    expect(user).toMatchObject({ tenantId: user?.id, role: 'write' });
    await expect(service.auth.inviteUser({ ...invited, tenantId: root.tenantId }, root.context)).rejects.toMatchObject({
      details: { field: 'tenant_id' },
    });
    await expect(
      service.auth.inviteUser({ ...wish, email: invited.email, tenantId: 'none' }, root.context),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('lets members invite into their own tenant with at most their role, only where it is said', async () => {
    const email = 'new@example.org';
    const denied = { code: 'PERMISSION_DENIED' };
    const closed = await authService({ registration: 'closed' });
    const early = await member(closed, 'early', 'write');
    await expect(closed.auth.inviteUser({ ...wish, email }, early.context)).rejects.toMatchObject(denied);
    const service = await authService({ registration: 'invite' });
    const { auth } = service;
    const owner = await member(service, 'owner', 'write');
    const reader = await member(service, 'reader', 'read', owner.tenantId);
    const stranger = await member(service, 'stranger', 'write');
    const refused: [object, typeof owner][] = [
      [{ role: 'admin' }, owner],
      [{ role: 'metrics' }, owner],
      [{ newTenant: true }, owner],
      [{ tenantId: stranger.tenantId }, owner],
      [{ role: 'read' }, reader],
    ];
    for (const [more, who] of refused) {
      await expect(auth.inviteUser({ ...wish, email, ...more }, who.context)).rejects.toMatchObject(denied);
    }
    const { token } = await auth.inviteUser({ ...wish, email }, owner.context);
    await expect(auth.registerUser({ email, password: PASSWORD, invitation: '' }, as())).rejects.toMatchObject(denied);
    expect((await auth.registerUser({ email, password: PASSWORD, invitation: token }, as())).user).toMatchObject({
      role: 'write',
      tenantId: owner.tenantId,
    });
  });

  it('dies with its inviter: deleted, disabled or demoted', async () => {
    const service = await authService({ registration: 'invite' });
    const { auth, internal } = service;
    const root = await member(service, 'root', 'admin');
    const ends: ((id: string) => Promise<unknown>)[] = [
      (userId) => auth.setUserDisabled({ userId, disabled: true }, root.context),
      (userId) => auth.setUserRole({ userId, role: 'read' }, root.context),
      async (userId) => {
        await internal.beginUserDeletion({ userId, password: '', heir: '' }, root.context);
        await internal.finishUserDeletion({ userId, undo: false });
      },
    ];
    for (const [at, end] of ends.entries()) {
      const inviter = await member(service, `inviter-${at}`, 'write', root.tenantId);
      const email = `invited-${at}@example.org`;
      const { token } = await auth.inviteUser({ ...wish, email }, inviter.context);
      await end(inviter.id);
      await expect(auth.registerUser({ email, password: PASSWORD, invitation: token }, as())).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      });
    }
  });

  it('has invitations that expire, are swept, withdrawn by who made them, and bounded', async () => {
    const service = await authService({ registration: 'invite', maxInvitations: 3 });
    const { auth, invitations, meta } = service;
    const owner = await member(service, 'owner', 'write');
    const other = await member(service, 'other', 'write', owner.tenantId);
    const past = { ...wish, email: 'past@example.org', expiresAt: inSeconds(-1) };
    await expect(auth.inviteUser(past, owner.context)).rejects.toMatchObject({ details: { field: 'expires_at' } });
    const far = { ...past, expiresAt: inSeconds(31 * DAY_S) };
    await expect(auth.inviteUser(far, owner.context)).rejects.toMatchObject({ details: { field: 'expires_at' } });
    const expired = { email: 'old@example.org', role: 'write', tenantId: owner.tenantId } as const;
    const by = { invitedBy: owner.id, invitedFrom: owner.tenantId, expiresAtMs: Date.now() - 1 };
    await invitations.create({ ...expired, ...by });
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, at) =>
        auth.inviteUser({ ...wish, email: `n${at}@example.org` }, (at % 2 === 0 ? owner : other).context),
      ),
    );
    // The expired one made room.
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refusals = results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(new Set(refusals)).toEqual(new Set(['QUOTA_EXCEEDED']));
    const list = async (who: typeof owner) =>
      (await auth.listInvitations({ pageSize: 0, pageToken: '' }, who.context)).invitations;
    expect((await list(owner)).length + (await list(other)).length).toBe(3);
    const [foreign] = [...(await list(other)), ...(await list(owner))];
    const notTheirs = foreign.invitedBy === other.id ? owner : other;
    await expect(auth.deleteInvitation({ id: foreign.id }, notTheirs.context)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await auth.deleteInvitation({ id: foreign.id }, foreign.invitedBy === other.id ? other.context : owner.context);
    await invitations.create({ ...expired, ...by });
    await invitations.sweep();
    expect((await meta.range('/auth/invitations/')).entries).toHaveLength(2);
    expect((await meta.range('/auth/tenant-invitations/')).entries).toHaveLength(2);
  });
});

describe('logins', () => {
  it('are all over with the password that they began with, however many there are; who changes it stays', async () => {
    const service = await authService();
    const { auth, users, sessions, tokens, authenticator } = service;
    const ann = await users.create({
      ...{ email: 'ann@example.org', role: 'write', plan: 'FREE' },
      passwordHash: await hashPassword(PASSWORD),
    });
    const begin = async () => {
      const { session, refreshToken } = await sessions.begin(ann.id);
      return { refreshToken, token: (await tokens.sign('login', ann.id, session.id)).token };
    };
    const [own, ...others] = await Promise.all(Array.from({ length: 70 }, begin));
    await auth.changePassword({ currentPassword: PASSWORD, newPassword: 'another good one' }, as(own.token));
    expect((await authenticator.authenticate(own.token)).userId).toBe(ann.id);
    expect((await auth.refreshToken({ refreshToken: own.refreshToken })).jwtToken).not.toBe('');
    const unauthenticated = { code: 'UNAUTHENTICATED' };
    for (const { token, refreshToken } of others) {
      await expect(authenticator.authenticate(token)).rejects.toMatchObject(unauthenticated);
      await expect(auth.refreshToken({ refreshToken })).rejects.toMatchObject(unauthenticated);
    }
    // And the next login is one again.
    const { jwtToken } = await auth.login({ email: ann.email, password: 'another good one' }, as());
    expect((await authenticator.authenticate(jwtToken)).userId).toBe(ann.id);
  });
});

describe('administrators', () => {
  it('are never without one: two who demote, disable or delete each other at once leave one', async () => {
    const ways: ((service: AuthService, userId: string, by: Awaited<ReturnType<typeof member>>) => Promise<unknown>)[] =
      [
        ({ auth }, userId, by) => auth.setUserRole({ userId, role: 'read' }, by.context),
        ({ auth }, userId, by) => auth.setUserDisabled({ userId, disabled: true }, by.context),
        ({ internal }, userId, by) => internal.beginUserDeletion({ userId, password: '', heir: '' }, by.context),
      ];
    for (const one of ways) {
      for (const other of ways) {
        const service = await authService();
        const [a, b] = [await member(service, 'a', 'admin'), await member(service, 'b', 'admin')];
        const results = await Promise.allSettled([one(service, b.id, a), other(service, a.id, b)]);
        const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
        expect(refused).toHaveLength(1);
        expect(['FAILED_PRECONDITION', 'UNAUTHENTICATED', 'PERMISSION_DENIED']).toContain(refused[0]);
        const left = await Promise.all([a.id, b.id].map((id) => service.users.byId(id)));
        expect(left.filter((user) => user?.role === 'admin' && !user.disabled)).toHaveLength(1);
      }
    }
  });

  it('cannot delete their own account as the last one, and can when there is another', async () => {
    const service = await authService();
    const { users, internal } = service;
    const passwordHash = await hashPassword(PASSWORD);
    const root = await member(service, 'root', 'admin');
    await users.update(root.id, { passwordHash });
    const own = { userId: '', password: PASSWORD, heir: '' };
    await expect(internal.beginUserDeletion(own, root.context)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringMatching(/last enabled administrator/),
    });
    expect((await users.byId(root.id))?.disabled).not.toBe(true);
    await member(service, 'second', 'admin');
    expect(await internal.beginUserDeletion(own, root.context)).toMatchObject({ userId: root.id, lastOfTenant: true });
  });

  it('give one-time passwords, which let a login do nothing but change them', async () => {
    const service = await authService();
    const { auth, authenticator } = service;
    const root = await member(service, 'root', 'admin');
    const ann = await member(service, 'ann', 'write');
    const { password } = await auth.resetPassword({ userId: ann.id }, root.context);
    expect(password).toMatch(/^[\w-]{20}$/);
    // Its logins have ended.
    await expect(auth.getUserProfile({}, ann.context)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const { jwtToken, user } = await auth.login({ email: ann.email, password }, as());
    expect(user).toMatchObject({ mustChangePassword: true });
    expect(await authenticator.authenticate(jwtToken)).toMatchObject({ mustChangePassword: true });
    const key = { name: 'k', role: '', collections: [], expiresAt: 0n };
    await expect(auth.createApiKey(key, as(jwtToken))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await auth.getUserProfile({}, as(jwtToken))).user?.id).toBe(ann.id);
    const change = { currentPassword: password, newPassword: password };
    await expect(auth.changePassword(change, as(jwtToken))).rejects.toMatchObject({
      details: { field: 'new_password' },
    });
    await auth.changePassword({ ...change, newPassword: PASSWORD }, as(jwtToken));
    await auth.createApiKey(key, as(jwtToken));
  });

  it('list accounts page by page, of one tenant or of all', async () => {
    const service = await authService();
    const root = await member(service, 'root', 'admin');
    const owner = await member(service, 'owner', 'write');
    for (let at = 0; at < 4; at += 1) await member(service, `m${at}`, 'read', owner.tenantId);
    const all = async (tenantId: string) => {
      const pages: string[][] = [];
      let pageToken = '';
      do {
        const page = await service.auth.listUsers({ tenantId, pageSize: 2, pageToken }, root.context);
        pages.push(page.users.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return pages;
    };
    const everybody = await all('');
    expect(everybody.map((page) => page.length)).toEqual([2, 2, 2]);
    expect(new Set(everybody.flat()).size).toBe(6);
    expect((await all(owner.tenantId)).flat()).toHaveLength(5);
  });

  it('disable an account with its logins and keys, and enable it again', async () => {
    const service = await authService();
    const { auth, authenticator, keys } = service;
    const root = await member(service, 'root', 'admin');
    const ann = await member(service, 'ann', 'write');
    const { full } = await keys.create({ userId: ann.id, name: 'k', role: 'write', collections: [], expiresAtMs: 0 });
    await service.users.update(ann.id, { passwordHash: await hashPassword(PASSWORD) });
    await auth.setUserDisabled({ userId: ann.id, disabled: true }, root.context);
    await expect(authenticator.authenticate(full)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(auth.getUserProfile({}, ann.context)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(auth.login({ email: ann.email, password: PASSWORD }, as())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    expect(await auth.validateApiKey({ fullKey: full })).toMatchObject({ valid: false });
    await auth.setUserDisabled({ userId: ann.id, disabled: false }, root.context);
    expect((await authenticator.authenticate(full)).role).toBe('write');
    expect((await auth.login({ email: ann.email, password: PASSWORD }, as())).user).toMatchObject({ disabled: false });
  });
});

describe('limits', () => {
  it('hold for keys that are made at once, and expired ones make room', async () => {
    const service = await authService({ maxUserKeys: 20 });
    const { auth, keys } = service;
    const ann = await member(service, 'ann', 'write');
    const spec = { userId: ann.id, name: 'old', role: 'read', collections: [] } as const;
    for (let at = 0; at < 20; at += 1) await keys.create({ ...spec, collections: [], expiresAtMs: Date.now() - 1 });
    const make = () => auth.createApiKey({ name: 'k', role: 'read', collections: [], expiresAt: 0n }, ann.context);
    const results = await Promise.allSettled(Array.from({ length: 60 }, make));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(await keys.ofUser(ann.id)).toHaveLength(20);
    expect(await keys.count()).toBe(20);
    await expect(make()).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    await keys.delete(ann.id, (await keys.ofUser(ann.id))[0].id);
    await make();
  });

  it('hold for accounts of one tenant that are made at once', async () => {
    const service = await authService({ maxTenantUsers: 5 });
    const owner = await member(service, 'owner', 'write');
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => member(service, `m${at}`, 'read', owner.tenantId)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    expect(await service.users.count()).toBe(5);
  });

  it('no listing, count or check of health reads all that is stored', async () => {
    const asked: { prefix: string; page?: Page }[] = [];
    class Watched extends MemoryMetaStore {
      override range(prefix: string, page?: Page): Promise<{ entries: MetaEntry[]; revision: number }> {
        asked.push({ prefix, page });
        return super.range(prefix, page);
      }
    }
    const service = await authService({}, new Watched());
    const root = await member(service, 'root', 'admin');
    asked.length = 0;
    await service.internal.ping();
    await service.internal.stats();
    await service.auth.listUsers({ tenantId: '', pageSize: 10, pageToken: '' }, root.context);
    await service.auth.listInvitations({ pageSize: 10, pageToken: '' }, root.context);
    for await (const _ of service.revocations.watch(AbortSignal.abort())) break;
    const wide = asked.filter(({ prefix }) => !prefix.includes(root.id));
    expect(wide.length).toBeGreaterThan(0);
    expect(wide.filter(({ page }) => page?.limit === undefined)).toEqual([]);
  });
});

describe('deletion', () => {
  it('of two accounts at once tells one of them that it is the last of the tenant', async () => {
    const service = await authService();
    const root = await member(service, 'root', 'admin');
    const a = await member(service, 'a', 'write');
    const other = await member(service, 'b', 'write', a.tenantId);
    const begun = await Promise.all(
      [a.id, other.id].map((userId) =>
        service.internal.beginUserDeletion({ userId, password: '', heir: '' }, root.context),
      ),
    );
    expect(begun.filter(({ lastOfTenant }) => lastOfTenant)).toHaveLength(1);
    for (const { userId } of begun) await service.internal.finishUserDeletion({ userId, undo: false });
    expect((await service.meta.range(`/auth/tenants/${a.tenantId}`)).entries).toEqual([]);
  });

  it('fences the account, which makes nothing meanwhile; undone, all is as before; repeated, it goes on', async () => {
    const service = await authService({ registration: 'invite' });
    const { internal, authenticator, keys, auth, users } = service;
    const root = await member(service, 'root', 'admin');
    const ann = await member(service, 'ann', 'write');
    const { full } = await keys.create({ userId: ann.id, name: 'k', role: 'write', collections: [], expiresAtMs: 0 });
    const begin = () => internal.beginUserDeletion({ userId: ann.id, password: '', heir: '' }, root.context);
    const before = await users.byId(ann.id);
    await begin();
    await expect(authenticator.authenticate(full)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    // Nobody joins a tenant that goes.
    const invited = { ...wish, email: 'late@example.org', tenantId: ann.tenantId };
    const { token, invitation } = await auth.inviteUser(invited, root.context);
    await expect(
      auth.registerUser({ email: invited.email, password: PASSWORD, invitation: token }, as()),
    ).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await auth.deleteInvitation({ id: invitation?.id ?? '' }, root.context);
    await internal.finishUserDeletion({ userId: ann.id, undo: true });
    expect(await users.byId(ann.id)).toEqual({ ...before, disabled: false });
    expect((await authenticator.authenticate(full)).role).toBe('write');
    // Cut off after the first step, the same call goes on; enabling undoes it as well.
    await begin();
    await begin();
    await auth.setUserDisabled({ userId: ann.id, disabled: false }, root.context);
    expect((await authenticator.authenticate(full)).role).toBe('write');
    await expect(internal.finishUserDeletion({ userId: ann.id, undo: false })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    expect(await begin()).toMatchObject({ lastOfTenant: true });
    expect(await internal.finishUserDeletion({ userId: ann.id, undo: false })).toEqual({ deletedKeys: 1 });
    expect(await internal.finishUserDeletion({ userId: ann.id, undo: false })).toEqual({ deletedKeys: 0 });
    expect(JSON.stringify((await service.meta.range('/')).entries)).not.toContain(ann.id);
  });

  it('takes an heir who is there, and an administrator to hand collections to another tenant', async () => {
    const service = await authService();
    const { internal } = service;
    const root = await member(service, 'root', 'admin');
    const ann = await member(service, 'ann', 'write');
    const bob = await member(service, 'bob', 'write');
    await service.users.update(ann.id, { passwordHash: await hashPassword(PASSWORD) });
    const own = { userId: '', password: PASSWORD };
    for (const heir of [bob.email, bob.id, 'nobody@example.org', ann.id]) {
      await expect(internal.beginUserDeletion({ ...own, heir }, ann.context)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        details: { field: 'heir' },
      });
    }
    expect((await service.users.byId(ann.id))?.leaving).toBeUndefined();
    const byRoot = { userId: ann.id, password: '', heir: bob.email };
    await expect(internal.beginUserDeletion(byRoot, bob.context)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await internal.beginUserDeletion(byRoot, root.context)).toMatchObject({ heirTenantId: bob.tenantId });
  });
});

describe('the store of 0.1', () => {
  it('is read as it is, and gets tenants, the list of administrators and counts', async () => {
    const meta = new MemoryMetaStore();
    const old = [
      { id: 'root', email: 'admin@vectron.local', role: 'admin', plan: 'PAID' },
      { id: 'ann', email: 'ann@example.org', role: 'write', plan: 'FREE' },
    ].map((user) => ({ ...user, passwordHash: '$argon2id$x', createdAtMs: 1_700_000_000_000 }));
    for (const user of old) {
      await meta.txn(
        [],
        [
          { put: `/auth/users/${user.id}`, value: JSON.stringify(user) },
          { put: `/auth/emails/${user.email}`, value: user.id },
        ],
      );
    }
    const key = { id: 'vk_AbCdEfGhIjKl', userId: 'ann', name: 'k', role: 'write', collections: [], mac: '' };
    await meta.txn([], [{ put: `/auth/keys/${key.id}`, value: JSON.stringify(key) }]);
    const service = await authService({}, meta);
    await Promise.all([service.users.upgrade(), service.users.upgrade()]);
    await service.users.upgrade();
    expect([await service.users.count(), await service.keys.count()]).toEqual([2, 1]);
    expect(await service.users.byId('ann')).toMatchObject({ tenantId: 'ann', role: 'write' });
    expect(await service.users.page('ann', '', 10)).toHaveLength(1);
    await expect(service.users.update('root', { role: 'read' })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const { full } = await service.keys.create({
      userId: 'root',
      name: 'k',
      role: 'admin',
      collections: [],
      expiresAtMs: 0,
    });
    expect(await service.authenticator.authenticate(full)).toMatchObject({ tenantId: 'root', plan: 'PAID' });
  });
});

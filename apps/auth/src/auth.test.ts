import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hash as bcrypt } from '@node-rs/bcrypt';
import { SignJWT } from 'jose';
import { as, authService as installation } from '../../../test/harness/auth-service.js';
import { bootstrapAdmin } from './bootstrap.js';
import { hashPassword, verifyPassword } from './passwords.js';
import { RevocationFeed } from './revocations.js';
import { randomSecret, secretFile } from './secrets.js';
import { SigningKeys } from './signing-keys.js';
import { TokenService } from './tokens.js';

const nobody = as();
const credentials = { email: 'Ann@Example.org ', password: 'correct horse', invitation: '' };
const UNAUTHENTICATED = { code: 'UNAUTHENTICATED' };

describe('passwords', () => {
  it('are kept as argon2id and are not cut at 72 bytes', async () => {
    const long = 'x'.repeat(100);
    const stored = await hashPassword(long);
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifyPassword(stored, long)).toBe(true);
    expect(await verifyPassword(stored, `${long.slice(0, 99)}y`)).toBe(false);
    expect(await verifyPassword(undefined, 'no user has this password')).toBe(false);
  });

  it('of the predecessor, in bcrypt, work and are replaced at the first login', async () => {
    const { users, auth } = await installation();
    const made = {
      email: 'old@example.org',
      passwordHash: await bcrypt('old password', 4),
      role: 'write',
      plan: 'FREE',
    } as const;
    const { id } = await users.create(made);
    await expect(auth.login({ email: made.email, password: 'wrong password' }, nobody)).rejects.toMatchObject(
      UNAUTHENTICATED,
    );
    await auth.login({ email: made.email, password: 'old password' }, nobody);
    expect((await users.byId(id))?.passwordHash).toMatch(/^\$argon2id\$/);
    await auth.login({ email: made.email, password: 'old password' }, nobody);
  });
});

describe('accounts', () => {
  it('register once an address, whatever its case', async () => {
    const { auth } = await installation();
    await auth.registerUser(credentials, nobody);
    await expect(auth.registerUser({ ...credentials, email: 'ANN@example.org' }, nobody)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    await expect(auth.registerUser({ ...credentials, email: 'x' }, nobody)).rejects.toMatchObject({
      details: { field: 'email' },
    });
    await expect(auth.registerUser({ ...credentials, password: 'short' }, nobody)).rejects.toMatchObject({
      details: { field: 'password' },
    });
  });

  it('refuse the passwords that everybody tries first', async () => {
    const { auth } = await installation();
    for (const password of ['password', 'PASSWORD1', 'qwertyuiop', 'CHANGE_ME_IN_PRODUCTION']) {
      await expect(auth.registerUser({ ...credentials, password }, nobody)).rejects.toMatchObject({
        details: { field: 'password' },
      });
    }
  });

  it('end with their other logins when the password changes, and have the role that an administrator gives', async () => {
    const { auth, authenticator, users } = await installation();
    await auth.registerUser(credentials, nobody);
    const [own, other] = [await auth.login(credentials, nobody), await auth.login(credentials, nobody)];
    const change = { currentPassword: credentials.password, newPassword: 'another good one' };
    await expect(
      auth.changePassword({ ...change, currentPassword: 'wrong password' }, as(own.jwtToken)),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await auth.changePassword(change, as(own.jwtToken));
    await expect(authenticator.authenticate(other.jwtToken)).rejects.toMatchObject(UNAUTHENTICATED);
    const { userId } = await authenticator.authenticate(own.jwtToken);
    await expect(auth.setUserRole({ userId, role: 'admin' }, as(own.jwtToken))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const admin = {
      email: 'root@example.org',
      passwordHash: await hashPassword('root password'),
      role: 'admin',
    } as const;
    await users.create({ ...admin, plan: 'PAID' });
    const root = await auth.login({ email: admin.email, password: 'root password' }, nobody);
    await auth.setUserRole({ userId, role: 'read' }, as(root.jwtToken));
    expect((await authenticator.authenticate(own.jwtToken)).role).toBe('read');
  });

  it('cannot give themselves a plan, and are gone with their keys and tokens when deleted', async () => {
    const { auth, internal, authenticator } = await installation();
    await auth.registerUser(credentials, nobody);
    const { jwtToken } = await auth.login(credentials, nobody);
    await expect(auth.updateUserProfile({ plan: 2 }, as(jwtToken))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    const { fullKey } = await auth.createApiKey({ name: 'k', role: '', collections: [], expiresAt: 0n }, as(jwtToken));
    expect((await authenticator.authenticate(fullKey)).role).toBe('write');
    const own = { userId: '', heir: '' };
    await expect(
      internal.beginUserDeletion({ ...own, password: 'wrong password' }, as(jwtToken)),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const { userId } = await internal.beginUserDeletion({ ...own, password: credentials.password }, as(jwtToken));
    expect(await internal.finishUserDeletion({ userId, undo: false })).toEqual({ deletedKeys: 1 });
    for (const token of [jwtToken, fullKey])
      await expect(authenticator.authenticate(token)).rejects.toMatchObject(UNAUTHENTICATED);
  });
});

describe('tokens', () => {
  it('of another installation, algorithm, type or time are refused', async () => {
    const { tokens, users } = await installation();
    const { id } = await users.create({ email: 'a@b.c', passwordHash: '', role: 'admin', plan: 'FREE' });
    const { token } = await tokens.sign('login', id, 's');
    expect(await tokens.verify(token)).toMatchObject({ kind: 'login', subject: id });
    const { tokens: foreign, signing } = await installation();
    const expired = new TokenService(signing, -60);
    const [, payload, signature] = token.split('.');
    const none = `${Buffer.from('{"alg":"none","typ":"vectron-login+jwt"}').toString('base64url')}.${payload}.`;
    const hmac = await new SignJWT({ sub: id })
      .setProtectedHeader({ alg: 'HS256', typ: 'vectron-login+jwt' })
      .sign(Buffer.from('x'.repeat(32)));
    const tampered = `${token.split('.')[0]}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`;
    await expect(foreign.verify(token)).rejects.toMatchObject(UNAUTHENTICATED);
    await expect(expired.verify((await expired.sign('login', id, 's')).token)).rejects.toMatchObject(UNAUTHENTICATED);
    for (const wrong of [none, hmac, tampered, '', 'a.b.c'])
      await expect(tokens.verify(wrong)).rejects.toMatchObject(UNAUTHENTICATED);
  });
});

describe('logins', () => {
  it('end with a logout', async () => {
    const { auth, authenticator } = await installation();
    await auth.registerUser(credentials, nobody);
    const { jwtToken, refreshToken } = await auth.login(credentials, nobody);
    await auth.logout({}, as(jwtToken));
    await expect(authenticator.authenticate(jwtToken)).rejects.toMatchObject(UNAUTHENTICATED);
    await expect(auth.refreshToken({ refreshToken })).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it('go on while the signing key is replaced, in every process that shares the secrets', async () => {
    const { data, tokens, signing } = await installation();
    const other = new TokenService(await SigningKeys.open(data), 60);
    const before = await tokens.sign('login', 'u', 's');
    const kid = await signing.rotate();
    const after = await tokens.sign('login', 'u', 's');
    for (const service of [tokens, other]) {
      for (const { token } of [before, after]) expect((await service.verify(token)).subject).toBe('u');
    }
    const { keys } = await other.jwks();
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatchObject({ kid, kty: 'OKP', crv: 'Ed25519', use: 'sig' });
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it('are told of when they are revoked', async () => {
    const { meta, auth, authenticator } = await installation();
    await auth.registerUser(credentials, nobody);
    const { jwtToken } = await auth.login(credentials, nobody);
    const { sessionId } = await authenticator.authenticate(jwtToken);
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const told of new RevocationFeed(meta).watch(stop.signal)) {
      if (seen.length === 0 && told.sessionIds.length === 0) void auth.logout({}, as(jwtToken));
      seen.push(...told.sessionIds);
      if (seen.includes(sessionId)) stop.abort();
    }
    expect(seen).toEqual([sessionId]);
  });
});

describe('API keys', () => {
  it('are stored as a keyed hash, never exceed their user, expire, and are checked to the last character', async () => {
    const { meta, users, keys, authenticator } = await installation();
    const { id: userId } = await users.create({ email: 'a@b.c', passwordHash: '', role: 'read', plan: 'FREE' });
    const spec = { userId, name: 'k', role: 'admin', collections: ['only'], expiresAtMs: 0 } as const;
    const { full, key } = await keys.create({ ...spec, collections: ['only'] });
    expect(full).toMatch(/^vk_[A-Za-z0-9]{12}_[\w-]{43}_[0-9a-f]{8}$/);
    expect(await authenticator.authenticate(full)).toMatchObject({
      role: 'read',
      collections: ['only'],
      apiKeyId: key.id,
    });
    const everything = JSON.stringify((await meta.range('/')).entries);
    expect(everything).not.toContain(full.slice(16, -9));
    const swapped = full.at(20) === 'A' ? 'B' : 'A';
    await expect(authenticator.authenticate(full.slice(0, 20) + swapped + full.slice(21))).rejects.toMatchObject(
      UNAUTHENTICATED,
    );
    const old = await keys.create({ ...spec, collections: [], expiresAtMs: Date.now() - 1 });
    await expect(authenticator.authenticate(old.full)).rejects.toMatchObject(UNAUTHENTICATED);
  });

  it.each(['read', 'write', 'metrics', 'admin'] as const)(
    'of the role %s revoke themselves, by a token made of them, too',
    async (role) => {
      const { users, keys, auth, authenticator } = await installation();
      const { id: userId } = await users.create({ email: 'a@b.c', passwordHash: '', role: 'admin', plan: 'FREE' });
      const made = () => keys.create({ userId, name: 'k', role, collections: ['only'], expiresAtMs: 0 });
      const [one, two, other] = [await made(), await made(), await made()];
      const everything = await keys.create({ userId, name: 'k', role: 'admin', collections: [], expiresAtMs: 0 });
      for (const keyPrefix of [everything.key.id, 'vk_AAAAAAAAAAAA', '']) {
        const code = role === 'admin' ? 'NOT_FOUND' : 'PERMISSION_DENIED';
        await expect(auth.deleteApiKey({ keyPrefix }, as(one.full))).rejects.toMatchObject({ code });
      }
      if (role !== 'admin') {
        await expect(auth.deleteApiKey({ keyPrefix: other.key.id }, as(one.full))).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
        });
        await expect(auth.listApiKeys({}, as(one.full))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      }
      await auth.deleteApiKey({ keyPrefix: one.key.id }, as(one.full));
      await expect(authenticator.authenticate(one.full)).rejects.toMatchObject(UNAUTHENTICATED);
      await expect(auth.deleteApiKey({ keyPrefix: one.key.id }, as(one.full))).rejects.toMatchObject(UNAUTHENTICATED);
      const { sdkJwt } = await auth.createSdkjwt({ apiKeyId: two.key.id }, as(everything.full));
      await auth.deleteApiKey({ keyPrefix: two.key.id }, as(sdkJwt));
      await expect(authenticator.authenticate(two.full)).rejects.toMatchObject(UNAUTHENTICATED);
      expect((await keys.ofUser(userId)).map(({ id }) => id).sort()).toEqual([other.key.id, everything.key.id].sort());
    },
  );
});

describe('the first run', () => {
  it('makes the administrator once, and again only when it was cut off before telling the password', async () => {
    const { users, keys, auth, authenticator } = await installation();
    const data = mkdtempSync(join(tmpdir(), 'vectron-bootstrap-'));
    await users.create({ email: 'admin@vectron.local', passwordHash: 'lost', role: 'admin', plan: 'PAID' });
    const first = await bootstrapAdmin(data, users, keys);
    expect(first.created).toBe(true);
    const { email, password, apiKey } = first.bootstrap as NonNullable<typeof first.bootstrap>;
    expect((await auth.login({ email, password }, nobody)).user?.role).toBe('admin');
    expect((await authenticator.authenticate(apiKey)).role).toBe('admin');
    expect(await bootstrapAdmin(data, users, keys)).toEqual({ bootstrap: first.bootstrap, created: false });
    rmSync(join(data, 'bootstrap.json'));
    expect(await bootstrapAdmin(data, users, keys)).toEqual({ bootstrap: undefined, created: false });
    expect(await users.count()).toBe(1);
  });

  it('makes one administrator and one set of secrets when several processes start at once', async () => {
    const { users, keys, authenticator } = await installation();
    const data = mkdtempSync(join(tmpdir(), 'vectron-bootstrap-'));
    const all = await Promise.all([1, 2, 3].map(() => bootstrapAdmin(data, users, keys)));
    expect(all.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(all.map(({ bootstrap }) => bootstrap?.apiKey)).size).toBe(1);
    expect((await authenticator.authenticate(all[0].bootstrap?.apiKey as string)).role).toBe('admin');
    expect([await users.count(), await keys.count()]).toEqual([1, 1]);
    const file = join(data, 'secret');
    const secrets = await Promise.all([1, 2, 3].map(() => secretFile(file, randomSecret)));
    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toHaveLength(43);
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { MetaEntry } from '@vectron/metastore';
import type { CallContext } from '@vectron/rpc';
import { type AuthService, as, authService } from '../../../test/harness/auth-service.js';
import { CUT_OFFS, FailingStore } from '../../../test/harness/failing-store.js';
import { Tenants } from './accounts/tenants.js';
import type { ApiKey } from './api-keys.js';
import { hashPassword, verifyPassword } from './passwords.js';
import type { User } from './users.js';

const PASSWORD = 'correct horse battery';
const NEXT = 'another good staple';
const NAMES = ['root', 'other', 'ann', 'bob'] as const;
type Name = (typeof NAMES)[number];

/** What every case begins with: two administrators, and two accounts of one tenant, with logins, keys and an invitation. */
interface Stand {
  readonly entries: readonly MetaEntry[];
  readonly data: string;
  readonly ids: Record<Name, string>;
  readonly contexts: Record<Name, CallContext>;
  /** Two more logins of ann. */
  readonly sessions: readonly string[];
  readonly refreshToken: string;
  readonly keyId: string;
  readonly invitation: string;
}

let stand: Stand;

const email = (name: string) => `${name}@example.org`;
const settings = { registration: 'open', registrations: 1_000, registrationsByAddress: 1_000 } as const;

async function makeStand(): Promise<Stand> {
  const service = await authService(settings);
  const { users, sessions, tokens, keys, invitations } = service;
  const passwordHash = await hashPassword(PASSWORD);
  const [ids, contexts] = [{} as Record<Name, string>, {} as Record<Name, CallContext>];
  for (const name of NAMES) {
    const role = name === 'root' || name === 'other' ? 'admin' : 'write';
    const tenantId = name === 'bob' ? ids.ann : undefined;
    const user = await users.create({ email: email(name), passwordHash, role, plan: 'FREE', tenantId });
    ids[name] = user.id;
    contexts[name] = as((await tokens.sign('login', user.id, (await sessions.begin(user.id)).session.id)).token);
  }
  const more = [await sessions.begin(ids.ann), await sessions.begin(ids.ann)];
  const wish = { userId: ids.ann, role: 'write', collections: [], expiresAtMs: 0 } as const;
  const { key } = await keys.create({ ...wish, collections: [], name: 'one' });
  for (let at = 0; at < 30; at++) await keys.create({ ...wish, collections: [], name: `k${at}` });
  const { token } = await invitations.create({
    ...{ email: email('new'), role: 'read', tenantId: ids.ann, invitedBy: ids.ann, invitedFrom: ids.ann },
    expiresAtMs: Date.now() + 3_600_000,
  });
  return {
    entries: (await service.meta.range('/')).entries,
    ...{ data: service.data, ids, contexts, refreshToken: more[0].refreshToken, keyId: key.id, invitation: token },
    sessions: more.map(({ session }) => session.id),
  };
}

/** What changes something, by its name; each is called a second time where the first one failed. */
const CHANGES: Record<string, (service: AuthService, at: Stand) => Promise<unknown>> = {
  register: ({ auth }) => auth.registerUser({ email: email('new'), password: PASSWORD, invitation: '' }, as()),
  'accept an invitation': ({ auth }, { invitation }) =>
    auth.registerUser({ email: email('new'), password: PASSWORD, invitation }, as()),
  invite: ({ auth }, { contexts }) =>
    auth.inviteUser(
      { email: email('guest'), role: 'read', tenantId: '', newTenant: true, expiresAt: 0n },
      contexts.root,
    ),
  'withdraw an invitation': ({ auth }, { contexts, invitation }) =>
    auth.deleteInvitation({ id: invitation.slice(0, 19) }, contexts.ann),
  login: ({ auth }) => auth.login({ email: email('ann'), password: PASSWORD }, as()),
  refresh: ({ auth }, { refreshToken }) => auth.refreshToken({ refreshToken }),
  logout: ({ auth }, { contexts }) => auth.logout({}, contexts.ann),
  'change the password': ({ auth }, { contexts }) =>
    auth.changePassword({ currentPassword: PASSWORD, newPassword: NEXT }, contexts.ann),
  'reset a password': ({ auth }, { ids, contexts }) => auth.resetPassword({ userId: ids.ann }, contexts.root),
  'give a role': ({ auth }, { ids, contexts }) => auth.setUserRole({ userId: ids.ann, role: 'admin' }, contexts.root),
  'take the role of administrator': ({ auth }, { ids, contexts }) =>
    auth.setUserRole({ userId: ids.other, role: 'read' }, contexts.root),
  'disable an administrator': ({ auth }, { ids, contexts }) =>
    auth.setUserDisabled({ userId: ids.other, disabled: true }, contexts.root),
  'disable an account': ({ auth }, { ids, contexts }) =>
    auth.setUserDisabled({ userId: ids.ann, disabled: true }, contexts.root),
  'change the plan': ({ auth }, { contexts }) => auth.updateUserProfile({ plan: 2 } as never, contexts.root),
  'create a key': ({ auth }, { contexts }) =>
    auth.createApiKey({ name: 'new', role: 'read', collections: [], expiresAt: 0n }, contexts.ann),
  'delete a key': ({ auth }, { contexts, keyId }) => auth.deleteApiKey({ keyPrefix: keyId }, contexts.ann),
  'delete the own account': async ({ internal }, { contexts }) => {
    const { userId } = await internal.beginUserDeletion({ userId: '', password: PASSWORD, heir: '' }, contexts.ann);
    try {
      await internal.finishUserDeletion({ userId, undo: false });
    } catch (error) {
      // As the gateway does.
      await internal.finishUserDeletion({ userId, undo: true });
      throw error;
    }
  },
  'delete an account': async ({ internal }, { ids, contexts }) => {
    const gone = { userId: ids.ann, password: '', heir: '' };
    const known = await internal.beginUserDeletion(gone, contexts.root);
    await internal.finishUserDeletion({ userId: known.userId, undo: false });
  },
  'undo a deletion': async ({ internal }, { ids, contexts }) => {
    await internal.beginUserDeletion({ userId: ids.other, password: '', heir: '' }, contexts.root);
    await internal.finishUserDeletion({ userId: ids.other, undo: true });
  },
};

/** What the accounts, keys, logins and invitations are for who uses them. */
async function seen({ meta, users, authenticator, tokens, sessions, invitations }: AuthService, at: Stand) {
  const works = async (token: string) => (await authenticator.authenticate(token).catch(() => undefined)) !== undefined;
  const all = await users.page('', '', 100);
  const tenants = new Tenants(meta);
  return {
    users: all
      .map(({ email, role, disabled, leaving, mustChangePassword, passwordHash }) => ({
        ...{ email, role, disabled: disabled === true, isLeaving: leaving !== undefined },
        mustChangePassword: mustChangePassword === true,
        isPasswordKept: at.entries.some(({ value }) => value.includes(passwordHash)),
      }))
      .sort((a, b) => (a.email < b.email ? -1 : 1)),
    plans: await Promise.all(NAMES.map(async (name) => (await tenants.byId(at.ids[name]))?.plan)),
    keys: (await meta.range('/auth/keys/')).entries.map(({ value }) => (JSON.parse(value) as ApiKey).name).sort(),
    own: await Promise.all(
      NAMES.map((name) => works(String(at.contexts[name].metadata.get('authorization')[0]).slice('Bearer '.length))),
    ),
    more: await Promise.all(at.sessions.map(async (id) => works((await tokens.sign('login', at.ids.ann, id)).token))),
    refreshed: await Promise.all(at.sessions.map(async (id) => (await sessions.byId(id))?.generation)),
    known: (await meta.range('/auth/known-addresses/')).entries.length,
    logins: (await meta.range('/auth/last-logins/')).entries.length,
    invitations: (await invitations.page('', 100)).map((one) => one.email).sort(),
  };
}

/** Records that do not fit together. */
async function halves({ meta, users, counts }: AuthService): Promise<string[]> {
  const under = async (prefix: string) =>
    (await meta.range(prefix)).entries.map(({ key, value }) => ({ name: key.slice(prefix.length), value }));
  const all = await users.page('', '', 100);
  const found: string[] = [];
  const same = (what: string, is: readonly string[], wanted: readonly string[]) => {
    const [a, b] = [[...is].sort().join(), [...wanted].sort().join()];
    if (a !== b) found.push(`${what}: ${a}, and not ${b}`);
  };
  const owned = async (prefix: string) => (await under(prefix)).map(({ name }) => name);
  const by = <T>(records: readonly { value: string }[], path: (one: T) => string) =>
    records.map(({ value }) => path(JSON.parse(value) as T));
  same(
    'addresses',
    (await under('/auth/emails/')).map(({ name, value }) => `${name}=${value}`),
    all.map(addressOf),
  );
  same(
    'members',
    await owned('/auth/tenant-users/'),
    all.map(({ id, tenantId }) => `${tenantId}/${id}`),
  );
  const tenants = new Map(all.map(({ tenantId }) => [tenantId, 0]));
  for (const { tenantId, leaving } of all) tenants.set(tenantId, (tenants.get(tenantId) ?? 0) + (leaving ? 0 : 1));
  same(
    'tenants',
    by<{ id: string; users: number }>(await under('/auth/tenants/'), (one) => `${one.id}=${one.users}`),
    [...tenants].map(([id, count]) => `${id}=${count}`),
  );
  const keys = await under('/auth/keys/');
  same(
    'keys',
    await owned('/auth/user-keys/'),
    by<ApiKey>(keys, ({ id, userId }) => `${userId}/${id}`),
  );
  same(
    'sessions',
    await owned('/auth/user-sessions/'),
    by<{ id: string; userId: string }>(await under('/auth/sessions/'), ({ id, userId }) => `${userId}/${id}`),
  );
  same(
    'invitations',
    await owned('/auth/tenant-invitations/'),
    by<{ id: string; invitedFrom: string }>(await under('/auth/invitations/'), (one) => `${one.invitedFrom}/${one.id}`),
  );
  const ids = new Set(all.map(({ id }) => id));
  same(
    'keys of nobody',
    by<ApiKey>(keys, ({ userId }) => userId).filter((id) => !ids.has(id)),
    [],
  );
  const totals = await counts.totals();
  same('counts', [String(totals.users), String(totals.keys)], [String(all.length), String(keys.length)]);
  const administrators = all.filter(({ role, disabled }) => role === 'admin' && disabled !== true);
  const listed = (await meta.get('/auth/administrators'))?.value ?? '[]';
  same(
    'administrators',
    JSON.parse(listed) as string[],
    administrators.map(({ id }) => id),
  );
  return found;
}

const addressOf = ({ email, id }: User) => `${email}=${id}`;

beforeAll(async () => {
  stand = await makeStand();
});

describe('a store that is cut off in the middle of a change leaves what was before or after it, or a repetition does', () => {
  const begin = async () => {
    const store = await FailingStore.with(stand.entries);
    const service = await authService({ ...settings, data: stand.data }, store);
    store.transactions = 0;
    return { store, service };
  };

  for (const [name, change] of Object.entries(CHANGES)) {
    it(name, async () => {
      const whole = await begin();
      const before = JSON.stringify(await seen(whole.service, stand));
      await change(whole.service, stand);
      const after = JSON.stringify(await seen(whole.service, stand));
      expect(await halves(whole.service)).toEqual([]);
      const most = whole.store.transactions;
      expect(most).toBeGreaterThan(0);
      const faults: string[] = [];
      for (const when of CUT_OFFS) {
        for (let n = 1; n <= most; n++) {
          const { store, service } = await begin();
          store.failAt(n, when);
          const failure = await change(service, stand).then(
            () => 'none',
            (error) => String(error),
          );
          const where = `${when} transaction ${n} of ${most} (${failure})`;
          faults.push(...(await halves(service)).map((one) => `${where}: ${one}`));
          let now = JSON.stringify(await seen(service, stand));
          if (now === before || now === after) continue;
          const again = await change(service, stand).then(
            () => 'done',
            (error) => String(error),
          );
          now = JSON.stringify(await seen(service, stand));
          faults.push(...(await halves(service)).map((one) => `${where}, repeated: ${one}`));
          if (now !== after) faults.push(`${where}, repeated (${again}): ${now}, and not ${after}`);
        }
      }
      expect(faults).toEqual([]);
    });
  }
});

// Passwords are looked at with the hashes that are stored, not by a login, which would change what is looked at.
it('the password of the stand is the one that is meant', async () => {
  const { users } = await authService({ data: stand.data }, await FailingStore.with(stand.entries));
  expect(await verifyPassword((await users.byEmail(email('ann')))?.passwordHash, PASSWORD)).toBe(true);
});

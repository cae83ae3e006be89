import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { as, authService } from '../../../../test/harness/auth-service.js';
import type { Backends } from '../backends.js';
import { UserDeletion } from './user-deletion.js';

type Tenants = Map<string, string[]>;

/** What the placement driver keeps of collections, as far as deletions go. */
function placementOf(collections: Tenants) {
  return {
    async listCollections({ tenantId }: { tenantId: string }) {
      return { collections: (collections.get(tenantId) ?? []).map((name) => ({ name })) };
    },
    async deleteCollection({ tenantId, name }: { tenantId: string; name: string }) {
      const names = collections.get(tenantId) ?? [];
      if (!names.includes(name)) throw new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
      collections.set(
        tenantId,
        names.filter((one) => one !== name),
      );
      return {};
    },
    async transferCollections({ fromTenantId, toTenantId }: { fromTenantId: string; toTenantId: string }) {
      const [given, own] = [fromTenantId, toTenantId].map((id) => collections.get(id) ?? []);
      const both = given.filter((name) => own.includes(name));
      if (both.length > 0) throw new VectronError('ALREADY_EXISTS', `both have ${both.join(', ')}`);
      collections.set(fromTenantId, []).set(toTenantId, [...own, ...given]);
      return { collections: given };
    },
  };
}

/**
 * An administrator `root`, and `ann`, the only account of a tenant with two collections and a key. The `failing`th call of
 * the deletion to another service fails, before it has done anything or after.
 */
async function situation(failing = 0, after = false) {
  const service = await authService();
  const { users, sessions, tokens, keys } = service;
  const made = async (name: string, role: 'admin' | 'write', tenantId?: string) => {
    const user = await users.create({ email: `${name}@example.org`, passwordHash: '', role, plan: 'FREE', tenantId });
    const { session } = await sessions.begin(user.id);
    return { ...user, context: as((await tokens.sign('login', user.id, session.id)).token) };
  };
  const [root, ann, bob] = [await made('root', 'admin'), await made('ann', 'write'), await made('bob', 'write')];
  const { full } = await keys.create({ userId: ann.id, name: 'k', role: 'write', collections: [], expiresAtMs: 0 });
  const collections: Tenants = new Map([
    [ann.tenantId, ['one', 'two']],
    [bob.tenantId, ['three']],
  ]);
  const calls = { made: 0 };
  const failingOne = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (of, name) => async (request: object, context: object) => {
        calls.made += 1;
        const fails = calls.made === failing;
        const cut = () => new VectronError('UNAVAILABLE', `${String(name)} was cut off`);
        if (fails && !after) throw cut();
        const answer = await (of as Record<string | symbol, (...args: object[]) => Promise<object>>)[name](
          request,
          context,
        );
        if (fails) throw cut();
        return answer;
      },
    });
  const backends = { authInternal: failingOne(service.internal), placement: failingOne(placementOf(collections)) };
  const forgotten: string[] = [];
  const routes = { forget: (tenantId: string, name: string) => forgotten.push(`${tenantId}/${name}`) };
  const deletion = new UserDeletion(backends as unknown as Backends, routes as never);
  const remove = (more: { heir?: string; deleteCollections?: boolean }) =>
    deletion.run({ userId: ann.id, password: '', heir: '', deleteCollections: false, ...more }, root.context);
  return { ...service, made, root, ann, bob, full, collections, calls, forgotten, remove };
}

describe('the deletion of an account', () => {
  it('of several of a tenant leaves the collections, and says so', async () => {
    const { made, ann, collections, remove } = await situation();
    await made('colleague', 'write', ann.tenantId);
    expect(await remove({ deleteCollections: true })).toEqual({
      ...{ deletedCollections: [], handedCollections: [], keptCollections: ['one', 'two'], deletedKeys: 1 },
    });
    expect(collections.get(ann.tenantId)).toEqual(['one', 'two']);
  });

  it('that is the last of its tenant asks for one decision on the collections, and changes nothing without it', async () => {
    const { ann, bob, users, authenticator, full, remove } = await situation();
    const before = await users.byId(ann.id);
    for (const wrong of [{}, { heir: bob.id, deleteCollections: true }]) {
      await expect(remove(wrong)).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        message: expect.stringMatching(/2 collections/),
      });
      expect(await users.byId(ann.id)).toEqual({ ...before, disabled: false });
      expect((await authenticator.authenticate(full)).userId).toBe(ann.id);
    }
  });

  it('hands the collections to the heir, or deletes them, and makes routes of before unused', async () => {
    const handing = await situation();
    expect(await handing.remove({ heir: handing.bob.email })).toMatchObject({
      handedCollections: ['one', 'two'],
      deletedKeys: 1,
    });
    expect(handing.collections.get(handing.bob.tenantId)).toEqual(['three', 'one', 'two']);
    expect(handing.forgotten).toContain(`${handing.ann.tenantId}/one`);
    const deleting = await situation();
    expect(await deleting.remove({ deleteCollections: true })).toMatchObject({
      deletedCollections: ['one', 'two'],
      deletedKeys: 1,
    });
    for (const { users, ann, collections } of [handing, deleting]) {
      expect(await users.byId(ann.id)).toBeUndefined();
      expect(collections.get(ann.tenantId)).toEqual([]);
    }
  });

  it('is undone when the heir has collections of the same names', async () => {
    const { ann, bob, users, collections, remove } = await situation();
    collections.set(bob.tenantId, ['two']);
    await expect(remove({ heir: bob.id })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await users.byId(ann.id)).toMatchObject({ disabled: false });
    expect(collections.get(ann.tenantId)).toEqual(['one', 'two']);
  });

  for (const [what, more] of [
    ['handing', (bobId: string) => ({ heir: bobId })],
    ['deleting', () => ({ deleteCollections: true })],
  ] as const) {
    it(`while ${what} may be cut off at every step, and is completed by the same call`, async () => {
      const whole = await situation();
      await whole.remove(more(whole.bob.id));
      expect(whole.calls.made).toBeGreaterThanOrEqual(4);
      for (let step = 1; step <= whole.calls.made; step += 1) {
        for (const after of [false, true]) {
          const one = await situation(step, after);
          const { users, ann, bob, collections, remove } = one;
          await expect(remove(more(bob.id))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
          const left = await users.byId(ann.id);
          // All of the account, or none of it, and never one that looks alive and is half deleted.
          if (left !== undefined && left.leaving === undefined) expect(left.disabled).not.toBe(true);
          if (left !== undefined) await remove(more(bob.id));
          expect(await users.byId(ann.id)).toBeUndefined();
          expect(collections.get(ann.tenantId)).toEqual([]);
          expect(collections.get(bob.tenantId)).toEqual(what === 'handing' ? ['three', 'one', 'two'] : ['three']);
          expect(await one.keys.count()).toBe(0);
        }
      }
    });
  }
});

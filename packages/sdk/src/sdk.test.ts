import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { auth, type gateway } from '@vectron/proto';
import { answerOf } from '../../../test/harness/answer-of.js';
import { until } from '../../../test/harness/waiting.js';
import { ChangeStream, type ListChanges } from './change-stream.js';
import type { Point, VectronClient } from './index.js';
import { connect, upsertAll } from './index.js';
import { remoteClient } from './remote-client.js';
import { retrying } from './retrying.js';
import type { Transport } from './transport.js';
import { upsertEach } from './upsert-stream.js';

type Sent = { readonly path: string; readonly request: gateway.UpsertRequest };

/** Fails the next calls with these codes, then answers with nothing; keeps what was sent. */
const failing = (codes: string[], sent: Sent[]): Transport => ({
  async call(method, request) {
    sent.push({ path: method.path, request: request as unknown as gateway.UpsertRequest });
    const code = codes.shift();
    if (code !== undefined) throw VectronError.fromWire(code, 'on purpose');
    return answerOf(method);
  },
  close() {},
});
const client = (codes: string[], sent: Sent[], retries: number) =>
  remoteClient(retrying(failing(codes, sent), { retries, timeoutMs: 600_000 }));

/** A client with another upsert, of which its streams are made. */
const streaming = (db: VectronClient, upsert: VectronClient['upsert']): VectronClient => ({
  ...db,
  upsert,
  upsertStream: (name, batches, options) => upsertEach((some) => upsert(name, some), batches, options),
});

const points = (count: number): Point[] => Array.from({ length: count }, (_, n) => ({ id: String(n), vector: [n] }));

it('retries what may pass and not what will fail again', async () => {
  const sent: Sent[] = [];
  await client(['UNAVAILABLE', 'OVERLOADED'], sent, 3).upsert('c', points(1));
  expect(sent).toHaveLength(3);
  await expect(client(['INVALID_ARGUMENT'], sent, 3).upsert('c', points(1))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(sent).toHaveLength(4);
  await expect(client(['UNAVAILABLE', 'UNAVAILABLE'], sent, 1).upsert('c', points(1))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(sent).toHaveLength(6);
});

it('does not repeat what is created once', async () => {
  const sent: Sent[] = [];
  const db = client(Array(8).fill('UNAVAILABLE'), sent, 3);
  const unavailable = { code: 'UNAVAILABLE' };
  await expect(db.createCollection('c', { dimension: 1 })).rejects.toMatchObject(unavailable);
  await expect(db.register('a@example.org', 'password')).rejects.toMatchObject(unavailable);
  await expect(db.inviteUser('b@example.org')).rejects.toMatchObject(unavailable);
  await expect(db.createApiKey('k')).rejects.toMatchObject(unavailable);
  await expect(db.feedback({ collection: 'c', items: [] })).rejects.toMatchObject(unavailable);
  await expect(db.changePassword('old', 'new')).rejects.toMatchObject(unavailable);
  await expect(db.deleteAccount('password')).rejects.toMatchObject(unavailable);
  await expect(db.admin.removeUser('u')).rejects.toMatchObject(unavailable);
  expect(sent.map(({ path }) => path.split('/')[2])).toEqual([
    ...['CreateCollection', 'RegisterUser', 'InviteUser', 'CreateAPIKey', 'SubmitFeedback'],
    ...['ChangePassword', 'DeleteUser', 'RemoveUser'],
  ]);
});

it('fetches accounts page by page, as far as they are read', async () => {
  const asked: object[] = [];
  const pages: Transport = {
    async call(method, request) {
      asked.push(request);
      const users = [0, 1].map((n) => ({ id: `${asked.length}-${n}`, createdAt: 7n }));
      const page = { users, nextPageToken: asked.length < 3 ? `after ${asked.length}` : '' };
      const answer = auth.ListUsersResponse.encode(auth.ListUsersResponse.fromPartial(page)).finish();
      return answerOf(method, answer);
    },
    close() {},
  };
  const ids: string[] = [];
  for await (const { id, createdAt, lastLoginAt } of remoteClient(pages).admin.listUsers({ tenantId: 't' })) {
    expect([createdAt, lastLoginAt]).toEqual([new Date(7_000), undefined]);
    ids.push(id);
  }
  expect(ids).toEqual(['1-0', '1-1', '2-0', '2-1', '3-0', '3-1']);
  const page = { tenantId: 't', pageSize: 0 };
  expect(asked).toEqual(['', 'after 1', 'after 2'].map((pageToken) => ({ ...page, pageToken })));
  for await (const { id } of remoteClient(pages).admin.listUsers()) if (id === '4-0') break;
  expect(asked).toHaveLength(4);
});

it('sends moments as seconds, and refuses what is none', async () => {
  const sent: Sent[] = [];
  const db = client([], sent, 0);
  await db.createApiKey('k', { expiresAt: new Date(5_500) }).catch(() => undefined);
  expect(sent[0].request).toMatchObject({ name: 'k', expiresAt: 5n, collections: [] });
  for (const expiresAt of [new Date(Number.NaN), new Date(0)]) {
    const wrong = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('expiresAt') };
    await expect(db.createApiKey('k', { expiresAt })).rejects.toMatchObject(wrong);
    await expect(db.inviteUser('a@example.org', { expiresAt })).rejects.toMatchObject(wrong);
  }
  expect(sent).toHaveLength(1);
});

it('names a write once, whichever try it is, and each write differently', async () => {
  const sent: Sent[] = [];
  const db = client(['UNAVAILABLE'], sent, 3);
  await db.upsert('c', points(1));
  await db.delete('c', 'a');
  await db.updatePoints('c', { ids: ['a'], set: { n: 1 } });
  await db.deletePoints('c', { ids: ['a'], ifVersion: 3n });
  const names = sent.map(({ request }) => request.origin);
  expect(names.map((name) => name?.sequence)).toEqual([1n, 1n, 2n, 3n, 4n]);
  expect(new Set(names.map((name) => name?.client.toString('hex'))).size).toBe(1);
  expect(names[0]?.client).toHaveLength(16);
  expect(names.every((name) => name?.pendingFrom === name?.sequence)).toBe(true);
});

it('says which of its writes may come again', async () => {
  const sent: Sent[] = [];
  const held: (() => void)[] = [];
  const slow: Transport = {
    call: async (method, request) => {
      sent.push({ path: method.path, request: request as unknown as gateway.UpsertRequest });
      await new Promise<void>((done) => held.push(done));
      return answerOf(method);
    },
    close() {},
  };
  const db = remoteClient(retrying(slow, { retries: 1, timeoutMs: 600_000 }));
  const writes = [db.upsert('c', points(1)), db.upsert('c', points(1))];
  for (const done of held) done();
  await Promise.all(writes);
  const after = db.upsert('c', points(1));
  for (const done of held) done();
  await after;
  expect(sent.map(({ request }) => request.origin?.pendingFrom)).toEqual([1n, 1n, 3n]);
});

it('gives no name to what takes several writes', async () => {
  const sent: Sent[] = [];
  const db = client([], sent, 3);
  await db.updatePoints('c', { filter: { field: 'a', eq: 1 }, set: { n: 1 } });
  await db.deletePoints('c', { filter: { field: 'a', eq: 1 } });
  expect(sent.map(({ request }) => request.origin)).toEqual([undefined, undefined]);
});

it('follows changes with the cursor of the answer before, and tells where to go on', async () => {
  const asked: (string | undefined)[] = [];
  const change = (id: string) => ({ shardId: 1, logIndex: 1n, kind: 'delete' as const, id });
  const pages = [['a', 'b'], [], ['c', 'd']];
  const list: ListChanges = async (_, { cursor }) => {
    asked.push(cursor);
    return { changes: (pages[asked.length - 1] ?? []).map(change), nextCursor: `after-${asked.length}` };
  };
  const stream = new ChangeStream(list, 'c', { cursor: 'before' });
  const seen: string[] = [];
  for await (const { id } of stream) {
    seen.push(id);
    if (id === 'c') break;
  }
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual(['before', 'after-1', 'after-2']);
  // What came with `c` was not taken: it comes again.
  expect(stream.cursor).toBe('after-2');
});

it('batches any number of points, counts every one, and stops at a failure', async () => {
  const sent: Sent[] = [];
  const seen: number[] = [];
  const counting = (codes: string[]): VectronClient => {
    const db = client(codes, sent, 0);
    return streaming(db, async (name, some) => ({ ...(await db.upsert(name, some)), upserted: some.length }));
  };
  const written = await upsertAll(counting([]), 'c', points(1001), {
    batchSize: 10,
    onProgress: ({ upserted }) => seen.push(upserted),
  });
  expect([written, seen.at(-1), sent.length]).toEqual([1001, 1001, 101]);
  expect(new Set(sent.flatMap(({ request }) => request.points.map(({ id }) => id))).size).toBe(1001);
  sent.length = 0;
  await expect(
    upsertAll(counting(['DIMENSION_MISMATCH']), 'c', points(10_000), { batchSize: 10 }),
  ).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' });
  expect(sent.length).toBeLessThan(20);
});

it('cuts batches by their bytes, sends one that the server does not take in halves, and names the point that is too large', async () => {
  const sent: Sent[] = [];
  const db = client([], sent, 0);
  const large = (id: string, length: number) => ({ id, vector: [1, 1], payload: { text: 'x'.repeat(length) } });
  const most = 4_000;
  const strict = streaming(db, async (name, some) => {
    const length = some.reduce((sum, { payload }) => sum + String(payload?.text).length, 0);
    if (length > most) throw new VectronError('PAYLOAD_TOO_LARGE', `at most ${most}`);
    return { ...(await db.upsert(name, some)), upserted: some.length };
  });
  const all = Array.from({ length: 50 }, (_, n) => large(`p${n}`, 1_000));
  expect(await upsertAll(strict, 'c', all, { batchBytes: 3_300, maxInFlight: 1 })).toBe(50);
  expect(Math.max(...sent.map(({ request }) => request.points.length))).toBe(3);
  sent.length = 0;
  const seen: number[] = [];
  const options = {
    batchSize: 16,
    maxInFlight: 1,
    onProgress: ({ upserted }: { upserted: number }) => seen.push(upserted),
  };
  expect(await upsertAll(strict, 'c', all, options)).toBe(50);
  expect(sent.map(({ request }) => request.points.length)).toEqual([...Array(12).fill(4), 2]);
  expect(seen).toEqual([16, 32, 48, 50]);
  expect(sent.flatMap(({ request }) => request.points.map(({ id }) => id))).toEqual(all.map(({ id }) => id));
  await expect(upsertAll(strict, 'c', [all[0], large('huge', 5_000)])).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'point "huge" alone is larger than the server takes in one request: at most 4000',
  });
});

it('throws when nothing is under way any more where the points themselves end with an error', async () => {
  const sent: Sent[] = [];
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const db = client([], sent, 0);
  const slow = streaming(db, async (name, some) => {
    await held;
    return { ...(await db.upsert(name, some)), upserted: some.length };
  });
  let isTorn = false;
  async function* torn() {
    yield* points(20);
    isTorn = true;
    throw new Error('line 21 is torn');
  }
  let hasThrown = false;
  const written = upsertAll(slow, 'c', torn(), { batchSize: 10 }).finally(() => {
    hasThrown = true;
  });
  const refused = expect(written).rejects.toThrow('line 21 is torn');
  await until('the points have ended', () => isTorn);
  // That was seen later than it happened: what could be thrown at once would have been.
  expect(hasThrown).toBe(false);
  answer();
  await refused;
  expect(sent).toHaveLength(2);
});

it('says what an address must look like, and that a server does not answer', async () => {
  expect(() => connect('ftp://x')).toThrow(/must begin with http:\/\/, https:\/\/, grpc:\/\/ or grpcs:\/\//);
  for (const url of ['http://127.0.0.1:1', 'grpc://127.0.0.1:1']) {
    const db = connect(url, { retries: 0 });
    await expect(db.listCollections()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await db.close();
  }
});

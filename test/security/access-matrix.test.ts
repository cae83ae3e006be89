import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, auth, CONTRACT, gateway, workerData } from '@vectron/proto';
import { connect, type VectronClient } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { rest, type System, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { type Access, GRPC_ACCESS, REST_ACCESS } from './access-table.js';

const NONE = ['nobody', 'garbage', 'expired', 'revoked', 'disabled'] as const;
const KNOWN = [
  'stranger',
  'reader',
  'writer',
  'owner',
  'admin',
  'metrics',
  'limited',
  'expiring',
  'unchanged',
] as const;
const CALLERS = [...NONE, ...KNOWN];
type Caller = (typeof CALLERS)[number];
const SERVICES = [gateway.VectronServiceService, auth.AuthServiceService, admin.AdminServiceService];
const PASSWORD = 'correct horse battery';
/** In the form of one, of a collection that is not there any more. */
const CLOSED_SNAPSHOT = `s1.${Buffer.from(
  workerData.SnapshotToken.encode({ collectionId: 'gone', shards: [{ shardId: 1, worker: 1, view: 1n }] }).finish(),
).toString('base64url')}`;
const expectedOf = (access: Access, caller: Caller) =>
  (NONE as readonly Caller[]).includes(caller) ? access.none : access[caller as keyof Access];

describe('every route and RPC, for every kind of caller', () => {
  let system: System;
  let owner: VectronClient;
  let counter = 0;
  const tokens = {} as Record<Caller, string | undefined>;
  let oneTimePassword = '';

  const login = async (email: string, password = PASSWORD) =>
    (await rest(system.http, 'POST', '/v1/users/login', { body: { email, password } })).body.jwtToken as string;
  const register = async (email: string) =>
    (await rest(system.http, 'POST', '/v1/users/register', { body: { email, password: PASSWORD } })).body.user
      .id as string;
  const newKey = async (body: object, by = tokens.owner) =>
    (await rest(system.http, 'POST', '/v1/keys', { key: by, body: { name: 'k', ...body } })).body;
  /** The owner's, new for each cell: what one caller deletes is there for the next. */
  const fresh = async () => {
    const name = `c${++counter}`;
    await owner.createCollection(name, { dimension: 2, distance: 'dot' });
    await owner.upsert(name, [{ id: 'p', vector: [1, 0], payload: { secret: 'canary-of-the-owner' } }]);
    return name;
  };

  beforeAll(async () => {
    system = await startSingle(undefined, [
      '--no-sample',
      ...['--address-max-registrations', '1000', '--max-registrations', '1000'],
      // A collection for each cell.
      ...['--free-max-collections', '0', '--free-max-shards', '0'],
    ]);
    tokens.nobody = undefined;
    tokens.garbage = 'eyJhbGciOiJub25lIn0.e30.';
    tokens.admin = system.adminKey;
    await register('owner@example.org');
    tokens.owner = await login('owner@example.org');
    await register('stranger@example.org');
    tokens.stranger = await login('stranger@example.org');
    await register('victim@example.org');
    owner = connect(system.http, { apiKey: tokens.owner as string });
    tokens.reader = (await newKey({ role: 'read' })).fullKey;
    tokens.writer = (await newKey({ role: 'write' })).fullKey;
    const hour = Math.ceil(Date.now() / 1_000) + 3_600;
    tokens.metrics = (await newKey({ role: 'metrics' }, tokens.admin)).fullKey;
    tokens.limited = (await newKey({ role: 'admin', collections: ['only'] }, tokens.admin)).fullKey;
    tokens.expiring = (await newKey({ role: 'admin', expiresAt: hour }, tokens.admin)).fullKey;
    const newcomer = await register('unchanged@example.org');
    const reset = `/v1/admin/users/${newcomer}/reset-password`;
    oneTimePassword = (await rest(system.http, 'POST', reset, { key: tokens.admin, body: {} })).body.password;
    tokens.unchanged = await login('unchanged@example.org', oneTimePassword);
    const outcast = await register('disabled@example.org');
    tokens.disabled = await login('disabled@example.org');
    await rest(system.http, 'PUT', `/v1/admin/users/${outcast}/disabled`, {
      key: tokens.admin,
      body: { disabled: true },
    });
    const revoked = await newKey({});
    tokens.revoked = revoked.fullKey;
    // Known to the gateway as good before it is revoked.
    const status = async (key?: string) => (await rest(system.http, 'GET', '/v1/collections', { key })).status;
    expect(await status(tokens.revoked)).toBe(200);
    // One that lives for so short that it has expired before its first call is no good here.
    let seconds = 1;
    tokens.expired = await until('a key that is good for a while', async () => {
      seconds *= 2;
      const { fullKey } = await newKey({ expiresAt: Math.ceil(Date.now() / 1_000) + seconds });
      return (await status(fullKey)) === 200 && fullKey;
    });
    await rest(system.http, 'DELETE', `/v1/keys/${revoked.keyInfo.keyPrefix}`, { key: tokens.owner });
    for (const caller of ['expired', 'revoked', 'disabled'] as const) {
      await until(
        `the ${caller} key is refused`,
        () => status(tokens[caller]),
        (seen) => seen === 401,
      );
    }
  });
  afterAll(async () => {
    await owner?.close();
    await system?.stop();
  });

  it('lets a key of any role revoke itself and no other, and the audit log tells so', async () => {
    const hour = Math.ceil(Date.now() / 1_000) + 3_600;
    const wanted: [object, string | undefined][] = [
      [{ role: 'read' }, tokens.owner],
      [{ role: 'write' }, tokens.owner],
      [{ role: 'read', collections: ['only'], expiresAt: hour }, tokens.owner],
      [{ role: 'metrics' }, tokens.admin],
      [{ role: 'admin', collections: ['only'] }, tokens.admin],
    ];
    for (const [body, by] of wanted) {
      const { fullKey: key, keyInfo } = await newKey(body, by);
      const other = (await newKey({ role: 'read' }, by)).keyInfo.keyPrefix;
      const refused = await rest(system.http, 'DELETE', `/v1/keys/${other}`, { key });
      // The admin key for one collection may revoke keys, and none that has more than it has.
      expect([body, refused.status]).toEqual([body, 'role' in body && body.role === 'admin' ? 404 : 403]);
      const foreign = await rest(system.http, 'DELETE', `/v1/keys/${tokens.reader?.slice(0, 15)}`, { key });
      expect([403, 404]).toContain(foreign.status);
      const path = `/v1/keys/${keyInfo.keyPrefix}`;
      expect(await rest(system.http, 'DELETE', path, { key })).toMatchObject({ status: 200, body: { success: true } });
      await until(
        'the key is refused',
        () => rest(system.http, 'GET', '/v1/collections', { key }),
        ({ status }) => status === 401,
      );
      expect((await rest(system.http, 'DELETE', path, { key: by })).status).toBe(404);
      const { entries } = (await rest(system.http, 'GET', '/v1/admin/audit?limit=20', { key: tokens.admin })).body as {
        entries: { action: string; who: string; result: string; target: string }[];
      };
      const told = { action: 'deleteApiKey', who: keyInfo.keyPrefix, target: keyInfo.keyPrefix, result: 'OK' };
      expect(entries).toContainEqual(expect.objectContaining(told));
    }
  });

  /** A login of its own for calls that end it. */
  const ownLogin = async (caller: Caller) => {
    if (caller === 'unchanged') return login('unchanged@example.org', oneTimePassword);
    return caller === 'owner' || caller === 'stranger' ? await login(`${caller}@example.org`) : tokens[caller];
  };

  /** An account to do something to; for who may not, an id is enough. */
  const target = async (isAllowed: boolean) => (isAllowed ? register(`target-${++counter}@example.org`) : 'nobody');

  /** What to send: the owner's things, in a form that is right. */
  async function request(route: string, caller: Caller): Promise<{ path: string; body?: unknown; key?: string }> {
    const [, pattern] = route.split(' ');
    const key = route.endsWith('/logout') ? await ownLogin(caller) : tokens[caller];
    const needsCollection =
      /:collection|:name|\/v1\/(upsert|search|feedback|points\/get|points\/delete|query\/batch|aliases)$/.test(
        pattern,
      ) && expectedOf(REST_ACCESS[route], caller) !== 401;
    const collection = needsCollection ? await fresh() : 'none';
    const ownKey =
      pattern.includes('key_prefix') || pattern.endsWith('sdk-jwt') ? (await newKey({})).keyInfo.keyPrefix : '';
    const path = pattern
      .replace(/:(collection|name)/, collection)
      .replace(':key_prefix', ownKey)
      .replace('users/:user_id', `users/${await target(expectedOf(REST_ACCESS[route], caller) === 200)}`)
      .replace('points/:id', 'points/p')
      .replace(':rule', 'disk')
      .replace(':snapshot', CLOSED_SNAPSHOT)
      .replace(/\/:\w+/g, '/999999');
    const bodies: Record<string, unknown> = {
      'POST /v1/collections': { name: `made-by-${caller}-${++counter}`, dimension: 2 },
      'POST /v1/collections/:collection/points': { points: [{ id: 'q', vector: [0, 1] }] },
      'POST /v1/upsert': { collection, points: [{ id: 'q', vector: [0, 1] }] },
      'POST /v1/collections/:collection/points/search': { vector: [1, 0] },
      'POST /v1/collections/:collection/points/search/batch': { vectors: [[1, 0]] },
      'PUT /v1/collections/:name/settings': { durability: 'fsync' },
      'POST /v1/search': { collection, vector: [1, 0] },
      'POST /v1/points/get': { collection, id: 'p' },
      'POST /v1/points/delete': { collection, id: 'p' },
      'POST /v1/collections/:collection/points/query': { branches: [{ vector: [1, 0] }] },
      'POST /v1/query/batch': { queries: [{ collection, branches: [{ vector: [1, 0] }] }] },
      'POST /v1/collections/:collection/points/facets': { path: 'a' },
      'POST /v1/collections/:collection/points/update': { ids: ['p'], set: { a: 1 } },
      'POST /v1/collections/:collection/points/delete': { ids: ['p'] },
      'POST /v1/collections/:collection/indexes': { index: { path: 'a', type: 'keyword' } },
      'POST /v1/collections/:collection/indexes/delete': { index: { path: 'a', type: 'keyword' } },
      'POST /v1/aliases': { set: [{ alias: `alias-${++counter}`, collection }] },
      'POST /v1/feedback': { collection, feedbackItems: [{ resultId: 'p' }] },
      'POST /v1/users/register': { email: `new-${++counter}@example.org`, password: PASSWORD },
      'POST /v1/users/login': { email: 'victim@example.org', password: PASSWORD },
      'PUT /v1/user/profile': { plan: 'FREE' },
      'POST /v1/user/password': { currentPassword: 'not the password', newPassword: 'another good one' },
      'POST /v1/user/delete': { password: 'not the password' },
      'PUT /v1/admin/users/:user_id/role': { role: 'write' },
      'PUT /v1/admin/users/:user_id/disabled': { disabled: true },
      'POST /v1/invitations': { email: `invited-${++counter}@example.org` },
      'POST /v1/keys': { name: 'made' },
      'POST /v1/sdk-jwt': { apiKeyId: ownKey },
      'PUT /v1/alerts/rules/:rule': { threshold: 0.9 },
      'POST /v1/admin/shards/:shard_id/move': { from: '1', to: '2' },
    };
    const empty = /^(POST|PUT)/.test(route) && bodies[route] === undefined ? {} : undefined;
    return { path, body: bodies[route] ?? empty, key };
  }

  it('has a row for every RPC that a public service serves', () => {
    const served = SERVICES.flatMap((service) => Object.values(service).map(({ path }) => path));
    expect(Object.keys(GRPC_ACCESS).sort()).toEqual(served.sort());
    expect(Object.keys(CONTRACT.services)).toHaveLength(SERVICES.length);
  });

  for (const route of Object.keys(REST_ACCESS)) {
    it(`REST ${route}`, async () => {
      const seen: Record<string, number> = {};
      for (const caller of CALLERS) {
        const { path, body, key } = await request(route, caller);
        if (route.endsWith('/stream')) {
          seen[caller] = await upgrade(path, key);
          continue;
        }
        const answer = await rest(system.http, route.split(' ')[0], path, { key, body });
        seen[caller] = answer.status;
        // A foreign thing is as good as none: its error has nothing of it.
        const foreign = caller === 'stranger' || caller === 'admin';
        if (answer.status >= 400 || (foreign && route.includes('query')))
          expect(JSON.stringify(answer.body)).not.toContain('canary');
      }
      const expected = Object.fromEntries(CALLERS.map((caller) => [caller, expectedOf(REST_ACCESS[route], caller)]));
      expect(seen).toEqual(expected);
    });
  }

  function upgrade(path: string, key: string | undefined): Promise<number> {
    return new Promise((resolve) => {
      const socket = new WebSocket(system.http.replace('http', 'ws') + path, {
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      });
      socket.on('open', () => {
        socket.close();
        resolve(101);
      });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => {});
    });
  }

  for (const path of Object.keys(GRPC_ACCESS)) {
    it(`gRPC ${path}`, async () => {
      const seen: Record<string, string> = {};
      for (const caller of CALLERS) {
        const name = path.split('/')[2];
        const key = name === 'Logout' ? await ownLogin(caller) : tokens[caller];
        seen[caller] = await call(path, await message(name, caller), key);
      }
      const expected = Object.fromEntries(CALLERS.map((caller) => [caller, expectedOf(GRPC_ACCESS[path], caller)]));
      expect(seen).toEqual(expected);
    });
  }

  async function message(name: string, caller: Caller): Promise<object> {
    const ofUser = /^(SetUser|ResetPassword|RemoveUser)/.test(name);
    const isAllowed = ofUser && expectedOf(GRPC_ACCESS[`/vectron.auth.v1.AuthService/${name}`], caller) === 'OK';
    const userId = await target(isAllowed);
    const ofCollection = [
      'DeleteCollection',
      'UpdateCollection',
      'Upsert',
      'UpsertStream',
      'Search',
      'SearchStream',
      'Get',
      'Delete',
      'GetCollectionStatus',
      'SubmitFeedback',
      'ListPoints',
      'ListChanges',
      'OpenSnapshot',
      'CloseSnapshot',
      'Query',
      'QueryBatch',
      'SearchBatch',
      'CountPoints',
      'FacetPoints',
      'MeasureRecall',
      'UpdatePoints',
      'DeletePoints',
      'ListIndexes',
      'CreateIndex',
      'Analyze',
      'DeleteIndex',
      'UpdateAliases',
    ];
    const collection =
      ofCollection.includes(name) && !(NONE as readonly Caller[]).includes(caller) ? await fresh() : 'none';
    const ownKey = /APIKey$|SDKJWT/.test(name) ? (await newKey({})).keyInfo.keyPrefix : '';
    const messages: Record<string, object> = {
      CreateCollection: { name: `grpc-${caller}-${++counter}`, dimension: 2 },
      DeleteCollection: { name: collection },
      UpdateCollection: { name: collection, durability: 'fsync' },
      GetCollectionStatus: { name: collection },
      Upsert: { collection, points: [{ id: 'q', vector: [0, 1] }] },
      UpsertStream: { sequence: 1n, upsert: { collection, points: [{ id: 'q', vector: [0, 1] }] } },
      Search: { collection, vector: [1, 0] },
      SearchStream: { collection, vector: [1, 0] },
      Query: { collection, branches: [{ vector: [1, 0] }] },
      SearchBatch: { collection, vectors: [{ vector: [1, 0] }] },
      QueryBatch: { queries: [{ collection, branches: [{ vector: [1, 0] }] }] },
      FacetPoints: { collection, path: 'a' },
      CloseSnapshot: { collection, snapshot: CLOSED_SNAPSHOT },
      UpdatePoints: { collection, ids: ['p'], set: { a: 1 } },
      DeletePoints: { collection, ids: ['p'] },
      CreateIndex: { collection, index: { path: 'a', type: 'keyword' } },
      DeleteIndex: { collection, index: { path: 'a', type: 'keyword' } },
      UpdateAliases: { set: [{ alias: `grpc-alias-${++counter}`, collection }] },
      SubmitFeedback: { collection, feedbackItems: [{ resultId: 'p' }] },
      UpdateUserProfile: { plan: 1 },
      RegisterUser: { email: `grpc-${++counter}@example.org`, password: PASSWORD },
      Login: { email: 'victim@example.org', password: PASSWORD },
      DeleteUser: { password: 'not the password' },
      ChangePassword: { currentPassword: 'not the password', newPassword: 'another good one' },
      CreateAPIKey: { name: 'k' },
      DeleteAPIKey: { keyPrefix: ownKey },
      CreateSDKJWT: { apiKeyId: ownKey },
      InviteUser: { email: `invited-${++counter}@example.org` },
      DeleteInvitation: { id: 'none' },
      SetUserRole: { userId, role: 'write' },
      SetUserDisabled: { userId, disabled: true },
      ResetPassword: { userId },
      RemoveUser: { userId },
      PutAlertRule: { rule: 'disk', threshold: 0.9 },
      ResolveAlert: { id: 'none' },
      ListAlerts: {},
      DrainWorker: { worker: '999999' },
      RemoveWorker: { worker: '999999' },
      MoveReplica: { shardId: 999_999, from: '1', to: '2' },
      SplitShard: { shardId: 999_999 },
    };
    return messages[name] ?? { collection, id: 'p' };
  }

  async function call(path: string, fields: object, key: string | undefined): Promise<string> {
    const method = SERVICES.flatMap((service) => Object.values(service) as never[]).find(
      (one: { path: string }) => one.path === path,
    ) as never as {
      requestSerialize(value: unknown): Buffer;
      responseDeserialize(bytes: Buffer): unknown;
      requestStream: boolean;
      responseStream: boolean;
    };
    const packages = path.includes('.admin.') ? admin : { ...gateway, ...auth };
    const types = packages as never as Record<string, { fromPartial(fields: object): unknown }>;
    const type = Object.keys(types).find((name) => name.toLowerCase() === requestName(path).toLowerCase()) as string;
    const client = new Client(system.grpc, credentials.createInsecure());
    const metadata = new Metadata();
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
    const sent = types[type].fromPartial(fields);
    try {
      return await new Promise((resolve) => {
        const { requestSerialize, responseDeserialize } = method;
        if (method.requestStream) {
          const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
          // What became of its one message, unless nobody got to look at that.
          let refused = 'OK';
          stream.on('data', ({ outcome }: gateway.UpsertAck) => {
            if (outcome?.$case === 'error') refused = status[outcome.value.code];
          });
          stream.on('error', () => {});
          stream.on('status', ({ code }) => resolve(code === status.OK ? refused : status[code]));
          stream.write(sent);
          stream.end();
          return;
        }
        if (method.responseStream) {
          const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, sent, metadata);
          stream.on('data', () => {});
          stream.on('error', () => {});
          stream.on('status', ({ code }) => resolve(status[code]));
          return;
        }
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, sent, metadata, (error) =>
          resolve(error === null ? 'OK' : status[error.code]),
        );
      });
    } finally {
      client.close();
    }
  }

  const requestName = (path: string) => {
    const name = path.split('/')[2];
    return name === 'UpsertStream' ? 'UpsertBatch' : `${name.replace('SearchStream', 'Search')}Request`;
  };

  it('reflection takes a token, health does not', async () => {
    const { reflectionStatus, healthStatus } = await probes(system.grpc);
    expect([reflectionStatus, healthStatus]).toEqual(['UNAUTHENTICATED', 'OK']);
  });
});

/** Raw calls: the two services that are not ours. */
async function probes(address: string): Promise<{ reflectionStatus: string; healthStatus: string }> {
  const client = new Client(address, credentials.createInsecure());
  const raw = (value: Buffer) => value;
  const healthStatus = await new Promise<string>((resolve) => {
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), (error) =>
      resolve(error === null ? 'OK' : status[error.code]),
    );
  });
  const reflectionStatus = await new Promise<string>((resolve) => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const stream = client.makeBidiStreamRequest(path, raw, raw);
    stream.on('data', () => {});
    stream.on('error', () => {});
    stream.on('status', ({ code }) => resolve(status[code]));
    // list_services
    stream.write(Buffer.from([0x3a, 0x00]));
  });
  client.close();
  return { reflectionStatus, healthStatus };
}

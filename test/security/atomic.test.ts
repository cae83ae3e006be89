import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth, CONTRACT, gateway, type MethodContract } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import Database from 'libsql';
import { rest, type System, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** A call that must be refused, and why. */
interface Refused {
  readonly why: string;
  /** Missing: the first binding of the method. */
  readonly path?: string;
  readonly body?: unknown;
  readonly by?: Caller;
}
type Caller = 'owner' | 'key' | 'reader' | 'narrow' | 'poor' | 'admin' | 'nobody';

const PASSWORD = 'correct horse battery';
const named = (name: string, dimension = 2) => ({ name, dimension });
const base = { dimension: 2, distance: 'dot', shards: 3 };
/** Ids whose points lie in different shards of a collection with three: asserted below. */
const IDS = Array.from({ length: 12 }, (_, at) => `p${at}`);
const points = (wrong: object) => [
  ...IDS.map((id) => ({ id, vector: [9, 9] })),
  { id: 'wrong', vector: [9, 9], ...wrong },
];
const collection = (name: string, more: object) => ({ body: { ...base, name, ...more } });

/** What of the contract changes something: it is no read. */
const changes = ({ admission, access, http }: MethodContract) =>
  admission !== 'read' &&
  admission !== 'watch' &&
  access !== 'internal' &&
  !(http.length > 0 && http.every(({ verb }) => verb === 'GET'));
const CHANGING = Object.entries(CONTRACT.services).flatMap(([service, methods]) =>
  methods.filter(changes).map((method) => ({ key: `${service.split('.').at(-1)}/${method.name}`, method })),
);

/** Reasons for which each is refused. `{kept}` stands for a collection that holds points, `{user}` for its owner. */
const REFUSED: Readonly<Record<string, readonly Refused[]>> = {
  'VectronService/CreateCollection': [
    { why: 'two equal named vectors', ...collection('a1', { namedVectors: [named('title', 2), named('title', 3)] }) },
    { why: 'a named vector twice', ...collection('a2', { namedVectors: [named('title'), named('title')] }) },
    { why: 'a named vector without dimension', ...collection('a3', { namedVectors: [named('ok'), named('bad', 0)] }) },
    { why: 'a named vector without name', ...collection('a4', { namedVectors: [named('ok'), named('')] }) },
    {
      why: 'a named vector of an unknown metric',
      ...collection('a5', { namedVectors: [{ ...named('v'), distance: 'taxi' }] }),
    },
    {
      why: 'a named vector of an unknown form',
      ...collection('a6', { namedVectors: [{ ...named('v'), quantization: 'int3' }] }),
    },
    { why: 'a named vector kept nowhere', ...collection('a7', { namedVectors: [{ ...named('v'), storage: 'tape' }] }) },
    { why: 'a named vector with one link', ...collection('a8', { namedVectors: [{ ...named('v'), hnswM: 1 }] }) },
    {
      why: 'too many named vectors',
      ...collection('a9', { namedVectors: IDS.concat(IDS.map((id) => `${id}x`)).map((id) => named(id)) }),
    },
    {
      why: 'an index of an unknown type',
      ...collection('b1', {
        indexes: [
          { path: 'a', type: 'keyword' },
          { path: 'b', type: 'x' },
        ],
      }),
    },
    {
      why: 'an index of a wrong path',
      ...collection('b2', {
        indexes: [
          { path: 'a', type: 'keyword' },
          { path: 'b..c', type: 'keyword' },
        ],
      }),
    },
    {
      why: 'an index twice',
      ...collection('b3', {
        indexes: [
          { path: 'a', type: 'keyword' },
          { path: 'a', type: 'keyword' },
        ],
      }),
    },
    {
      why: 'a text index in two languages',
      ...collection('b4', {
        indexes: ['english', 'german'].map((language) => ({ path: 'a', type: 'text', language })),
      }),
    },
    {
      why: 'a text index of no language',
      ...collection('b5', { indexes: [{ path: 'a', type: 'text', language: 'klingon' }] }),
    },
    {
      why: 'a language of no text',
      ...collection('b6', { indexes: [{ path: 'a', type: 'keyword', language: 'english' }] }),
    },
    {
      why: 'too many indexes',
      ...collection('b7', { indexes: Array.from({ length: 300 }, (_, at) => ({ path: `f${at}`, type: 'keyword' })) }),
    },
    { why: 'a sparse vector without name', ...collection('c1', { sparseVectors: ['ok', ''] }) },
    { why: 'a sparse vector twice', ...collection('c2', { sparseVectors: ['words', 'words'] }) },
    { why: 'a sparse vector of a long name', ...collection('c3', { sparseVectors: ['ok', 'x'.repeat(300)] }) },
    {
      why: 'too many sparse vectors',
      ...collection('c4', { sparseVectors: Array.from({ length: 100 }, (_, at) => `s${at}`) }),
    },
    {
      why: 'an unknown provider',
      ...collection('d1', { indexes: [{ path: 'a', type: 'keyword' }], embedding: { provider: 'none' } }),
    },
    { why: 'a wrong boost', ...collection('d2', { rerank: { enabled: true, fieldBoosts: { a: -1 } } }) },
    { why: 'more replicas than workers', ...collection('d3', { replicas: 5 }) },
    { why: 'a name that is taken', ...collection('kept', {}) },
    { why: 'a name that is an alias', ...collection('other', {}) },
    { why: 'a key that may only read', by: 'reader', ...collection('d4', {}) },
    { why: 'a key for another collection', by: 'narrow', ...collection('d5', { namedVectors: [named('v')] }) },
    { why: 'as many collections as there may be', by: 'poor', ...collection('d6', { namedVectors: [named('v')] }) },
  ],
  'VectronService/UpdateCollection': [
    {
      why: 'a wrong second setting',
      path: '/v1/collections/kept/settings',
      body: { durability: 'relaxed', rerank: { oversample: 90 } },
    },
    {
      why: 'a wrong third setting',
      path: '/v1/collections/kept/settings',
      body: { durability: 'relaxed', rerank: { enabled: true }, embedding: { provider: 'none' } },
    },
    {
      why: 'a wrong boost',
      path: '/v1/collections/other/settings',
      body: { durability: 'relaxed', rerank: { fieldBoosts: { a: 1e9 } } },
    },
    {
      why: 'a wrong durability',
      path: '/v1/collections/kept/settings',
      body: { rerank: { enabled: true }, durability: 'never' },
    },
    { why: 'an unknown field', path: '/v1/collections/kept/settings', body: { durability: 'relaxed', colour: 'red' } },
    { why: 'nothing', path: '/v1/collections/kept/settings', body: {} },
    {
      why: 'a key that may only read',
      by: 'reader',
      path: '/v1/collections/kept/settings',
      body: { durability: 'relaxed' },
    },
    { why: 'no such collection', path: '/v1/collections/none/settings', body: { durability: 'relaxed' } },
  ],
  'VectronService/DeleteCollection': [
    { why: 'an alias', path: '/v1/collections/other' },
    { why: 'no such collection', path: '/v1/collections/none' },
    { why: 'a key that may only read', by: 'reader', path: '/v1/collections/kept' },
    { why: 'a key for another collection', by: 'narrow', path: '/v1/collections/kept' },
    { why: 'another tenant', by: 'admin', path: '/v1/collections/kept' },
  ],
  'VectronService/UpdateAliases': [
    {
      why: 'a wrong second alias',
      body: {
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: '-', collection: 'kept' },
        ],
      },
    },
    {
      why: 'a collection that is not there',
      body: {
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'n2', collection: 'none' },
        ],
      },
    },
    {
      why: 'an alias twice',
      body: {
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'n1', collection: 'kept' },
        ],
      },
    },
    { why: 'an alias set and deleted', body: { set: [{ alias: 'other', collection: 'second' }], delete: ['other'] } },
    {
      why: 'a deleted alias that is not there',
      body: { set: [{ alias: 'n1', collection: 'kept' }], delete: ['none'] },
    },
    {
      why: 'an alias that is a collection',
      body: {
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'second', collection: 'kept' },
        ],
      },
    },
    {
      why: 'a key for some of the collections',
      by: 'narrow',
      body: { set: [{ alias: 'n1', collection: 'kept' }], delete: ['other'] },
    },
    { why: 'a key that may only read', by: 'reader', body: { set: [{ alias: 'n1', collection: 'kept' }] } },
    {
      why: 'too many',
      body: { set: Array.from({ length: 41 }, (_, at) => ({ alias: `n${at}`, collection: 'kept' })) },
    },
  ],
  'VectronService/Upsert': [
    ...[
      { why: 'a point of another dimension', wrong: { vector: [1] } },
      { why: 'a named vector of another dimension', wrong: { vectors: { title: [1, 2, 3, 4, 5] } } },
      { why: 'a named vector that is not declared', wrong: { vectors: { none: [1, 2] } } },
      { why: 'a named vector that cannot be normalised', wrong: { vectors: { title: [0, 0] } } },
      { why: 'a sparse vector that is not declared', wrong: { sparse: { none: { indices: [1], values: [1] } } } },
      { why: 'a sparse vector of two lengths', wrong: { sparse: { words: { indices: [1, 2], values: [1] } } } },
      { why: 'another version', wrong: { ifVersion: '77' } },
      { why: 'a wrong time to live', wrong: { ttlSeconds: -1 } },
      { why: 'a long id', wrong: { id: 'x'.repeat(600) } },
      { why: 'a wrong payload', wrong: { payload: 'text' } },
      { why: 'a text where nothing embeds', wrong: { vector: undefined, text: 'words' } },
    ].map(({ why, wrong }) => ({ why, path: '/v1/collections/kept/points', body: { points: points(wrong) } })),
    {
      why: 'a wrong origin',
      path: '/v1/collections/kept/points',
      body: { points: points({}), origin: { client: 'AAAA' } },
    },
    {
      why: 'a key that may only read',
      by: 'reader',
      path: '/v1/collections/kept/points',
      body: { points: points({}) },
    },
    {
      why: 'a key for another collection',
      by: 'narrow',
      path: '/v1/collections/kept/points',
      body: { points: points({}) },
    },
    { why: 'no such collection', path: '/v1/collections/none/points', body: { points: points({}) } },
    {
      why: 'more points than there may be',
      path: '/v1/collections/kept/points',
      body: { points: Array.from({ length: 300 }, (_, at) => ({ id: `m${at}`, vector: [1, 1] })) },
    },
  ],
  'VectronService/Delete': [
    { why: 'a long id', path: '/v1/points/delete', body: { collection: 'kept', id: 'x'.repeat(600) } },
    {
      why: 'a wrong origin',
      path: '/v1/points/delete',
      body: { collection: 'kept', id: 'p1', origin: { client: 'AAAA' } },
    },
    { why: 'a key that may only read', by: 'reader', path: '/v1/collections/kept/points/p1' },
    { why: 'another tenant', by: 'admin', path: '/v1/collections/kept/points/p1' },
  ],
  'VectronService/UpdatePoints': [
    { why: 'a wrong later id', body: { ids: [...IDS, 'x'.repeat(600)], set: { a: 1 } } },
    { why: 'another version of one', body: { ids: IDS, ifVersion: '77', set: { a: 1 } } },
    { why: 'a wrong path', body: { ids: IDS, set: { a: 1, 'b..c': 1 } } },
    { why: 'a wrong path by filter', body: { filter: { field: 'n', gte: 0 }, set: { a: 1, 'b..c': 1 } } },
    { why: 'a payload that grows too long', body: { ids: IDS, set: { long: 'x'.repeat(4 << 20) } } },
    { why: 'nothing to change', body: { ids: IDS } },
    { why: 'an empty filter', body: { filter: {}, set: { a: 1 } } },
    { why: 'a filter and a version', body: { filter: { field: 'n', gte: 0 }, ifVersion: '1', set: { a: 1 } } },
    { why: 'a key that may only read', by: 'reader' as const, body: { ids: IDS, set: { a: 1 } } },
  ].map((one) => ({ path: '/v1/collections/kept/points/update', ...one })),
  'VectronService/DeletePoints': [
    { why: 'a wrong later id', body: { ids: [...IDS, ''] } },
    { why: 'another version of one', body: { ids: IDS, ifVersion: '77' } },
    { why: 'an empty filter', body: { filter: {} } },
    { why: 'a wrong filter', body: { filter: { field: 'n', between: 3 } } },
    {
      why: 'a name for several writes',
      body: { filter: { field: 'n', gte: 0 }, origin: { client: 'AAAAAAAAAAAAAAAAAAAAAA==', sequence: '1' } },
    },
    { why: 'a key for another collection', by: 'narrow' as const, body: { ids: IDS } },
  ].map((one) => ({ path: '/v1/collections/kept/points/delete', ...one })),
  'VectronService/CreateIndex': [
    { why: 'a type that is none', body: { index: { path: 'b', type: 'none' } } },
    { why: 'a wrong path', body: { index: { path: 'b..c', type: 'keyword' } } },
    { why: 'another language', body: { index: { path: 'words', type: 'text', language: 'german' } } },
    { why: 'a vector with other settings', body: { namedVector: named('title', 3) } },
    { why: 'two things', body: { index: { path: 'b', type: 'keyword' }, sparseVector: 'more' } },
    { why: 'a key that may only read', by: 'reader' as const, body: { index: { path: 'b', type: 'keyword' } } },
  ].map((one) => ({ path: '/v1/collections/kept/indexes', ...one })),
  'VectronService/DeleteIndex': [
    { why: 'two things', body: { index: { path: 'n', type: 'integer' }, sparseVector: 'words' } },
    { why: 'a type that is none', body: { index: { path: 'n', type: 'none' } } },
    { why: 'a key that may only read', by: 'reader' as const, body: { index: { path: 'n', type: 'integer' } } },
  ].map((one) => ({ path: '/v1/collections/kept/indexes/delete', ...one })),
  'VectronService/SubmitFeedback': [
    { why: 'no such collection', body: { collection: 'none', feedbackItems: [{ resultId: 'p1' }] } },
    {
      why: 'a wrong later item',
      body: { collection: 'kept', feedbackItems: [{ resultId: 'p1' }, { resultId: 'p2', position: 1e12 }] },
    },
    { why: 'another tenant', by: 'admin', body: { collection: 'kept', feedbackItems: [{ resultId: 'p1' }] } },
  ],
  'VectronService/UpdateUserProfile': [{ why: 'a plan that only an administrator gives' }],
  'AuthService/RegisterUser': [
    { why: 'a short password', by: 'nobody', body: { email: 'new@example.org', password: 'short' } },
    { why: 'an address that is taken', by: 'nobody', body: { email: 'owner@example.org', password: PASSWORD } },
    { why: 'no address', by: 'nobody', body: { email: 'nobody', password: PASSWORD } },
  ],
  'AuthService/Login': [{ why: 'no address', by: 'nobody', body: { email: 'nobody', password: 'not the password' } }],
  'AuthService/RefreshToken': [{ why: 'a token that is none', by: 'nobody', body: { refreshToken: 'vr_none' } }],
  'AuthService/Logout': [{ why: 'a key', by: 'key', body: {} }],
  'AuthService/ChangePassword': [
    { why: 'a short password', body: { currentPassword: PASSWORD, newPassword: 'short' } },
    { why: 'another password', body: { currentPassword: 'not the password', newPassword: 'another good one' } },
    { why: 'a key', by: 'key', body: { currentPassword: PASSWORD, newPassword: 'another good one' } },
  ],
  'AuthService/UpdateUserProfile': [{ why: 'a plan that only an administrator gives', body: { plan: 'PAID' } }],
  'AuthService/DeleteUser': [
    { why: 'another password', body: { password: 'not the password' } },
    { why: 'a key', by: 'key', body: { password: PASSWORD } },
  ],
  'AuthService/CreateAPIKey': [
    { why: 'a role that is none', body: { name: 'k', role: 'emperor' } },
    { why: 'a role above the own', body: { name: 'k', role: 'admin' } },
    { why: 'an end that has passed', body: { name: 'k', expiresAt: '1' } },
    { why: 'a key', by: 'key', body: { name: 'k' } },
  ],
  'AuthService/DeleteAPIKey': [
    { why: 'no such key', path: '/v1/keys/vk_AAAAAAAAAAAA' },
    { why: 'a key of another user', by: 'admin', path: '/v1/keys/{key}' },
    { why: 'a key', by: 'key', path: '/v1/keys/{key}' },
  ],
  'AuthService/CreateSDKJWT': [{ why: 'no such key', body: { apiKeyId: 'vk_AAAAAAAAAAAA' } }],
  'AuthService/SetUserRole': [
    { why: 'a role that is none', by: 'admin', path: '/v1/admin/users/{user}/role', body: { role: 'emperor' } },
    { why: 'no administrator', path: '/v1/admin/users/{user}/role', body: { role: 'admin' } },
    { why: 'no such user', by: 'admin', path: '/v1/admin/users/none/role', body: { role: 'read' } },
  ],
  'AuthService/InviteUser': [
    { why: 'no address', body: { email: 'nobody', role: 'write' } },
    { why: 'a role that is none', body: { email: 'new@example.org', role: 'emperor' } },
    { why: 'a key', by: 'key', body: { email: 'new@example.org', role: 'read' } },
  ],
  'AuthService/DeleteInvitation': [{ why: 'no such invitation', path: '/v1/invitations/none' }],
  'AuthService/SetUserDisabled': [
    { why: 'no administrator', path: '/v1/admin/users/{user}/disabled', body: { disabled: true } },
    { why: 'no such user', by: 'admin', path: '/v1/admin/users/none/disabled', body: { disabled: true } },
  ],
  'AuthService/ResetPassword': [
    { why: 'no administrator', path: '/v1/admin/users/{user}/reset-password', body: {} },
    { why: 'no such user', by: 'admin', path: '/v1/admin/users/none/reset-password', body: {} },
  ],
  'AuthService/RemoveUser': [
    { why: 'no administrator', path: '/v1/admin/users/{user}' },
    { why: 'no such user', by: 'admin', path: '/v1/admin/users/none' },
  ],
  'AdminService/ResolveAlert': [
    { why: 'no such alert', by: 'admin', path: '/v1/alerts/none/resolve', body: {} },
    { why: 'no administrator', path: '/v1/alerts/none/resolve', body: {} },
  ],
  'AdminService/PutAlertRule': [
    {
      why: 'a wrong second field',
      by: 'admin',
      path: '/v1/alerts/rules/disk',
      body: { enabled: false, threshold: -1 },
    },
    { why: 'a wrong level', by: 'admin', path: '/v1/alerts/rules/disk', body: { enabled: false, level: 'loud' } },
    { why: 'no such rule', by: 'admin', path: '/v1/alerts/rules/none', body: { enabled: false } },
    { why: 'no administrator', path: '/v1/alerts/rules/disk', body: { enabled: false } },
  ],
  'AdminService/DrainWorker': [
    { why: 'no such worker', by: 'admin', path: '/v1/admin/workers/77/drain', body: {} },
    { why: 'no administrator', path: '/v1/admin/workers/1/drain', body: {} },
  ],
  'AdminService/RemoveWorker': [
    { why: 'a worker that holds shards', by: 'admin', path: '/v1/admin/workers/1' },
    { why: 'no such worker', by: 'admin', path: '/v1/admin/workers/77' },
  ],
  'AdminService/Rebalance': [{ why: 'no administrator', body: {} }],
  'AdminService/MoveReplica': [
    { why: 'a worker that holds it', by: 'admin', path: '/v1/admin/shards/1/move', body: { from: '1', to: '1' } },
    { why: 'no such worker', by: 'admin', path: '/v1/admin/shards/1/move', body: { from: '1', to: '77' } },
    { why: 'no such shard', by: 'admin', path: '/v1/admin/shards/999/move', body: { from: '1', to: '1' } },
  ],
  'AdminService/SplitShard': [
    { why: 'no such shard', by: 'admin', path: '/v1/admin/shards/999/split', body: {} },
    { why: 'no administrator', path: '/v1/admin/shards/1/split', body: {} },
  ],
  'AdminService/RotateSigningKey': [{ why: 'no administrator', body: {} }],
};

describe('a refused request changes nothing', () => {
  let system: System;
  const tokens = {} as Record<Caller, string | undefined>;
  const stand = { user: '', key: '' };
  let feedback: InstanceType<typeof Database>;

  const ok = async (method: string, path: string, by: Caller, body?: unknown) => {
    const answer = await rest(system.http, method, path, { key: tokens[by], body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const account = async (name: Caller) => {
    const body = { email: `${name}@example.org`, password: PASSWORD };
    const { user } = await ok('POST', '/v1/users/register', 'nobody', body);
    tokens[name] = (await ok('POST', '/v1/users/login', 'nobody', body)).jwtToken;
    return user.id as string;
  };

  beforeAll(async () => {
    system = await startSingle(undefined, [
      '--no-sample',
      '--tenant-max-collections',
      '3',
      '--tenant-max-points',
      '200',
      '--rate-limit',
      '100000',
      '--rate-burst',
      '100000',
    ]);
    feedback = new Database(join(system.data, 'gateway', 'gateway.db'), { readonly: true } as never);
    tokens.admin = system.adminKey;
    stand.user = await account('owner');
    await account('poor');
    const schema = {
      indexes: [
        { path: 'n', type: 'integer' },
        { path: 'words', type: 'text', language: 'english' },
      ],
      namedVectors: [{ ...named('title'), distance: 'cosine' }],
      sparseVectors: ['words'],
    };
    for (const name of ['kept', 'second']) await ok('POST', '/v1/collections', 'owner', { ...base, ...schema, name });
    for (const name of ['x1', 'x2', 'x3']) await ok('POST', '/v1/collections', 'poor', { ...base, name, shards: 1 });
    const held = IDS.map((id, n) => ({
      id,
      vector: [n, 1],
      payload: { n, words: 'some words' },
      vectors: { title: [n, 1] },
    }));
    const { shards } = await ok('POST', '/v1/collections/kept/points', 'owner', { points: held });
    expect(shards).toHaveLength(3);
    await ok('POST', '/v1/aliases', 'owner', { set: [{ alias: 'other', collection: 'kept' }] });
    const key = async (body: object) => ok('POST', '/v1/keys', 'owner', body);
    tokens.key = (await key({ name: 'key', role: 'write' })).fullKey;
    tokens.reader = (await key({ name: 'reader', role: 'read' })).fullKey;
    const narrow = await key({ name: 'narrow', role: 'write', collections: ['second'] });
    tokens.narrow = narrow.fullKey;
    stand.key = narrow.keyInfo.keyPrefix;
    await until(
      'the points are counted',
      async () => (await ok('GET', '/v1/collections/kept/status', 'owner')).points,
      (seen) => seen === '12',
    );
  });
  afterAll(async () => {
    feedback?.close();
    await system?.stop();
  });

  /** Everything that anybody can see of the state, but for what moves by itself. */
  async function state(): Promise<unknown> {
    const seen = async (path: string, by: Caller) => {
      const { status, body } = await rest(system.http, 'GET', path, { key: tokens[by] });
      return { path, by, status, body: status < 300 ? still(body) : undefined };
    };
    const of = async (by: Caller) => {
      const { collections } = await ok('GET', '/v1/collections', by);
      const each = (collections as string[])
        .toSorted()
        .flatMap((name) => [
          ...['', '/indexes', '/points?limit=1000&include_vectors=true'].map(
            (what) => `/v1/collections/${name}${what}`,
          ),
        ]);
      return Promise.all(
        ['/v1/aliases', '/v1/keys', '/v1/user/profile', '/v1/invitations', ...each].map((path) => seen(path, by)),
      );
    };
    const system_ = ['workers', 'collections', 'users', 'shards', 'operations'].map((what) => `/v1/admin/${what}`);
    return {
      owner: await of('owner'),
      poor: await of('poor'),
      admin: await Promise.all(
        [
          '/v1/collections',
          '/v1/keys',
          '/v1/alerts/rules',
          '/v1/alerts?status=resolved',
          '/.well-known/jwks.json',
          ...system_,
        ].map((path) => seen(path, 'admin')),
      ),
      works: await Promise.all(
        (['key', 'reader', 'narrow'] as const).map(async (by) => (await seen('/v1/collections', by)).status),
      ),
      feedback: feedback
        .prepare('SELECT (SELECT count(*) FROM feedback) AS feedback, (SELECT count(*) FROM feedback_item) AS items')
        .all(),
    };
  }

  it('has cases for everything that changes something, by the contract', () => {
    expect(Object.keys(REFUSED).sort()).toEqual(CHANGING.map(({ key }) => key).sort());
  });

  for (const { key, method } of CHANGING) {
    it(key, async () => {
      let before = await state();
      const seen: string[] = [];
      for (const { why, path, body, by = 'owner' } of REFUSED[key] ?? []) {
        const asked = (path ?? method.http[0]?.path)?.replace('{user}', stand.user).replace('{key}', stand.key);
        const verb = method.http.find((one) => matches(one.path, asked ?? ''))?.verb ?? method.http[0]?.verb;
        const status =
          asked === undefined
            ? await profileOverGrpc()
            : (await rest(system.http, verb as string, asked, { key: tokens[by], body })).status;
        const refused = status >= 400;
        const after = await state();
        const changed = isDeepStrictEqual(after, before) ? 'nothing is changed' : differences(before, after).join(', ');
        seen.push(`${why}: ${refused ? 'refused' : `answered ${status}`}, ${changed}`);
        // So that each case counts for itself.
        const made = changed === 'nothing is changed' ? '' : (body as { name?: string } | undefined)?.name;
        if (made && key === 'VectronService/CreateCollection') {
          await rest(system.http, 'DELETE', `/v1/collections/${made}`, { key: tokens[by] });
        }
        before = made ? await state() : after;
      }
      expect(seen).toEqual((REFUSED[key] ?? []).map(({ why }) => `${why}: refused, nothing is changed`));
    });
  }

  const profileOverGrpc = async () => {
    const { api, close } = createClient(gateway.VectronServiceService, system.grpc);
    const context = callContext({ authorization: `Bearer ${tokens.owner}`, timeoutMs: 10_000 });
    const answer = await api.updateUserProfile({ plan: auth.Plan.PAID } as never, context).then(
      () => 200,
      () => 400,
    );
    close();
    return answer;
  };
});

/** What moves without a request: measures, log positions and times of heartbeats. */
const MOVES = new Set(
  [
    'points',
    'indexed',
    'ready',
    'indexLag',
    'appliedIndex',
    'committedIndex',
    'term',
    'memoryBytes',
    'diskBytes',
    'diskUsedBytes',
  ]
    .concat([
      'memoryTotalBytes',
      'diskTotalBytes',
      'cpuUsagePercent',
      'queriesPerSecond',
      'lastHeartbeatMs',
      'shards',
      'createdAtMs',
    ])
    .concat(['leads', 'tailPoints', 'replicas', 'leader', 'leaderId', 'healthyReplicas', 'lastUsedAt']),
);

/** A copy without what moves; points themselves are a list, and stay. */
function still(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(still);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, one]) => !MOVES.has(name) || (name === 'points' && Array.isArray(one)),
  );
  return Object.fromEntries(kept.map(([name, one]) => [name, still(one)]));
}

/** Where two states differ. */
function differences(a: unknown, b: unknown, at = ''): string[] {
  if (isDeepStrictEqual(a, b)) return [];
  const isTree = (one: unknown): one is Record<string, unknown> => typeof one === 'object' && one !== null;
  if (!isTree(a) || !isTree(b) || Object.keys(a).length !== Object.keys(b).length) {
    return [`${at} was ${JSON.stringify(a)?.slice(0, 100)} and is ${JSON.stringify(b)?.slice(0, 100)}`];
  }
  return Object.keys(a).flatMap((name) => differences(a[name], b[name], `${at}/${name}`));
}

/** Of a route with `{fields}`. */
const matches = (pattern: string, path: string) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);

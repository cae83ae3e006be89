import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CollectionOptions, open, type Point, type VectronClient } from '@vectron/sdk';
import { tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const IDS = Array.from({ length: 12 }, (_, at) => `p${at}`);
const SETTINGS: CollectionOptions = { dimension: 2, distance: 'dot', shards: 3 };
const vector = (name: string, dimension = 2) => ({ name, dimension });

type Act = (db: VectronClient) => Promise<unknown>;
const creates =
  (name: string, more: Partial<CollectionOptions>): Act =>
  (db) =>
    db.createCollection(name, { ...SETTINGS, ...more });
const upserts =
  (wrong: Partial<Point>): Act =>
  (db) =>
    db.upsert('kept', [...IDS.map((id) => ({ id, vector: [9, 9] })), { id: 'wrong', vector: [9, 9], ...wrong }]);

const REFUSED: Readonly<Record<string, Readonly<Record<string, Act>>>> = {
  createCollection: {
    'two equal named vectors': creates('a1', { namedVectors: [vector('title', 2), vector('title', 3)] }),
    'a named vector without dimension': creates('a2', { namedVectors: [vector('ok'), vector('bad', 0)] }),
    'an index of a wrong path': creates('a3', {
      indexes: [
        { path: 'a', type: 'keyword' },
        { path: 'b..c', type: 'keyword' },
      ],
    }),
    'a text index of no language': creates('a4', { indexes: [{ path: 'a', type: 'text', language: 'klingon' }] }),
    'a sparse vector without name': creates('a5', { sparseVectors: ['ok', ''] }),
    'an unknown provider': creates('a6', { embedding: { provider: 'none' } }),
    'a name that is taken': creates('kept', {}),
    'a name that is an alias': creates('other', {}),
    'more replicas than one': creates('a7', { replicas: 2 }),
  },
  updateCollection: {
    'a wrong second setting': (db) =>
      db.updateCollection('kept', { durability: 'relaxed', embedding: { provider: 'none' } }),
    'a wrong rerank': (db) => db.updateCollection('kept', { durability: 'relaxed', rerank: { enabled: true } }),
    'a wrong durability': (db) =>
      db.updateCollection('kept', { durability: 'never' as 'fsync', embedding: { provider: 'local' } }),
  },
  deleteCollection: {
    'an alias': (db) => db.deleteCollection('other'),
    'no such collection': (db) => db.deleteCollection('none'),
  },
  updateAliases: {
    'a wrong second alias': (db) =>
      db.updateAliases({
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: '-', collection: 'kept' },
        ],
      }),
    'a collection that is not there': (db) =>
      db.updateAliases({
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'n2', collection: 'none' },
        ],
      }),
    'an alias twice': (db) =>
      db.updateAliases({
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'n1', collection: 'kept' },
        ],
      }),
    'an alias set and deleted': (db) =>
      db.updateAliases({ set: [{ alias: 'other', collection: 'kept' }], delete: ['other'] }),
    'an alias that is a collection': (db) =>
      db.updateAliases({
        set: [
          { alias: 'n1', collection: 'kept' },
          { alias: 'kept', collection: 'kept' },
        ],
      }),
    'a deleted alias that is not there': (db) =>
      db.updateAliases({ set: [{ alias: 'n1', collection: 'kept' }], delete: ['none'] }),
  },
  upsert: {
    'a point of another dimension': upserts({ vector: [1] }),
    'a named vector of another dimension': upserts({ vectors: { title: [1, 2, 3] } }),
    'a named vector that is not declared': upserts({ vectors: { none: [1, 2] } }),
    'a sparse vector that is not declared': upserts({ sparse: { none: { indices: [1], values: [1] } } }),
    'another version': upserts({ ifVersion: 77n }),
    'a wrong payload': upserts({ payload: 'text' as never }),
  },
  updatePoints: {
    'another version of one': (db) => db.updatePoints('kept', { ids: IDS, ifVersion: 77n, set: { a: 1 } }),
    'a wrong path': (db) => db.updatePoints('kept', { ids: IDS, set: { a: 1, 'b..c': 1 } }),
    'a wrong later id': (db) => db.updatePoints('kept', { ids: [...IDS, ''], set: { a: 1 } }),
  },
  deletePoints: {
    'another version of one': (db) => db.deletePoints('kept', { ids: IDS, ifVersion: 77n }),
    'an empty filter': (db) => db.deletePoints('kept', { filter: {} as never }),
  },
  createIndex: {
    'another language': (db) => db.createIndex('kept', { path: 'words', type: 'text', language: 'german' }),
    'a vector with other settings': (db) => db.createIndex('kept', { namedVector: vector('title', 3) }),
  },
};

describe('a refused call of an embedded database changes nothing', () => {
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(tempDir('atomic'));
    await db.createCollection('kept', {
      ...SETTINGS,
      indexes: [{ path: 'words', type: 'text', language: 'english' }],
      namedVectors: [vector('title')],
    });
    await db.upsert(
      'kept',
      IDS.map((id, n) => ({ id, vector: [n, 1], payload: { n, words: 'some words' }, vectors: { title: [n, 1] } })),
    );
    await db.updateAliases({ set: [{ alias: 'other', collection: 'kept' }] });
    await until(
      'the text index is built',
      async () => (await db.listIndexes('kept')).indexes[0],
      ({ ready }) => ready,
    );
  });
  afterAll(() => db?.close());

  async function state(): Promise<unknown> {
    const collections = await db.listCollections();
    const { shards } = await db.admin.stats();
    const each = collections.map(async ({ name }) => ({
      settings: (await db.collectionStatus(name)).settings,
      indexes: await db.listIndexes(name),
      points: await db.listPoints(name, { limit: 1_000, includeVectors: true }),
    }));
    return { collections, shards, aliases: await db.listAliases(), each: await Promise.all(each) };
  }

  for (const [method, cases] of Object.entries(REFUSED)) {
    for (const [why, act] of Object.entries(cases)) {
      it(`${method}: ${why}`, async () => {
        const before = await state();
        await expect(act(db)).rejects.toMatchObject({ code: expect.any(String) });
        expect(await state()).toEqual(before);
      });
    }
  }
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { open, type SearchOptions, upsertAll, type VectronClient } from '@vectron/sdk';
import { until } from '../harness/waiting.js';
import { describeClient } from './client.suite.js';
import { describeDataModel } from './data-model.suite.js';
import { describeExactCopy } from './exact-copy.suite.js';
import { describeWords } from './words.suite.js';

describe('Vectron, embedded', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-embedded-'));
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(dir);
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });

  describeClient('embedded', () => db);
  describeDataModel('embedded', () => db);
  describeWords('embedded', () => db);
  describeExactCopy('embedded', () => db);

  it('keeps everything over a close, and the directory to one process', async () => {
    await db.createCollection('kept', { dimension: 8, shards: 3, vectors: { storage: 'mmap' } });
    const vector = (i: number) =>
      Array.from({ length: 8 }, (_, d) => Math.sin(i * (d + 1) * 0.61) + Math.cos(i * i + d));
    const points = Array.from({ length: 2000 }, (_, i) => ({ id: `k${i}`, vector: vector(i), payload: { i } }));
    expect(await upsertAll(db, 'kept', points, { batchSize: 250 })).toBe(2000);
    await expect(open(dir)).rejects.toMatchObject({ code: 'CONFLICT' });
    await until(
      'the index has caught up',
      () => db.collectionStatus('kept'),
      ({ indexLag }) => indexLag === 0,
    );
    const before = await db.search('kept', { vector: vector(700.5), topK: 20 });
    await db.close();
    db = await open(dir);
    const status = await db.collectionStatus('kept');
    expect(status).toMatchObject({ points: 2000, indexLag: 0 });
    expect((await db.search('kept', { vector: vector(700.5), topK: 20 })).hits).toEqual(before.hits);
    expect(await db.listCollections()).toMatchObject([{ name: 'kept', shards: 3, points: 2000 }]);
    await db.deleteCollection('kept');
  });

  it('begins its feed at the oldest change that is kept, and says what is lost, after its log was cut', async () => {
    await db.createCollection('cut', { dimension: 1, distance: 'dot' });
    const { nextCursor: cursor } = await db.listChanges('cut', { from: 'now' });
    // An entry each, of which a close keeps the last thousand.
    for (let batch = 0; batch < 11; batch++) {
      const points = Array.from({ length: 100 }, (_, n) => ({ id: `p${n}`, vector: [batch] }));
      await Promise.all(points.map((point) => db.upsert('cut', [point])));
    }
    const reopened = async () => {
      await db.close();
      db = await open(dir);
      return (await db.listChanges('cut')).changes;
    };
    const oldest = Number(cursor.split('-').at(-1));
    // A close does not wait for the cut that it asks for.
    const changes = await until('the log is cut', reopened, ([first]) => Number(first.logIndex) > oldest);
    const first = changes[0].logIndex;
    const lost = [{ firstLogIndex: expect.any(BigInt), lastLogIndex: first - 1n, shardId: changes[0].shardId }];
    const gone = { code: 'CHANGES_GONE', details: { lost: { shards: lost, cursor: expect.stringMatching(/^c1/) } } };
    await expect(db.listChanges('cut', { cursor })).rejects.toMatchObject(gone);
    for await (const { logIndex } of db.changes('cut', { cursor, onLost: () => {} })) {
      expect(logIndex).toBe(first);
      break;
    }
    await db.deleteCollection('cut');
  });

  it('counts what it holds, and has no other management', async () => {
    await db.createCollection('counted', { dimension: 1, distance: 'dot', shards: 2 });
    await db.upsert('counted', [{ id: 'a', vector: [1] }]);
    expect(await db.admin.stats()).toMatchObject({ collections: 1, shards: 2, points: 1, workers: 0 });
    expect(await db.admin.health()).toEqual({ status: 'ok', services: [], workers: [] });
    const missing: [() => Promise<unknown>, RegExp][] = [
      [() => db.admin.workers(), /no workers/],
      [() => db.admin.splitShard(1), /no workers/],
      [() => db.admin.alerts(), /no alerts/],
      [() => db.admin.auditEntries(), /no audit log/],
      [() => db.admin.slowQueries(), /no list of slow queries/],
      [() => db.admin.setUserRole('x', 'read'), /no users/],
    ];
    for (const [call, message] of missing) {
      await expect(call()).rejects.toMatchObject({
        code: 'UNIMPLEMENTED',
        message: expect.stringMatching(message),
      });
    }
    await db.deleteCollection('counted');
  });

  it('refuses bad input naming it, and what it has not says so', async () => {
    await db.createCollection('strict', { dimension: 2 });
    const wrong: [() => Promise<unknown>, string, string?][] = [
      [() => db.createCollection('strict', { dimension: 2 }), 'COLLECTION_EXISTS'],
      [() => db.createCollection('-x', { dimension: 2 }), 'INVALID_ARGUMENT', 'name'],
      [() => db.createCollection('x', { dimension: 0 }), 'INVALID_ARGUMENT', 'dimension'],
      [() => db.createCollection('x', { dimension: 2, shards: 65 }), 'INVALID_ARGUMENT', 'shards'],
      [() => db.createCollection('x', { dimension: 2, rerank: { enabled: true } }), 'UNIMPLEMENTED'],
      [() => db.upsert('strict', []), 'INVALID_ARGUMENT', 'points'],
      [() => db.upsert('strict', [{ id: '', vector: [1, 2] }]), 'INVALID_ARGUMENT', 'points[0].id'],
      [() => db.upsert('strict', [{ id: 'a', vector: [1] }]), 'DIMENSION_MISMATCH', 'points[0].vector'],
      [() => db.upsert('strict', [{ id: 'a', vector: [1, Number.NaN] }]), 'INVALID_ARGUMENT', 'points[0].vector[1]'],
      [() => db.upsert('strict', [{ id: 'a', vector: [0, 0] }]), 'INVALID_ARGUMENT', 'points[0].vector'],
      [() => db.search('strict', { vector: [1, 2], topK: 10_001 }), 'INVALID_ARGUMENT', 'topK'],
      [
        () => db.search('strict', { vector: [1, 2], likeId: 'a' } as unknown as SearchOptions),
        'INVALID_ARGUMENT',
        'vector',
      ],
      [() => db.search('strict', { likeId: 'a' }), 'POINT_NOT_FOUND'],
      [() => db.search('none', { vector: [1, 2] }), 'COLLECTION_NOT_FOUND'],
      [() => db.listPoints('strict', { limit: 1001 }), 'INVALID_ARGUMENT', 'limit'],
      [() => db.login('a@example.org', 'password'), 'UNIMPLEMENTED'],
      [() => db.inviteUser('a@example.org'), 'UNIMPLEMENTED'],
      [() => db.deleteAccount('password'), 'UNIMPLEMENTED'],
      [() => db.admin.listUsers()[Symbol.asyncIterator]().next(), 'UNIMPLEMENTED'],
      [() => db.admin.removeUser('u'), 'UNIMPLEMENTED'],
    ];
    for (const [call, code, field] of wrong) {
      const details = field === undefined ? {} : { details: { field } };
      await expect(call()).rejects.toMatchObject({ code, ...details });
    }
    expect((await db.collectionStatus('strict')).points).toBe(0);
    await db.deleteCollection('strict');
  });
});

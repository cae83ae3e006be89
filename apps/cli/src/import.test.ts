import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { open, type Point, type VectronClient } from '@vectron/sdk';
import { type Filling, fillNew } from './filling.js';
import { row } from './import/npy.js';
import { loadDataset } from './sample.js';
import { readSnapshot, snapshotLines, writeJsonl } from './snapshot-file.js';

afterEach(() => {
  jest.restoreAllMocks();
});

const dir = mkdtempSync(join(tmpdir(), 'vectron-import-'));
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};
it('holds a sample whose stated neighbours are its nearest points', () => {
  const { vectors, queries, neighbours, payloads } = loadDataset();
  expect([vectors.rows, vectors.columns, payloads.length, queries.rows]).toEqual([20_000, 384, 20_000, 500]);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const query = row(queries, 0);
  const similarity = (at: number) =>
    dot(row(vectors, at), query) / Math.sqrt(dot(row(vectors, at), row(vectors, at)) * dot(query, query));
  const stated = Array.from(row(neighbours, 0).subarray(0, 10));
  const worst = Math.min(...stated.map(similarity));
  const every = Array.from({ length: vectors.rows }, (_, at) => at);
  const closer = every.filter((at) => !stated.includes(at) && similarity(at) > worst + 1e-6);
  expect(closer).toEqual([]);
});

it('reads back a snapshot, and refuses one that was cut off or changed', async () => {
  const path = join(dir, 'papers.snapshot');
  const now = Date.now();
  jest.spyOn(Date, 'now').mockReturnValue(now);
  const expiresAt = new Date(now + 60_000);
  const stored = [
    { id: 'a', vector: new Float32Array([1, 2.5]), payload: { n: 1 }, version: 7n, expiresAt },
    { id: 'b', vector: new Float32Array([3, 4]), payload: {}, version: 8n, vectors: { t: new Float32Array([0.5]) } },
  ];
  const settings = { dimension: 2, distance: 'dot', indexes: [{ path: 'n', type: 'integer' }] } as const;
  const points = (async function* () {
    yield* stored;
  })();
  const shards = [{ shardId: 4, logIndex: 9_007_199_254_740_993n }];
  const moment = { shards, cursor: 'c1.x.4-9007199254740994', aliases: ['docs'] };
  await writeJsonl(path, snapshotLines({ collection: 'papers', settings, moment }, points));
  const read = async (from: string) => {
    const snapshot = await readSnapshot(from);
    const found: Point[] = [];
    for await (const point of snapshot.points) found.push(point);
    return { ...snapshot.header, found };
  };
  const { collection, settings: again, found, moment: kept } = await read(path);
  expect({ collection, again, kept }).toEqual({ collection: 'papers', again: settings, kept: moment });
  expect(found).toEqual([
    { id: 'a', vector: [1, 2.5], payload: { n: 1 }, ttlSeconds: 60 },
    { id: 'b', vector: [3, 4], payload: {}, vectors: { t: [0.5] } },
  ]);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const torn = (kept: string[]) => read(file('torn.snapshot', `${kept.join('\n')}\n`));
  await expect(torn(lines.slice(0, -1))).rejects.toThrow('ends after 2 points');
  await expect(torn([lines[0], lines[1], lines[3]])).rejects.toThrow('holds 1 points, and 2 were written');
  await expect(torn([lines[0], lines[1].slice(0, -4)])).rejects.toThrow('not JSON');
  await expect(torn(lines.slice(1))).rejects.toThrow('no snapshot of version 1');
  await expect(read(join(dir, 'nowhere'))).rejects.toThrow('nowhere: cannot be read');
});

describe('a collection that is made for a file', () => {
  const settings = { dimension: 2, distance: 'dot' } as const;
  const good = (count: number) =>
    Array.from({ length: count }, (_, at) => JSON.stringify({ id: `p${at}`, vector: [at, 1] }));
  async function* points(lines: string[]) {
    for (const line of lines) yield JSON.parse(line) as Point;
  }
  const ways = { import: true, 'restore or copy': false };
  let db: VectronClient;
  beforeEach(async () => {
    db = await open(mkdtempSync(join(tmpdir(), 'vectron-fill-')));
  });
  afterEach(() => db.close());
  const names = async () => (await db.listCollections()).map(({ name }) => name);
  /** What is said of the refusal. */
  const refusal = async (filling: Omit<Filling, 'what'>, through = db) =>
    fillNew(through, 'c', settings, { ...filling, what: 'filling' }).then(
      () => 'filled',
      (error) => `${error.code}: ${error.message}`,
    );

  for (const [way, keepsParts] of Object.entries(ways)) {
    it(`is gone again when the first batch is refused, or the file cannot be read (${way})`, async () => {
      const wrong = JSON.stringify({ id: 'x', vector: [1, 2, 3] });
      const gone = /the collection c, which was made for it, was deleted again$/;
      expect(await refusal({ points: points([wrong]), keepsParts })).toMatch(gone);
      expect(await names()).toEqual([]);
      expect(await refusal({ points: points([...good(3), '{']), keepsParts })).toMatch(gone);
      expect(await names()).toEqual([]);
      expect(await refusal({ points: points(good(3)), keepsParts })).toBe('filled');
      expect((await db.count('c')).count).toBe(3);
    });
  }

  it('keeps what was acknowledged of an import, and nothing of a restore or copy', async () => {
    const lines = [...good(300), JSON.stringify({ id: 'x', vector: [1, 2, 3] })];
    const halfway = { batchSize: 10 };
    expect(await refusal({ ...halfway, points: points(lines), keepsParts: true })).toMatch(
      /DIMENSION_MISMATCH: .*; 300 points were acknowledged before and stay in c$/,
    );
    expect((await db.count('c')).count).toBe(300);
    await db.deleteCollection('c');
    expect(await refusal({ ...halfway, points: points(lines) })).toMatch(/was deleted again$/);
    expect(await names()).toEqual([]);
  });

  it('stays when it is another one by then, or somebody else has written into it', async () => {
    const lines = ['{'];
    async function* replaced() {
      await db.deleteCollection('c');
      await db.createCollection('c', settings);
      yield* points(lines);
    }
    expect(await refusal({ points: replaced() })).toMatch(/is another one than was made for it, and stays$/);
    expect(await names()).toEqual(['c']);
    await db.deleteCollection('c');
    async function* shared() {
      await db.upsert('c', [{ id: 'other', vector: [1, 2] }]);
      yield* points(lines);
    }
    expect(await refusal({ points: shared(), keepsParts: true })).toMatch(/there are points in c, which stays$/);
    expect((await db.count('c')).count).toBe(1);
  });

  it('is named when it cannot be deleted again', async () => {
    const stuck: VectronClient = {
      ...db,
      createCollection: (name, options) => db.createCollection(name, options),
      collectionStatus: (name) => db.collectionStatus(name),
      upsert: (name, some) => db.upsert(name, some),
      deleteCollection: () => Promise.reject(new VectronError('UNAVAILABLE', 'the server is away')),
    };
    expect(await refusal({ points: points(['{']) }, stuck)).toMatch(
      /; the collection c, which was made for it, may still be there: the server is away$/,
    );
  });
});

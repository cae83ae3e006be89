import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { open, type Point, type VectronClient } from '@vectron/sdk';
import { type Dump, type DumpOptions, dumpSource } from './dump-sources.js';
import { type Filling, fillNew } from './filling.js';
import { openImport } from './import-sources.js';
import { parseNpy, row } from './npy.js';
import { writeParquet } from './parquet.js';
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
const all = async (path: string) => {
  const points: Point[] = [];
  for await (const point of (await openImport(path)).points)
    points.push({ ...point, vector: Array.from(point.vector ?? []) });
  return points;
};
function npy(type: string, shape: string, data: Buffer): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length + 1, 0]);
  return Buffer.concat([start, Buffer.from(`${header}\n`), data]);
}

it('reads .npy of every kind, halves exactly', async () => {
  // 1, -2, 0.5, 65504 (largest), 2^-24 (smallest), infinity as IEEE 754 halves.
  const halves = Buffer.from(new Uint16Array([0x3c00, 0xc000, 0x3800, 0x7bff, 0x0001, 0x7c00]).buffer);
  expect(Array.from(parseNpy(npy('<f2', '2, 3', halves)).values)).toEqual([1, -2, 0.5, 65504, 2 ** -24, Infinity]);
  const floats = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer);
  expect(await all(file('a.npy', npy('<f4', '2, 2', floats)))).toEqual([
    { id: '0', vector: [1, 2] },
    { id: '1', vector: [3, 4] },
  ]);
  expect(() => parseNpy(npy('<f4', '3, 2', floats))).toThrow('ends early');
  expect(() => parseNpy(npy('<c8', '1, 1', floats))).toThrow('<c8');
  expect(() => parseNpy(Buffer.from('no array'))).toThrow('not a .npy file');
});

it('reads .fvecs and refuses a torn one', async () => {
  const bytes = Buffer.alloc(24);
  for (const [at, value] of [2, 0, 0, 2, 0, 0].entries()) if (value) bytes.writeInt32LE(value, at * 4);
  bytes.writeFloatLE(1.5, 4);
  bytes.writeFloatLE(-1, 20);
  expect(await all(file('a.fvecs', bytes))).toEqual([
    { id: '0', vector: [1.5, 0] },
    { id: '1', vector: [0, -1] },
  ]);
  await expect(openImport(file('torn.fvecs', bytes.subarray(0, 20)))).rejects.toThrow('no .fvecs file');
});

it('reads .jsonl and names the line that is wrong', async () => {
  expect(await all(file('a.jsonl', '{"id":"x","vector":[1],"payload":{"a":1}}\n\n{"id":"y","vector":[2]}\n'))).toEqual([
    { id: 'x', vector: [1], payload: { a: 1 } },
    { id: 'y', vector: [2] },
  ]);
  await expect(all(file('b.jsonl', '{"id":"x","vector":[1]}\n{"id":'))).rejects.toThrow('b.jsonl:2 is not JSON');
  await expect(all(file('c.jsonl', '{"id":1,"vector":[1]}'))).rejects.toThrow('c.jsonl:1: a point has');
  await expect(openImport('a.csv')).rejects.toThrow('.jsonl, .parquet, .npy and .fvecs');
});

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

it('reads back what it wrote as Parquet', async () => {
  const path = join(dir, 'out.parquet');
  const points = [
    { id: 'a', vector: new Float32Array([1, 2.5]), payload: { n: 1, deep: { list: [1, 'x', null] } }, version: 7n },
    {
      id: 'ü',
      vector: new Float32Array([-1, 0]),
      payload: {},
      version: 8n,
      sparse: { s: { indices: [3], values: [0.5] } },
      vectors: { title: new Float32Array([0.25]) },
    },
  ];
  await writeParquet(
    path,
    (async function* () {
      yield* points;
    })(),
  );
  expect(await all(path)).toEqual([
    { id: 'a', vector: [1, 2.5], payload: points[0].payload },
    { id: 'ü', vector: [-1, 0], payload: {}, sparse: points[1].sparse, vectors: { title: [0.25] } },
  ]);
  const failing = (async function* () {
    yield points[0];
    throw new Error('the server went away');
  })();
  await expect(writeParquet(join(dir, 'half.parquet'), failing)).rejects.toThrow('went away');
  expect(existsSync(join(dir, 'half.parquet')) || existsSync(join(dir, 'half.parquet.partial'))).toBe(false);
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

const dumped = async (kind: Dump, name: string, content: string, options: DumpOptions = {}) => {
  const points: Point[] = [];
  for await (const point of dumpSource(kind, file(name, content), options).points) points.push(point);
  return points;
};

it('reads what Qdrant scrolls', async () => {
  const page = {
    result: {
      points: [
        { id: 1, payload: { a: 1 }, vector: [1, 2] },
        { id: 'x', payload: null, vector: { t: [3, 4] } },
      ],
    },
  };
  const one = { id: 9, vector: { t: [5, 6], u: [7] } };
  expect(
    await dumped('qdrant', 'q.jsonl', `${JSON.stringify(page)}\n${JSON.stringify(one)}\n`, { vector: 't' }).catch(
      String,
    ),
  ).toEqual([
    { id: '1', vector: [1, 2], payload: { a: 1 } },
    { id: 'x', vector: [3, 4], payload: {} },
    { id: '9', vector: [5, 6], payload: {} },
  ]);
  await expect(dumped('qdrant', 'q2.jsonl', JSON.stringify(one))).rejects.toThrow('choose one of the vectors t, u');
  await expect(dumped('qdrant', 'q3.jsonl', '{"id": 1}')).rejects.toThrow('with_vector');
});

it('reads what Chroma gets', async () => {
  const dump = {
    ids: ['a', 'b'],
    embeddings: [
      [1, 2],
      [3, 4],
    ],
    metadatas: [{ k: 1 }, null],
    documents: ['text', null],
  };
  expect(await dumped('chroma', 'c.json', JSON.stringify(dump))).toEqual([
    { id: 'a', vector: [1, 2], payload: { k: 1, document: 'text' } },
    { id: 'b', vector: [3, 4], payload: {} },
  ]);
  await expect(async () => dumped('chroma', 'c2.json', '{"ids": ["a"]}')).rejects.toThrow('as many embeddings');
});

it('reads what pg_dump writes of a pgvector table', async () => {
  const rows = '1\tone\\ttab\t[1,2]\t2.50\tt\t{"a": 1}\n2\t\\N\t[3,4]\t7\tf\t\\N\n\\.';
  const other = 'COPY public.other (id, v) FROM stdin;\n1\t[9]\n\\.';
  const text = `--\n\nCOPY public.items (id, "title", embedding, price, ok, meta) FROM stdin;\n${rows}\n`;
  expect(await dumped('pgvector', 'p.sql', text)).toEqual([
    { id: '1', vector: [1, 2], payload: { title: 'one\ttab', price: '2.50', ok: true, meta: { a: 1 } } },
    { id: '2', vector: [3, 4], payload: { title: null, price: 7, ok: false, meta: null } },
  ]);
  await expect(dumped('pgvector', 'p2.sql', `${text}${other}`)).rejects.toThrow('--table');
  expect((await dumped('pgvector', 'p3.sql', `${text}${other}`, { table: 'other' }))[0].vector).toEqual([9]);
  await expect(dumped('pgvector', 'p4.sql', 'nothing')).rejects.toThrow('no table with rows');
});

describe('a collection that is made for a file', () => {
  const settings = { dimension: 2, distance: 'dot' } as const;
  const good = (count: number) =>
    Array.from({ length: count }, (_, at) => JSON.stringify({ id: `p${at}`, vector: [at, 1] }));
  const points = async (lines: string[]) => (await openImport(file('points.jsonl', lines.join('\n')))).points;
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
      expect(await refusal({ points: await points([wrong]), keepsParts })).toMatch(gone);
      expect(await names()).toEqual([]);
      expect(await refusal({ points: await points([...good(3), '{']), keepsParts })).toMatch(gone);
      expect(await names()).toEqual([]);
      expect(await refusal({ points: await points(good(3)), keepsParts })).toBe('filled');
      expect((await db.count('c')).count).toBe(3);
    });
  }

  it('keeps what was acknowledged of an import, and nothing of a restore or copy', async () => {
    const lines = [...good(300), JSON.stringify({ id: 'x', vector: [1, 2, 3] })];
    const halfway = { batchSize: 10 };
    expect(await refusal({ ...halfway, points: await points(lines), keepsParts: true })).toMatch(
      /DIMENSION_MISMATCH: .*; 300 points were acknowledged before and stay in c$/,
    );
    expect((await db.count('c')).count).toBe(300);
    await db.deleteCollection('c');
    expect(await refusal({ ...halfway, points: await points(lines) })).toMatch(/was deleted again$/);
    expect(await names()).toEqual([]);
  });

  it('stays when it is another one by then, or somebody else has written into it', async () => {
    const lines = ['{'];
    async function* replaced() {
      await db.deleteCollection('c');
      await db.createCollection('c', settings);
      yield* await points(lines);
    }
    expect(await refusal({ points: replaced() })).toMatch(/is another one than was made for it, and stays$/);
    expect(await names()).toEqual(['c']);
    await db.deleteCollection('c');
    async function* shared() {
      await db.upsert('c', [{ id: 'other', vector: [1, 2] }]);
      yield* await points(lines);
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
    expect(await refusal({ points: await points(['{']) }, stuck)).toMatch(
      /; the collection c, which was made for it, may still be there: the server is away$/,
    );
  });
});

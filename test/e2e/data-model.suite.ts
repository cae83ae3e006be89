import { describe, expect, it } from '@jest/globals';
import { type Filter, type Point, type QueryBranch, type VectronClient, VectronError, where } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

const { field, and, or, not, hasId, nested } = where;

/** 240 points in three colours on a line, with everything a filter can ask for. */
const COLOURS = ['red', 'green', 'blue'] as const;
const points: Point[] = Array.from({ length: 240 }, (_, n) => ({
  id: `p${String(n).padStart(3, '0')}`,
  vector: [n, 1],
  payload: {
    n,
    colour: COLOURS[n % 3],
    price: n / 4,
    even: n % 2 === 0,
    at: new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString(),
    place: { lat: 48 + n / 100, lon: n < 120 ? 179 : -179 },
    text: n % 10 === 0 ? `Mail servers number ${n}` : 'a quiet library',
    tags: n % 4 === 0 ? ['one', 'two'] : ['three'],
    parts: [
      { kind: 'a', size: n },
      { kind: 'b', size: 1000 },
    ],
    ...(n % 5 === 0 ? { note: null } : {}),
  },
}));
type Document = {
  n: number;
  colour: string;
  price: number;
  even: boolean;
  at: string;
  text: string;
  tags: string[];
  place: { lat: number; lon: number };
};
const documents = points.map(({ payload }) => payload as unknown as Document);

/** Each filter with what it means. */
const FILTERS: [string, Filter, (document: Document) => boolean][] = [
  ['eq', field('colour').eq('red'), ({ colour }) => colour === 'red'],
  ['eq number', field('price').eq(2), ({ price }) => price === 2],
  ['in', field('n').in(1, 2, 999), ({ n }) => n === 1 || n === 2],
  ['not in', field('colour').notIn('red', 'green'), ({ colour }) => colour === 'blue'],
  ['bool', field('even').eq(true), ({ even }) => even],
  ['range', field('n').range({ gt: 10, lte: 20 }), ({ n }) => n > 10 && n <= 20],
  [
    'datetime',
    field('at').datetime({ gte: '2026-01-03', lt: new Date('2026-01-04T02:00:00+02:00') }),
    ({ at }) => at >= '2026-01-03' && at < '2026-01-04',
  ],
  [
    'datetime in other forms',
    field('at').datetime({ gte: '2026-01-03 00:00:00+00', lt: 'Sun, 04 Jan 2026 00:00:00 GMT' }),
    ({ at }) => at >= '2026-01-03' && at < '2026-01-04',
  ],
  ['box over the 180th meridian', box(48.5, 49.5), ({ place: { lat } }) => lat >= 48.5 && lat <= 49.5],
  [
    'radius',
    field('place').within({ lat: 48, lon: 179 }, 11_000),
    ({ place: { lat, lon } }) => lon === 179 && lat < 48.099,
  ],
  ['prefix', field('colour').startsWith('gr'), ({ colour }) => colour === 'green'],
  ['text', field('text').hasWords('SERVERS mail'), ({ text }) => text.startsWith('Mail')],
  ['a list', field('tags').eq('two'), ({ tags }) => tags.includes('two')],
  ['exists', field('missing').exists(), () => false],
  ['not exists', field('missing').exists(false), () => true],
  ['null', field('note').isNull(), ({ n }) => n % 5 === 0],
  ['a path through a list', field('parts.size').eq(7), ({ n }) => n === 7],
  [
    'nested: one object meets both',
    nested('parts', and(field('kind').eq('b'), field('size').range({ lt: 100 }))),
    () => false,
  ],
  ['ids', hasId('p003', 'p005', 'none'), ({ n }) => n === 3 || n === 5],
  [
    'and, or, not',
    and(or(field('colour').eq('red'), field('even').eq(true)), not(field('n').range({ lt: 200 }))),
    ({ colour, even, n }) => (colour === 'red' || even) && n >= 200,
  ],
];

function box(south: number, north: number): Filter {
  return field('place').inBox({ north, south, west: 178, east: -178 });
}

const idsOf = (passes: (document: Document) => boolean) =>
  points.filter((_, n) => passes(documents[n])).map(({ id }) => id);

async function allIds(db: VectronClient, name: string, filter: Filter, limit = 37): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await db.listPoints(name, { limit, cursor, filter });
    ids.push(...page.points.map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor === undefined) return ids;
  }
}

async function ready(db: VectronClient, name: string): Promise<void> {
  await until(
    'the indexes are ready',
    () => db.listIndexes(name),
    ({ indexes }) => indexes.every((index) => index.ready),
  );
}

/** Filters, indexes, queries and changes, wherever the database runs. */
export function describeDataModel(home: string, client: () => VectronClient): void {
  describe(`the data model, ${home}`, () => {
    it('finds by every filter what it means, with and without indexes', async () => {
      const db = client();
      const name = `filters-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      expect(await db.listIndexes(name)).toEqual({ indexes: [], sparseVectors: [], namedVectors: [] });
      expect(await db.facets(name, 'colour')).toEqual({ values: [], more: false, unindexed: true });
      await db.upsert(name, points);
      const check = async () => {
        for (const [what, filter, passes] of FILTERS) {
          const expected = idsOf(passes);
          const found = await db.search(name, { vector: [0, 1], topK: 240, filter });
          expect([what, found.hits.map(({ id }) => id)]).toEqual([what, expected]);
          expect([what, await allIds(db, name, filter)]).toEqual([what, expected]);
          expect([what, await db.count(name, { filter })]).toMatchObject([
            what,
            { count: expected.length, exact: true },
          ]);
        }
      };
      await check();
      expect((await db.count(name, { filter: field('n').eq(1) })).unindexed).toBe(true);
      const types = { n: 'integer', price: 'float', even: 'bool', at: 'datetime', place: 'geo', text: 'text' } as const;
      for (const [path, type] of Object.entries({ ...types, colour: 'keyword', tags: 'keyword' } as const)) {
        expect(await db.createIndex(name, { path, type })).toBe(true);
        expect(await db.createIndex(name, { path, type })).toBe(false);
      }
      await ready(db, name);
      expect(await db.count(name, { filter: field('n').eq(1) })).toEqual({ count: 1, exact: true, unindexed: false });
      await check();
      expect(await db.deleteIndex(name, { path: 'n', type: 'integer' })).toBe(true);
      expect((await db.count(name, { filter: field('n').eq(1) })).unindexed).toBe(true);
      await db.deleteCollection(name);
    });

    it('takes an empty filter for all on reads, and refuses it on changes', async () => {
      const db = client();
      const name = `empty-${home}`;
      await db.createCollection(name, { dimension: 2, shards: 2 });
      await db.upsert(name, [
        { id: 'a', vector: [1, 1], payload: { n: 1 } },
        { id: 'b', vector: [1, 2], payload: { n: 2 } },
      ]);
      const asked = { filter: {} as Filter };
      expect((await db.count(name, asked)).count).toBe(2);
      expect((await db.search(name, { vector: [1, 1], ...asked })).hits).toHaveLength(2);
      expect((await db.listPoints(name, asked)).points).toHaveLength(2);
      expect((await db.facets(name, 'n', asked)).values).toHaveLength(2);
      const branches = [{ vector: [1, 1], ...asked }, { likeId: 'b' }];
      expect((await db.query(name, { branches, ...asked })).hits).toHaveLength(2);
      for (const empty of [{}, { all: [] }, { all: [{ all: [] }] }] as Filter[]) {
        const refused = { code: 'INVALID_ARGUMENT', message: expect.stringContaining('chooses every point') };
        await expect(db.deletePoints(name, { filter: empty })).rejects.toMatchObject(refused);
        await expect(db.updatePoints(name, { filter: empty, set: { n: 3 } })).rejects.toMatchObject(refused);
      }
      expect((await db.count(name)).count).toBe(2);
      await db.deleteCollection(name);
    });

    it('refuses a wrong filter with the place of what is wrong', async () => {
      const db = client();
      const name = `wrong-${home}`;
      await db.createCollection(name, { dimension: 2, indexes: [{ path: 'a', type: 'keyword' }] });
      await db.upsert(name, [{ id: 'a', vector: [1, 1], payload: { a: 1 } }]);
      const wrong: [unknown, RegExp][] = [
        [{ all: [{}] }, /filter\.all\[0\]: a filter must have exactly one of all, any, none/],
        [{ all: [{ field: 'a', eq: 1 }, { field: 'b' }] }, /filter\.all\[1\]: a field must have exactly one test/],
        [{ any: [{ field: 'a', like: 'x' }] }, /unknown test "like"/],
        [{ must: [] }, /unknown filter "must"/],
        [{ field: 'a', gt: 1, lt: 'x' }, /all bounds must be numbers/],
        [{ field: 'a', gt: '1 May' }, /"1 May" is not a valid time or date/],
        [{ field: 'a..b', exists: true }, /empty key/],
        [{ field: 'a', eq: null }, /a string, a finite number, true or false/],
        [
          { field: 'a', geoRadius: { center: { lat: 91, lon: 0 }, meters: 1 } },
          /a center with lat -90 to 90 and lon -180 to 180/,
        ],
        [{ nested: { path: 'a', filter: { ids: ['x'] } } }, /ids cannot be used within nested/],
      ];
      for (const [filter, message] of wrong) {
        const asked = { filter: filter as Filter };
        const refused = { code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) };
        await expect(db.search(name, { vector: [1, 1], ...asked })).rejects.toMatchObject(refused);
        await expect(db.count(name, asked)).rejects.toMatchObject(refused);
        await expect(db.deletePoints(name, asked)).rejects.toMatchObject(refused);
      }
      expect((await db.count(name)).count).toBe(1);
      await expect(db.deletePoints(name, {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(db.createIndex(name, { path: 'a', type: 'tree' as 'text' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await db.deleteCollection(name);
    });

    it('orders, counts values and pages with stable cursors', async () => {
      const db = client();
      const name = `ordered-${home}`;
      const indexes = [{ path: 'colour', type: 'keyword' } as const];
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 3, indexes });
      await db.upsert(name, points);
      for (const descending of [false, true]) {
        const seen: number[] = [];
        for (let cursor: string | undefined; ; ) {
          const orderBy = { path: 'price', descending };
          const page = await db.listPoints(name, { limit: 50, cursor, orderBy, filter: field('even').eq(true) });
          seen.push(...page.points.map(({ payload }) => payload.n as number));
          cursor = page.nextCursor;
          // What is written behind the cursor changes nothing before it.
          await db.upsert(name, [{ id: 'extra', vector: [0, 1], payload: { n: -1, price: -1, even: !descending } }]);
          if (cursor === undefined) break;
        }
        const expected = documents.filter(({ even }) => even).map(({ n }) => n);
        expect(seen).toEqual(descending ? expected.reverse() : expected);
        await db.delete(name, 'extra');
      }
      const counts = [
        { value: 'blue', count: 80 },
        { value: 'green', count: 80 },
        { value: 'red', count: 80 },
      ];
      expect(await db.facets(name, 'colour')).toEqual({ values: counts, more: false, unindexed: false });
      const tags = await db.facets(name, 'tags', { filter: field('n').range({ lt: 8 }), limit: 1 });
      expect(tags).toEqual({ values: [{ value: 'three', count: 6 }], more: true, unindexed: true });
      await db.deleteCollection(name);
    });

    it('changes and deletes by id and by filter, keeps to versions, and lets points expire', async () => {
      const db = client();
      const name = `changes-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      await db.upsert(name, points);
      await db.createIndex(name, { path: 'colour', type: 'keyword' });
      const red = field('colour').eq('red');
      const changed = await db.updatePoints(name, {
        filter: red,
        set: { colour: 'crimson', 'meta.by': 'test' },
        remove: ['parts', 'place.lat'],
      });
      expect(changed.updated).toBe(80);
      expect((await db.count(name, { filter: red })).count).toBe(0);
      const one = await db.get(name, 'p000', { consistency: { writeToken: changed.writeToken } });
      expect(one?.payload).toMatchObject({ colour: 'crimson', meta: { by: 'test' }, place: { lon: 179 } });
      expect(one?.payload).not.toHaveProperty('parts');
      expect(Array.from(one?.vector ?? [])).toEqual([0, 1]);
      expect((await db.search(name, { vector: [0, 1], topK: 1, filter: field('meta.by').eq('test') })).hits[0].id).toBe(
        'p000',
      );
      // Optimistic concurrency: of two writers that read the same version, one wins.
      const version = one?.version ?? 0n;
      await db.updatePoints(name, { ids: ['p000'], replace: { colour: 'pink' }, ifVersion: version });
      const late = { code: 'VERSION_CONFLICT' };
      await expect(
        db.updatePoints(name, { ids: ['p000'], set: { colour: 'no' }, ifVersion: version }),
      ).rejects.toMatchObject(late);
      await expect(db.upsert(name, [{ id: 'p000', vector: [5, 5], ifVersion: version }])).rejects.toMatchObject(late);
      await expect(db.upsert(name, [{ id: 'p000', vector: [5, 5], ifVersion: 0n }])).rejects.toMatchObject(late);
      expect((await db.get(name, 'p000'))?.payload).toEqual({ colour: 'pink' });
      await db.upsert(name, [{ id: 'new', vector: [5, 5], ifVersion: 0n }]);
      const gone = await db.deletePoints(name, { filter: field('n').range({ gte: 100 }) });
      expect(gone.deleted).toBe(140);
      expect((await db.deletePoints(name, { ids: ['new', 'p001', 'none'], filter: field('n').exists() })).deleted).toBe(
        1,
      );
      expect((await db.count(name)).count).toBe(100);
      const before = Date.now();
      await db.upsert(name, [{ id: 'long', vector: [9, 9], ttlSeconds: 3_600 }]);
      const after = Date.now();
      const expiresAt = (await db.get(name, 'long'))?.expiresAt?.getTime() ?? 0;
      expect(expiresAt).toBeGreaterThanOrEqual(before + 3_600_000);
      expect(expiresAt).toBeLessThanOrEqual(after + 3_600_000);
      await db.delete(name, 'long');
      await db.upsert(name, [{ id: 'short', vector: [9, 9], payload: { a: 1 }, ttlSeconds: 1 }]);
      await until('it has expired', async () => (await db.get(name, 'short')) === undefined);
      const goneMs = Date.now();
      expect(goneMs).toBeGreaterThanOrEqual(after + 1_000);
      expect((await db.count(name)).count).toBe(100);
      const { changes } = await db.listChanges(name);
      expect(changes.filter(({ id }) => id === 'short').map(({ kind }) => kind)).toEqual(['insert', 'delete']);
      expect(changes.filter(({ kind }) => kind === 'delete').length).toBe(143);
      await db.deleteCollection(name);
    });

    it('fuses words, vectors and sparse vectors, and recommends, groups and diversifies', async () => {
      const db = client();
      const name = `hybrid-${home}`;
      await db.createCollection(name, {
        dimension: 2,
        distance: 'euclidean',
        shards: 2,
        indexes: [{ path: 'text', type: 'text', language: 'english' }],
        sparseVectors: ['words'],
      });
      await db.upsert(
        name,
        points.map((point, n) => ({ ...point, sparse: { words: { indices: [n % 7, 100], values: [n, 0.5] } } })),
      );
      const ids = async (options: Parameters<VectronClient['query']>[1]) =>
        (await db.query(name, { topK: 4, includePayload: false, ...options })).hits.map(({ id }) => id);
      const words = { text: { query: 'server 30', fields: [{ path: 'text' }] } };
      expect((await ids({ branches: [words] }))[0]).toBe('p030');
      const sparse = { sparse: { name: 'words', indices: [3], values: [1] } };
      expect(await ids({ branches: [sparse] })).toEqual(['p234', 'p227', 'p220', 'p213']);
      const near = { vector: [31, 1] };
      expect(await ids({ branches: [near] })).toEqual(['p031', 'p030', 'p032', 'p029']);
      // First by one and second by the other: 1/61 + 1/62 is more than any other has.
      expect((await ids({ branches: [words, near] }))[0]).toBe('p030');
      expect((await ids({ branches: [{ ...words, weight: 0.01 }, near], fusion: 'weighted' }))[0]).toBe('p031');
      expect(await ids({ branches: [words, near], rescoreVector: [200, 1] })).toEqual(['p200', 'p190', 'p210', 'p180']);
      const filter = field('colour').eq('blue');
      for (const branches of [[words], [sparse], [near], [words, sparse, near]]) {
        const found = await db.query(name, { branches, filter, topK: 20 });
        expect(found.hits.length).toBeGreaterThan(5);
        expect(found.hits.every(({ payload }) => payload.colour === 'blue')).toBe(true);
      }
      const liked = { examples: { positiveIds: ['p100', 'p102'], negativeIds: ['p111'] } };
      // 101 + (101 - 111) = 91.
      expect(await ids({ branches: [liked] })).toEqual(['p091', 'p090', 'p092', 'p089']);
      const grouped = await db.query(name, { branches: [near], groupBy: { path: 'colour', groups: 2, groupSize: 2 } });
      expect(grouped.groups.map(({ value, hits }) => [value, hits.map(({ id }) => id)])).toEqual([
        ['green', ['p031', 'p028']],
        ['red', ['p030', 'p033']],
      ]);
      const rare = await db.query(name, { branches: [near], groupBy: { path: 'n', groups: 200, groupSize: 1 } });
      expect(rare.groups.length).toBe(200);
      const spread = await ids({ branches: [near], diversity: { share: 0.9, candidates: 100 } });
      expect([spread[0], new Set(spread).size]).toEqual(['p031', 4]);
      expect(Math.max(...spread.map((id) => Math.abs(Number(id.slice(1)) - 31)))).toBeGreaterThan(20);
      const [first, second] = await db.queryBatch([
        { collection: name, branches: [near], topK: 1 },
        { collection: `none-${home}`, branches: [near] },
      ]);
      expect(first).toMatchObject({ hits: [{ id: 'p031' }], complete: true });
      expect(second).toBeInstanceOf(VectronError);
      expect(second).toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
      const both = { ...near, likeId: 'p001' } as unknown as QueryBranch;
      await expect(db.query(name, { branches: [both] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(
        db.upsert(name, [{ id: 'x', vector: [1, 1], sparse: { other: { indices: [1], values: [1] } } }]),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect((await db.get(name, 'p008'))?.sparse).toEqual({ words: { indices: [1, 100], values: [8, 0.5] } });
      await db.deleteCollection(name);
    });

    it('keeps several vectors a point, each with its own metric, on a live collection', async () => {
      const db = client();
      const name = `named-${home}`;
      const title = { name: 'title', dimension: 3, distance: 'euclidean', hnswM: 8 } as const;
      await db.createCollection(name, { dimension: 2, distance: 'dot', shards: 2, namedVectors: [title] });
      const withTitle = points.map((point, n) => (n % 2 === 0 ? point : { ...point, vectors: { title: [n, 0, 1] } }));
      await db.upsert(name, withTitle);
      const ids = async (options: Parameters<VectronClient['search']>[1]) =>
        (await db.search(name, { topK: 3, using: 'title', ...options })).hits.map(({ id }) => id);
      expect(await ids({ vector: [100.2, 0, 1] })).toEqual(['p101', 'p099', 'p103']);
      expect(await ids({ likeId: 'p101' })).toEqual(['p099', 'p103', 'p097']);
      const filter = field('colour').eq('red');
      expect(await ids({ vector: [100.2, 0, 1], filter })).toEqual(['p099', 'p105', 'p093']);
      expect(await ids({ vector: [100.2, 0, 1], filter, exact: true })).toEqual(['p099', 'p105', 'p093']);
      const [best] = (await db.search(name, { vector: [7, 0, 1], using: 'title', topK: 1, includeVectors: true })).hits;
      expect([best.score, Array.from(best.vector ?? [])]).toEqual([1, [7, 0, 1]]);
      expect(Array.from((await db.get(name, 'p007'))?.vectors?.title ?? [])).toEqual([7, 0, 1]);
      expect(await db.get(name, 'p008')).not.toHaveProperty('vectors');
      const branches = [{ vector: [7, 0, 1], using: 'title' }, { vector: [1, 1] }];
      expect((await db.query(name, { branches, topK: 240 })).hits.length).toBeGreaterThan(50);
      const liked = { examples: { positiveIds: ['p007'] }, using: 'title' };
      expect((await db.query(name, { branches: [liked], topK: 1 })).hits[0].id).toBe('p005');
      // What has changed besides keeps the vector; one more vector comes while the collection serves.
      await db.updatePoints(name, { ids: ['p007'], set: { seen: true } });
      expect((await ids({ vector: [7, 0, 1] }))[0]).toBe('p007');
      expect(await db.createIndex(name, { namedVector: { name: 'other', dimension: 2 } })).toBe(true);
      await db.upsert(name, [{ id: 'p007', vector: [1, 1], vectors: { other: [1, 0] } }]);
      expect((await ids({ vector: [7, 0, 1] }))[0]).toBe('p005');
      // A shard says so while it still builds the new one.
      const other = await until('the new vector can be searched', () =>
        ids({ vector: [2, 0], using: 'other' }).catch((error: VectronError) => {
          if (error.message.includes('being built')) throw error;
          return error.message;
        }),
      );
      expect(other).toEqual(['p007']);
      expect((await db.listIndexes(name)).namedVectors).toMatchObject([
        { name: 'title', dimension: 3, distance: 'euclidean' },
        { name: 'other', dimension: 2, distance: 'cosine' },
      ]);
      const wrong: [Promise<unknown>, string][] = [
        [db.upsert(name, [{ id: 'x', vector: [1, 1], vectors: { title: [1] } }]), 'DIMENSION_MISMATCH'],
        [db.upsert(name, [{ id: 'x', vector: [1, 1], vectors: { none: [1] } }]), 'INVALID_ARGUMENT'],
        [db.search(name, { vector: [1, 1], using: 'title' }), 'DIMENSION_MISMATCH'],
        [db.search(name, { vector: [1, 1], using: 'none' }), 'INVALID_ARGUMENT'],
        [db.createIndex(name, { namedVector: { name: 'bad', dimension: 0 } }), 'INVALID_ARGUMENT'],
      ];
      for (const [call, code] of wrong) await expect(call).rejects.toMatchObject({ code });
      expect(await db.get(name, 'x')).toBeUndefined();
      expect(await db.deleteIndex(name, { namedVector: { name: 'title' } })).toBe(true);
      await expect(db.search(name, { vector: [7, 0, 1], using: 'title' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await db.deleteCollection(name);
    });

    it('takes texts for vectors where the collection has a provider', async () => {
      const db = client();
      const name = `texts-${home}`;
      const made = { dimension: 64, embedding: { provider: 'local', textField: 'body' } };
      await db.createCollection(name, made);
      const texts = ['a mail server', 'a web server', 'a game of chess', 'a mail client'];
      await db.upsert(
        name,
        texts.map((text, n) => ({ id: `t${n}`, text, payload: { n } })),
      );
      expect((await db.get(name, 't2'))?.payload).toEqual({ n: 2, body: 'a game of chess' });
      const found = await db.search(name, { text: 'chess game', topK: 1 });
      expect(found.hits[0].id).toBe('t2');
      const filter = field('n').range({ gt: 0 });
      const fused = await db.query(name, { branches: [{ embed: 'the mail server' }], filter, topK: 2 });
      expect(fused.hits.map(({ id }) => id).sort()).toEqual(['t1', 't3']);
      const plain = `plain-${home}`;
      await db.createCollection(plain, { dimension: 2 });
      const wrong = [
        db.upsert(plain, [{ id: 'a', text: 'no provider' }]),
        db.search(plain, { text: 'no provider' }),
        db.upsert(name, [{ id: 'a', text: 'both', vector: [1, 1] }]),
        db.upsert(name, [{ id: 'a' }]),
        db.createCollection(`none-${home}`, { dimension: 2, embedding: { provider: 'gone' } }),
      ];
      for (const call of wrong) {
        await expect(call).rejects.toMatchObject({
          code: expect.stringMatching('INVALID_ARGUMENT|DIMENSION_MISMATCH'),
        });
      }
      expect(await db.get(name, 'a')).toBeUndefined();
      await db.deleteCollection(plain);
      await db.deleteCollection(name);
    });

    it('changes settings while it serves, and tells what they are', async () => {
      const db = client();
      const name = `settings-${home}`;
      const vectors = { quantization: 'none' } as const;
      await db.createCollection(name, { dimension: 64, distance: 'dot', shards: 2, hnswM: 8, vectors });
      await db.upsert(name, [{ id: 'a', vector: new Array(64).fill(0.1) }]);
      const before = (await db.collectionStatus(name)).settings;
      expect(before).toMatchObject({
        dimension: 64,
        distance: 'dot',
        shards: 2,
        hnswM: 8,
        vectors,
        durability: 'fsync',
      });
      const changed = await db.updateCollection(name, { durability: 'relaxed', embedding: { provider: 'local' } });
      expect(changed).toMatchObject({ ...before, durability: 'relaxed', embedding: { provider: 'local' } });
      expect((await db.collectionStatus(name)).settings).toEqual(changed);
      await db.upsert(name, [{ id: 'b', text: 'a text, from now on' }]);
      expect((await db.listPoints(name)).points.map(({ id }) => id)).toEqual(['a', 'b']);
      const wrong = [{}, { durability: 'never' as 'fsync' }, { embedding: { provider: 'gone' } }];
      for (const change of wrong) {
        await expect(db.updateCollection(name, change)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
      expect((await db.collectionStatus(name)).settings).toEqual(changed);
      await expect(db.updateCollection(`${name}-gone`, { durability: 'fsync' })).rejects.toMatchObject({
        code: 'COLLECTION_NOT_FOUND',
      });
      // What it says makes the like of it.
      await db.createCollection(`${name}-2`, changed);
      expect((await db.collectionStatus(`${name}-2`)).settings).toEqual(changed);
      for (const one of [name, `${name}-2`]) await db.deleteCollection(one);
    });

    it('switches aliases at one moment', async () => {
      const db = client();
      const [one, two, alias] = [`alias-one-${home}`, `alias-two-${home}`, `alias-${home}`];
      for (const name of [one, two]) {
        await db.createCollection(name, { dimension: 2 });
        await db.upsert(name, [{ id: name, vector: [1, 1] }]);
      }
      await db.updateAliases({ set: [{ alias, collection: one }] });
      expect((await db.search(alias, { vector: [1, 1] })).hits[0].id).toBe(one);
      expect(await db.listAliases()).toContainEqual({ alias, collection: one });
      await db.updateAliases({ set: [{ alias, collection: two }] });
      expect((await db.search(alias, { vector: [1, 1] })).hits[0].id).toBe(two);
      expect(await db.get(alias, two)).toMatchObject({ id: two });
      await expect(db.createCollection(alias, { dimension: 2 })).rejects.toMatchObject({ code: 'COLLECTION_EXISTS' });
      await expect(db.updateAliases({ set: [{ alias: one, collection: two }] })).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
      });
      await expect(
        db.updateAliases({ set: [{ alias, collection: one }], delete: [`none-${home}`] }),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await db.search(alias, { vector: [1, 1] })).hits[0].id).toBe(two);
      await expect(db.deleteCollection(alias)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
      await db.deleteCollection(two);
      await expect(db.get(alias, two)).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
      await db.deleteCollection(one);
    });
  });
}

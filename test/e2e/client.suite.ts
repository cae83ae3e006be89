import { describe, expect, it } from '@jest/globals';
import type { VectronError } from '@vectron/errors';
import type { Change, RecallOptions, SearchBatchOptions, SearchSettings, VectronClient } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

/** Numbers of [0, 1), the same for a seed (Park and Miller's generator). */
function randomNumbers(seed: number): () => number {
  let state = seed % 2_147_483_647;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** What every client does, wherever its database runs. `home`: a name that makes collections of this run unique. */
export function describeClient(home: string, client: () => VectronClient): void {
  describe(`the interface, ${home}`, () => {
    it('writes a stream of batches, and gives an ack for each in their order', async () => {
      const db = client();
      const name = `stream-${home}`;
      await db.createCollection(name, { dimension: 2, shards: 2 });
      async function* batches() {
        for (let n = 0; n < 30; n++)
          yield [
            { id: `p${n}`, vector: [n, n === 7 ? Number.NaN : 1] },
            { id: 'same', vector: [n, 1], payload: { n } },
          ];
      }
      const acks = [];
      for await (const ack of db.upsertStream(name, batches(), { maxInFlight: 6 })) acks.push(ack);
      expect(acks.map(({ batch }) => batch)).toEqual(Array.from({ length: 30 }, (_, n) => n));
      expect(
        acks.flatMap(({ batch, error }) => (error === undefined ? [] : [[batch, error.code, error.details.field]])),
      ).toEqual([[7, 'INVALID_ARGUMENT', 'points[0].vector[1]']]);
      expect(acks.reduce((sum, { upserted }) => sum + upserted, 0)).toBe(58);
      const consistency = { writeToken: acks[29].writeToken };
      expect((await db.get(name, 'same', { consistency }))?.payload).toEqual({ n: 29 });
      expect((await db.count(name)).count).toBe(30);
      const none = db.upsertStream(`no-${name}`, [[{ id: 'a', vector: [1, 1] }]]);
      for await (const { error } of none) expect(error?.code).toBe('COLLECTION_NOT_FOUND');
      for await (const _ of db.upsertStream(name, [])) throw new Error('there was no batch');
      await db.deleteCollection(name);
    });

    it('stores, finds, lists and deletes points', async () => {
      const db = client();
      const name = `basic-${home}`;
      await db.createCollection(name, { dimension: 3, distance: 'euclidean', shards: 3 });
      const payload = { text: 'grün', n: 1.5, deep: { list: [1, 'two', null, true] } };
      const points = Array.from({ length: 50 }, (_, i) => ({ id: `p-${i}`, vector: [i, 0, 1], payload }));
      expect(await db.upsert(name, points)).toMatchObject({ upserted: 50 });
      const found = await db.search(name, { vector: [7, 0, 1], topK: 3, includeVectors: true });
      expect(found.hits.map((hit) => hit.id)).toEqual(['p-7', 'p-6', 'p-8']);
      expect(found.hits[0]).toMatchObject({ score: 1, payload });
      expect(found.hits[1].score).toBeCloseTo(0.5);
      expect(Array.from(found.hits[0].vector ?? [])).toEqual([7, 0, 1]);
      expect(found).toMatchObject({ complete: true, shardsAsked: 3, shardsAnswered: 3 });
      expect((await db.search(name, { likeId: 'p-7', topK: 2 })).hits.map((hit) => hit.id)).toEqual(['p-6', 'p-8']);
      expect(await db.get(name, 'p-3')).toMatchObject({ id: 'p-3', payload });
      await db.delete(name, 'p-7');
      expect(await db.get(name, 'p-7')).toBeUndefined();
      expect((await db.search(name, { vector: [7, 0, 1], topK: 1 })).hits[0].id).not.toBe('p-7');
      const seen: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await db.listPoints(name, { limit: 20, cursor });
        seen.push(...page.points.map((point) => point.id));
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      expect(seen).toEqual(
        points
          .map((point) => point.id)
          .filter((id) => id !== 'p-7')
          .sort(),
      );
      expect((await db.listCollections()).map((one) => one.name)).toContain(name);
      expect((await db.collectionStatus(name)).shards.every((shard) => shard.ready)).toBe(true);
      await db.deleteCollection(name);
      await expect(db.get(name, 'p-1')).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    });

    it('answers a batch of vectors as it answers each of them by itself', async () => {
      const db = client();
      const name = `batch-${home}`;
      const dimension = 8;
      const random = randomNumbers(20_261_127);
      const vector = () => Float32Array.from({ length: dimension }, () => random() - 0.5);
      await db.createCollection(name, { dimension, shards: 2 });
      const points = Array.from({ length: 200 }, (_, n) => ({
        id: `p${n}`,
        vector: vector(),
        payload: { n, even: n % 2 === 0 },
        vectors: { title: Array.from(vector()) },
      }));
      await db.createIndex(name, { namedVector: { name: 'title', dimension, distance: 'dot' } });
      await db.upsert(name, points);
      const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
      for (let round = 0; round < 12; round++) {
        const options = {
          topK: maybe(1 + Math.floor(random() * 30)),
          exact: maybe(true),
          ef: maybe(40),
          includePayload: maybe(false),
          includeVectors: maybe(true),
          scoreThreshold: maybe(random() - 0.5),
          using: maybe('title'),
          filter: maybe({ field: 'even', eq: true }),
          consistency: maybe('linearizable' as const),
        };
        const count = 1 + Math.floor(random() * 40);
        const queries = Array.from({ length: count }, vector);
        const flat = new Float32Array(count * dimension);
        for (let at = 0; at < count; at++) flat.set(queries[at], at * dimension);
        const batch = await db.searchBatch(name, { ...options, vectors: flat, count });
        const singles = await Promise.all(queries.map((query) => db.search(name, { ...options, vector: query })));
        const hits = singles.flatMap((single) => single.hits);
        const asked = `round ${round}: ${JSON.stringify({ ...options, count })}`;
        expect({ asked, counts: [...batch.counts] }).toEqual({ asked, counts: singles.map((one) => one.hits.length) });
        expect({ asked, ids: batch.ids }).toEqual({ asked, ids: hits.map(({ id }) => id) });
        // As float32, which JSON has the shortest decimals of.
        const scores = Float32Array.from(hits, ({ score }) => score);
        expect({ asked, scores: batch.scores }).toEqual({ asked, scores });
        const payloads = options.includePayload === false ? [] : hits.map(({ payload }) => payload);
        const vectors = options.includeVectors === true ? hits.map((hit) => hit.vector) : [];
        expect({ asked, payloads: batch.payloads, vectors: batch.vectors }).toEqual({ asked, payloads, vectors });
        const how = ({ complete, recallUnmet, shardsAnswered }: (typeof batch.searches)[number]) => ({
          ...{ complete, recallUnmet, shardsAnswered },
        });
        expect(batch.searches.map(how)).toEqual(singles.map(how));
        expect(new Set(batch.searches.map(({ queryId }) => queryId)).size).toBe(count);
      }
      const listed = await db.searchBatch(name, { vectors: [points[3].vector, Array.from(points[4].vector)], topK: 1 });
      expect(listed.ids).toEqual(['p3', 'p4']);
      await db.deleteCollection(name);
    });

    it('refuses a whole batch for one wrong vector, and names it', async () => {
      const db = client();
      const name = `wrong-batch-${home}`;
      await db.createCollection(name, { dimension: 2 });
      await db.upsert(name, [{ id: 'a', vector: [1, 2] }]);
      const refused = (options: SearchBatchOptions, code: string, field: string) =>
        expect(db.searchBatch(name, options)).rejects.toMatchObject({ code, details: { field } });
      const good = [1, 2];
      await refused({ vectors: [good, good, [1]] }, 'DIMENSION_MISMATCH', 'vectors[2]');
      await refused({ vectors: [good, [0, 0]] }, 'INVALID_ARGUMENT', 'vectors[1]');
      await refused({ vectors: [good, [1, Number.NaN]] }, 'INVALID_ARGUMENT', 'vectors[1][1]');
      await refused({ vectors: [good, []] }, 'DIMENSION_MISMATCH', 'vectors[1]');
      await refused({ vectors: [] }, 'INVALID_ARGUMENT', 'vectors');
      await refused({ vectors: Array.from({ length: 1001 }, () => good) }, 'INVALID_ARGUMENT', 'vectors');
      await refused({ vectors: [good], topK: 10_001 }, 'INVALID_ARGUMENT', 'topK');
      await refused({ vectors: [good], recall: 0.9, ef: 10 }, 'INVALID_ARGUMENT', 'recall');
      await refused({ vectors: new Float32Array(4) }, 'INVALID_ARGUMENT', 'count');
      await refused({ vectors: new Float32Array(4), count: 3 }, 'INVALID_ARGUMENT', 'count');
      await refused({ vectors: [good], count: 1 }, 'INVALID_ARGUMENT', 'count');
      const none = db.searchBatch(`no-${name}`, { vectors: [good] });
      await expect(none).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
      await db.deleteCollection(name);
    });

    it('computes the three metrics as documented', async () => {
      const db = client();
      const score = { cosine: 0.8, euclidean: 1 / (1 + Math.sqrt(5)), dot: 8 } as const;
      for (const [distance, expected] of Object.entries(score)) {
        const name = `metric-${distance}-${home}`;
        await db.createCollection(name, { dimension: 2, distance: distance as 'cosine' });
        await db.upsert(name, [{ id: 'a', vector: [4, 3] }]);
        const { hits } = await db.search(name, { vector: [2, 0] });
        // cosine(4,3 | 2,0) = 8 / (5 * 2); L2 = sqrt(4 + 9) = sqrt(13).
        const exact = distance === 'euclidean' ? 1 / (1 + Math.sqrt(13)) : expected;
        expect(hits[0].score).toBeCloseTo(exact, 5);
        await db.deleteCollection(name);
      }
    });

    it('lets a read say which writes it must see', async () => {
      const db = client();
      const name = `consistent-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      const points = Array.from({ length: 20 }, (_, i) => ({ id: `p${i}`, vector: [i, 1] }));
      const { writeToken } = await db.upsert(name, points);
      for (const consistency of ['any', 'linearizable', { maxStalenessMs: 2_000 }, { writeToken }] as const) {
        expect(await db.get(name, 'p7', { consistency })).toMatchObject({ id: 'p7' });
        const found = await db.search(name, { vector: [7, 1], topK: 1, consistency });
        expect([found.complete, found.hits[0].id]).toEqual([true, 'p7']);
        expect((await db.listPoints(name, { consistency })).points.length).toBe(20);
      }
      const first = await db.delete(name, 'p7');
      expect([first.existed, (await db.delete(name, 'p7')).existed]).toEqual([true, false]);
      expect(await db.get(name, 'p7', { consistency: { writeToken: first.writeToken } })).toBeUndefined();
      for (const wrong of ['v1', 'v2.1-1', 'v1.1-x', '']) {
        const read = db.get(name, 'p1', { consistency: { writeToken: wrong } });
        await expect(read).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      }
      await db.deleteCollection(name);
    });

    it('takes ids of every spelling and length', async () => {
      const db = client();
      const name = `ids-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'dot' });
      const ids = [
        '.',
        '..',
        '...',
        'a/b',
        '../x',
        '%2F',
        '%',
        '%zz',
        '?',
        '#',
        ' ',
        'a b',
        '"',
        'ü',
        '☃'.repeat(170),
        'x'.repeat(512),
      ];
      await db.upsert(
        name,
        ids.map((id) => ({ id, vector: [1, 0], payload: { id } })),
      );
      for (const id of ids) {
        expect((await db.get(name, id))?.payload).toEqual({ id });
        expect((await db.search(name, { likeId: id, topK: 20 })).hits).toHaveLength(ids.length - 1);
      }
      for (const id of ids) {
        expect((await db.delete(name, id)).existed).toBe(true);
        expect(await db.get(name, id)).toBeUndefined();
      }
      await db.deleteCollection(name);
    });

    it('tells what changed, in order and without a gap', async () => {
      const db = client();
      const name = `changes-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      await db.upsert(name, [
        { id: 'a', vector: [1, 1], payload: { n: 1 } },
        { id: 'b', vector: [2, 2] },
      ]);
      await db.upsert(name, [{ id: 'a', vector: [3, 3], payload: { n: 2 } }]);
      await db.delete(name, 'b');
      await db.delete(name, 'never-there');
      // A replica that answers may be a moment behind; what it has is in order.
      const changes: Change[] = [];
      let nextCursor: string | undefined;
      for (let tries = 0; changes.length < 4 && tries < 20; tries++) {
        const more = await db.listChanges(name, { cursor: nextCursor, waitMs: 200 });
        changes.push(...more.changes);
        nextCursor = more.nextCursor;
      }
      const of = (id: string) => changes.filter((change) => change.id === id).map(({ kind }) => kind);
      expect([of('a'), of('b'), of('never-there')]).toEqual([['insert', 'update'], ['insert', 'delete'], []]);
      expect(changes.find(({ kind }) => kind === 'update')).toMatchObject({
        vector: Float32Array.of(3, 3),
        payload: { n: 2 },
      });
      const waiting = db.listChanges(name, { cursor: nextCursor, waitMs: 10_000 });
      await db.upsert(name, [{ id: 'c', vector: [1, 2] }]);
      expect((await waiting).changes).toMatchObject([{ kind: 'insert', id: 'c' }]);
      expect((await db.listChanges(name, { cursor: nextCursor })).changes.length).toBe(1);
      await expect(db.listChanges(name, { cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await db.deleteCollection(name);
      await db.createCollection(name, { dimension: 2 });
      const old = db.listChanges(name, { cursor: nextCursor });
      await expect(old).rejects.toMatchObject({ code: 'CHANGES_GONE' });
      await db.deleteCollection(name);
    });

    it('streams what changes, ends when it is told to, and goes on from its cursor', async () => {
      const db = client();
      const name = `streamed-${home}`;
      await db.createCollection(name, { dimension: 1, distance: 'dot' });
      await db.upsert(name, [{ id: 'a', vector: [1] }]);
      const stop = new AbortController();
      const stream = db.changes(name, { signal: stop.signal });
      const seen: string[] = [];
      for await (const { kind, id } of stream) {
        seen.push(`${kind} ${id}`);
        // The next one happens while the stream waits for it.
        if (seen.length === 1) void db.upsert(name, [{ id: 'b', vector: [1] }]);
        if (seen.length === 2) void db.delete(name, 'a');
        if (seen.length === 3) stop.abort();
      }
      expect(seen).toEqual(['insert a', 'insert b', 'delete a']);
      await db.upsert(name, [{ id: 'c', vector: [1] }]);
      for await (const { kind, id } of db.changes(name, { cursor: stream.cursor })) {
        expect([kind, id]).toEqual(['insert', 'c']);
        break;
      }
      const ended = new AbortController();
      const waiting = db.listChanges(name, { cursor: '', waitMs: 0, signal: ended.signal });
      expect((await waiting).changes.length).toBe(4);
      ended.abort();
      const late = db.listChanges(name, { signal: ended.signal });
      await expect(late).rejects.toMatchObject({ code: 'CANCELLED' });
      await db.deleteCollection(name);
    });

    it('of equal ids in a batch keeps the last', async () => {
      const db = client();
      await db.createCollection(`same-id-${home}`, { dimension: 1, distance: 'dot' });
      const { upserted } = await db.upsert(`same-id-${home}`, [
        { id: 'a', vector: [1] },
        { id: 'a', vector: [2] },
      ]);
      expect(upserted).toBe(1);
      expect(Array.from((await db.get(`same-id-${home}`, 'a'))?.vector ?? [])).toEqual([2]);
      await db.deleteCollection(`same-id-${home}`);
    });

    it('a collection made again under its name starts empty', async () => {
      const db = client();
      for (let round = 0; round < 3; round++) {
        await db.createCollection(`again-${home}`, { dimension: 2, distance: 'dot' });
        expect((await db.search(`again-${home}`, { vector: [1, 1] })).hits).toEqual([]);
        await db.upsert(`again-${home}`, [{ id: `r${round}`, vector: [1, 1] }]);
        expect((await db.search(`again-${home}`, { vector: [1, 1] })).hits.map((hit) => hit.id)).toEqual([`r${round}`]);
        await db.deleteCollection(`again-${home}`);
      }
    });

    it('keeps vectors in every form and place, and finds the same', async () => {
      const db = client();
      const points = Array.from({ length: 700 }, (_, i) => ({
        id: `p${i}`,
        vector: Array.from({ length: 8 }, (_, d) => Math.sin(i * 0.7 + d * d)),
      }));
      const forms = [
        { quantization: 'int8', storage: 'memory' },
        { quantization: 'none', storage: 'mmap' },
        { quantization: 'float16', storage: 'disk' },
        { quantization: 'binary', storage: 'mmap', oversampling: 70 },
        { quantization: 'product', parallelBuild: true },
      ] as const;
      let truth: string[] | undefined;
      for (const [at, vectors] of forms.entries()) {
        const name = `form-${at}-${home}`;
        await db.createCollection(name, { dimension: 8, vectors });
        await db.upsert(name, points);
        const found = await db.search(name, { vector: points[11].vector, topK: 10, ef: 600 });
        const ids = found.hits.map((hit) => hit.id);
        truth ??= ids;
        expect(ids).toEqual(truth);
        await db.deleteCollection(name);
      }
      const disk = { quantization: 'none', storage: 'disk' } as const;
      const refused = db.createCollection(`form-x-${home}`, { dimension: 8, vectors: disk });
      await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'vectors.storage' } });
      const unknown = { quantization: 'int7' } as unknown as { quantization: 'int8' };
      await expect(db.createCollection(`form-x-${home}`, { dimension: 8, vectors: unknown })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    });

    it('answers a requested recall with an estimate, and exact searches with certainty', async () => {
      const db = client();
      const name = `recall-${home}`;
      // Up to 1,024 points a shard are compared one by one.
      await db.createCollection(name, { dimension: 16, hnswM: 8, shards: 1 });
      const vector = (i: number) =>
        Array.from({ length: 16 }, (_, d) => Math.sin(i * (d + 1) * 0.37) + Math.cos(i + d * d));
      const points = Array.from({ length: 3000 }, (_, i) => ({ id: `p${i}`, vector: vector(i) }));
      for (let from = 0; from < points.length; from += 500) await db.upsert(name, points.slice(from, from + 500));
      const query = vector(10_000.5);
      const exact = await db.search(name, { vector: query, exact: true });
      expect(exact).toMatchObject({
        ...{ recallEstimate: 1, recallInterval: { low: 1, high: 1 }, recallUnmet: false },
        shards: [{ recallEstimate: 1, recallInterval: { low: 1, high: 1 } }],
      });
      // Until then a search that asks for a recall is exact, and one that asks for nothing says nothing.
      await until(
        'the recall is measured',
        () => db.search(name, { vector: query }),
        ({ recallEstimate }) => recallEstimate !== undefined,
      );
      const found = await db.search(name, { vector: query, recall: 0.95 });
      expect([found.hits.length, found.recallUnmet]).toEqual([10, false]);
      expect(found.recallEstimate).toBeGreaterThanOrEqual(0.95);
      expect((await db.search(name, { vector: query, recall: 0.999 })).hits.length).toBe(10);
      await expect(db.search(name, { vector: query, recall: 2 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(db.search(name, { vector: query, recall: 0.9, ef: 50 })).rejects.toMatchObject({
        details: { field: 'recall' },
      });
      await db.deleteCollection(name);
    });

    it('measures how much of the true answers searches find, of each vector and with a filter', async () => {
      const db = client();
      const name = `measured-${home}`;
      await db.createCollection(name, {
        ...{ dimension: 16, hnswM: 8, shards: 2 },
        namedVectors: [{ name: 'title', dimension: 8, distance: 'euclidean' }],
      });
      await expect(db.measureRecall(name)).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      const vector = (i: number, dimension: number) =>
        Array.from({ length: dimension }, (_, d) => Math.sin(i * (d + 1) * 0.37) + Math.cos(i + d * d));
      const points = Array.from({ length: 3000 }, (_, i) => ({
        ...{ id: `p${i}`, vector: vector(i, 16), payload: { third: i % 3 === 0 } },
        vectors: { title: vector(i, 8) },
      }));
      for (let from = 0; from < points.length; from += 500) await db.upsert(name, points.slice(from, from + 500));
      await until(
        'the index has caught up',
        () => db.collectionStatus(name),
        ({ indexLag }) => indexLag === 0,
      );
      const measure = async (options: RecallOptions) => {
        const found = await db.measureRecall(name, { queries: 40, timeoutMs: 600_000, ...options });
        const { recall, interval, queries, promised = recall } = found;
        expect(queries).toBe(40);
        expect([interval.low <= recall, recall <= interval.high, interval.low < interval.high]).toEqual([
          true,
          true,
          true,
        ]);
        expect(Object.values(found.plans).reduce((sum, times) => sum + times, 0)).toBe(80);
        expect(promised).toBeGreaterThan(0);
        return recall;
      };
      // The least room that a walk can have, and more of it than it needs.
      const [narrow, wide] = [await measure({ ef: 10 }), await measure({ ef: 1000 })];
      expect(narrow).toBeLessThanOrEqual(wide);
      expect(wide).toBeGreaterThan(0.95);
      expect(await measure({ using: 'title', ef: 1000, topK: 3 })).toBeGreaterThan(0.95);
      expect(await measure({ filter: { field: 'third', eq: true }, ef: 1000 })).toBeGreaterThan(0.95);
      expect(await measure({ recall: 0.9 })).toBeGreaterThan(0.8);
      const field = async (options: RecallOptions, collection = name) =>
        db.measureRecall(collection, options).then(
          () => undefined,
          ({ code, details }: VectronError) => details.field ?? code,
        );
      expect(await field({ queries: 1001 })).toBe('queries');
      expect(await field({ topK: 1001 })).toBe('topK');
      expect(await field({ ef: 10_001 })).toBe('ef');
      expect(await field({ recall: 0.3 })).toBe('recall');
      expect(await field({ recall: 0.9, ef: 10 })).toBe('recall');
      expect(await field({ timeoutMs: 600_001 })).toBe('timeoutMs');
      expect(await field({ using: 'none' })).toBe('INVALID_ARGUMENT');
      expect(await field({ filter: { field: 'third', eq: 'no boolean' } })).toBe('FAILED_PRECONDITION');
      expect(await field({}, `no-${name}`)).toBe('COLLECTION_NOT_FOUND');
      await db.deleteCollection(name);
    });

    it('tells what a search did in each shard, what its steps were, and why a point is missing', async () => {
      const db = client();
      const name = `explained-${home}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      const points = Array.from({ length: 20 }, (_, i) => ({
        id: `p${i}`,
        vector: [i, 1],
        payload: { even: i % 2 === 0 },
      }));
      await db.upsert(name, points);
      const search = (options: SearchSettings) => db.search(name, { vector: [7, 1], topK: 3, ...options });
      const plain = await search({});
      expect(plain.explanation).toBeUndefined();
      expect(new Set(plain.shards.map(({ shardId }) => shardId)).size).toBe(2);
      for (const { errorCode, plan, replica } of plain.shards) {
        expect(errorCode).toBe('');
        expect(plan).not.toBe('');
        expect(replica).toBeGreaterThan(0);
      }
      const { explanation, hits } = await search({ explain: true });
      expect(hits).toEqual(plain.hits);
      const steps = (explanation?.steps ?? []).filter((step) => step.name !== 'cache');
      expect(steps.map((step) => step.name)).toEqual(['route', 'shard', 'shard', 'merge', 'total']);
      expect(steps[3].details).toEqual({ results: '3' });
      expect(steps[4].milliseconds).toBeGreaterThan(steps[1].milliseconds);
      const missed: [string, SearchSettings, object][] = [
        ['p7', {}, { step: 'returned', exactRank: 1 }],
        ['p', {}, { step: 'not_stored', score: 0, exactRank: 0 }],
        ['p10', {}, { step: 'beyond_top_k', score: 0.25, exactRank: 6 }],
        ['p6', { scoreThreshold: 0.6 }, { step: 'below_threshold', score: 0.5, exactRank: 2 }],
        ['p6', { filter: { field: 'even', eq: false } }, { step: 'filtered_out' }],
        ['p10', { filter: { field: 'even', eq: true }, topK: 2 }, { step: 'beyond_top_k', exactRank: 3 }],
      ];
      for (const [id, options, expected] of missed) {
        const { whyNot } = await search({ ...options, whyNot: id });
        expect(whyNot).toMatchObject({ id, ...expected });
      }
      await expect(search({ whyNot: 'x'.repeat(513) })).rejects.toMatchObject({ details: { field: 'whyNot' } });
      await db.deleteCollection(name);
    });
  });
}

import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Document } from '@langchain/core/documents';
import { Embeddings } from '@langchain/core/embeddings';
import { BulkWriteError, connect, open, type VectronClient, where, whereOf } from '@vectron/sdk';
import { type System, startSingle, tempDir } from '../../../test/harness/system.js';
import { type StoredDocument, type StoreOptions, VectronVectorStore } from './index.js';

/** How often each letter is in a text: texts with the same letters are near. */
class Letters extends Embeddings {
  constructor() {
    super({});
  }
  embedQuery(text: string): Promise<number[]> {
    const counts = Array<number>(27).fill(0);
    counts[26] = 0.1;
    for (const letter of text.toLowerCase()) {
      const at = letter.charCodeAt(0) - 97;
      if (at >= 0 && at < 26) counts[at] += 1;
    }
    return Promise.resolve(counts);
  }
  embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)));
  }
}

type About = { kind: string; year?: number };
const letters = new Letters();
const notes = [
  new Document({ id: 'a', pageContent: 'a mail server', metadata: { kind: 'server', year: 2024 } }),
  new Document({ id: 'b', pageContent: 'a web server', metadata: { kind: 'server', year: 2025 } }),
  new Document({ id: 'c', pageContent: 'the quick brown fox jumps', metadata: { kind: 'animal', year: 2026 } }),
];

describe('the vector store for LangChain', () => {
  const data = tempDir('langchain');
  let system: System;
  const homes = new Map<string, VectronClient>();
  let made = 0;
  beforeAll(async () => {
    system = await startSingle();
    homes.set('REST', connect(system.http, { apiKey: system.adminKey }));
    homes.set('gRPC', connect(`grpc://${system.grpc}`, { apiKey: system.adminKey }));
    homes.set('embedded', await open(data));
  });
  afterAll(async () => {
    for (const db of homes.values()) await db.close();
    await system?.stop();
    rmSync(data, { recursive: true });
  });

  describe.each(['REST', 'gRPC', 'embedded'])('over %s', (home) => {
    const options = (more: Partial<StoreOptions> = {}): StoreOptions => ({
      client: homes.get(home) as VectronClient,
      collection: `notes-${++made}`,
      ...more,
    });
    const filled = (more: Partial<StoreOptions> = {}) =>
      VectronVectorStore.fromDocuments(notes, letters, options(more));
    const ids = (found: { id?: string }[]) => found.map(({ id }) => id);

    it('is empty where there is no collection, and makes none by being read', async () => {
      const store = new VectronVectorStore(letters, options());
      expect(await store.similaritySearch('mail', 4)).toEqual([]);
      expect(await store.maxMarginalRelevanceSearch('mail', { k: 2 })).toEqual([]);
      await store.delete({ ids: ['a'] });
      await store.delete({ filter: where.field('metadata.kind').eq('x') });
      expect(await store.addDocuments([])).toEqual([]);
      const names = (await store.client.listCollections()).map(({ name }) => name);
      expect(names).not.toContain(store.collection.name);
      await expect(VectronVectorStore.fromExistingCollection(letters, options())).rejects.toMatchObject({
        code: 'COLLECTION_NOT_FOUND',
      });
    });

    it('gives documents as they were added, the nearest first, with scores of which more is better', async () => {
      const store = await filled();
      const found = await store.similaritySearchWithScore('mail server a', 3);
      expect(found[0][0]).toEqual(notes[0]);
      expect(ids(found.map(([document]) => document))).toEqual(['a', 'b', 'c']);
      expect(found[0][1]).toBeCloseTo(1, 3);
      expect(found[0][1]).toBeGreaterThan(found[1][1]);
      expect(found[1][1]).toBeGreaterThan(found[2][1]);
      const [vector] = await letters.embedDocuments(['web']);
      expect((await store.similaritySearchVectorWithScore(vector, 1))[0][0].id).toBe('b');
      const again = await VectronVectorStore.fromExistingCollection(letters, {
        client: store.client,
        collection: store.collection.name,
      });
      expect(ids(await again.similaritySearch('fox', 1))).toEqual(['c']);
    });

    it('filters with the filter of Vectron, in searches, for diversity and as a retriever', async () => {
      const store = await filled();
      const filter = where.field('metadata.year').gte(2025);
      expect(ids(await store.similaritySearch('a mail server', 4, filter))).toEqual(['b', 'c']);
      expect(ids(await store.maxMarginalRelevanceSearch('a mail server', { k: 4, filter }))).toEqual(['b', 'c']);
      const retriever = store.asRetriever({ k: 1, filter });
      expect(ids(await retriever.invoke('a mail server'))).toEqual(['b']);
      const wrong = store.similaritySearch('mail', 4, { field: 'metadata.year', near: 5 } as never);
      await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('has filters and documents of the type of the metadata', async () => {
      const { client, collection } = await filled();
      const store = new VectronVectorStore<About>(letters, { client, collection: collection.name });
      const about = whereOf<StoredDocument<About>>();
      const [{ metadata }] = await store.similaritySearch('mail', 1, about.field('metadata.year').lt(2025));
      const year: number | undefined = metadata.year;
      expect(year).toBe(2024);
      // @ts-expect-error there is no such field
      expect(await store.similaritySearch('mail', 4, about.field('metadata.yaer').lt(2025))).toEqual([]);
      await store.delete({ filter: about.field('metadata.kind').eq('animal') });
      expect(ids(await store.similaritySearch('fox', 4)).toSorted()).toEqual(['a', 'b']);
    });

    it('chooses documents that differ: nearness alone, and difference', async () => {
      const texts = ['mail server one', 'mail server two', 'mail server six', 'brown fox'];
      const store = await VectronVectorStore.fromTexts(texts, { kind: 'text' }, letters, options());
      const chosen = async (lambda: number) => {
        const found = await store.maxMarginalRelevanceSearch('mail server one', { k: 2, fetchK: 4, lambda });
        return found.map(({ pageContent }) => pageContent);
      };
      expect((await chosen(1))[1]).toMatch(/^mail server/);
      expect(await chosen(0)).toEqual([expect.any(String), expect.any(String)]);
      expect(await chosen(0.1)).toEqual(['mail server one', 'brown fox']);
      const retriever = store.asRetriever({ k: 2, searchType: 'mmr', searchKwargs: { fetchK: 4, lambda: 0.1 } });
      expect((await retriever.invoke('mail server one')).map(({ pageContent }) => pageContent)).toEqual(
        await chosen(0.1),
      );
    });

    it('replaces documents of ids that are there, takes ids from the call, the documents, or makes them', async () => {
      const store = await filled();
      const again = new Document({ id: 'own', pageContent: 'a mail server again', metadata: { kind: 'new' } });
      expect(await store.addDocuments([again], { ids: ['a'] })).toEqual(['a']);
      expect((await store.similaritySearch('a mail server again', 1))[0]).toEqual(
        new Document({ id: 'a', pageContent: 'a mail server again', metadata: { kind: 'new' } }),
      );
      const named = await store.addDocuments([again, { pageContent: 'unnamed', metadata: {} }]);
      expect(named).toEqual(['own', expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      expect((await store.collection.count({ consistency: 'linearizable' })).count).toBe(5);
      const twice = [notes[0], new Document({ pageContent: 'later', metadata: {} })];
      await store.addDocuments(twice, { ids: ['twice', 'twice'] });
      expect((await store.collection.get('twice'))?.payload.page_content).toBe('later');
    });

    it('deletes by ids, by filter and by both, and nothing by neither', async () => {
      const store = await filled();
      const left = async () => ids(await store.similaritySearch('server', 10)).toSorted();
      await store.delete({ ids: ['a', 'none'], filter: where.field('metadata.kind').eq('animal') });
      expect(await left()).toEqual(['a', 'b', 'c']);
      await store.delete({ ids: [] });
      await expect(store.delete()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(await left()).toEqual(['a', 'b', 'c']);
      await store.delete({ ids: ['a', 'none'] });
      expect(await left()).toEqual(['b', 'c']);
      await store.delete({ filter: where.field('metadata.kind').eq('server') });
      expect(await left()).toEqual(['c']);
    });

    it('finds by words, or by words and embedding, when it is told to', async () => {
      const texts = ['exim4 daemon', 'postfix', 'a text about nothing', 'extremely mixed 4'];
      const text = await VectronVectorStore.fromTexts(texts, {}, letters, options({ mode: 'text' }));
      expect((await text.similaritySearch('Exim4', 4)).map(({ pageContent }) => pageContent)).toEqual(['exim4 daemon']);
      expect(await text.similaritySearch('unheard', 4)).toEqual([]);
      expect(await text.similaritySearch('...', 4)).toEqual([]);
      const hybrid = await VectronVectorStore.fromTexts(texts, {}, letters, options({ mode: 'hybrid' }));
      const found = await hybrid.similaritySearchWithScore('exim4', 4);
      expect(found.map(([{ pageContent }]) => pageContent)[0]).toBe('exim4 daemon');
      expect([found.length, found[0][1] > found[1][1]]).toEqual([4, true]);
      const filter = where.not(where.field('page_content').hasWords('exim4'));
      expect((await hybrid.similaritySearch('exim4', 4, filter)).length).toBe(3);
      // A collection without the index says so.
      const bare = await filled();
      const { client, collection } = bare;
      const other = new VectronVectorStore(letters, { client, collection: collection.name, mode: 'text' });
      await expect(other.similaritySearch('mail', 4)).rejects.toMatchObject({ code: expect.any(String) });
    });

    it('makes the collection as it is told, once, whoever writes first', async () => {
      const make = { distance: 'euclidean', shards: 2, indexes: [{ path: 'metadata.year', type: 'integer' }] } as const;
      const how = options({ make, mode: 'hybrid' });
      const stores = [0, 1, 2].map(() => new VectronVectorStore(letters, how));
      await Promise.all(stores.map((store, at) => store.addDocuments([notes[at]])));
      const { settings, shards } = await how.client.collectionStatus(how.collection ?? '');
      expect([settings.distance, settings.dimension, shards.length]).toEqual(['euclidean', 27, 2]);
      const { indexes } = await how.client.listIndexes(how.collection ?? '');
      expect(indexes.map(({ path, type }) => [path, type]).toSorted()).toEqual([
        ['metadata.year', 'integer'],
        ['page_content', 'text'],
      ]);
      expect((await stores[0].collection.count({ consistency: 'linearizable' })).count).toBe(3);
    });

    it('keeps integers of 64 bits, and names documents that have no JSON form', async () => {
      const store = await filled({ batchSize: 2 });
      const big = 2n ** 60n + 1n;
      await store.addDocuments([new Document({ id: 'big', pageContent: 'big', metadata: { big } })]);
      const [found] = await store.similaritySearch('big', 1, where.field('metadata.big').eq(big));
      expect(found.metadata).toEqual({ big });
      const wrong = [
        notes[0],
        notes[1],
        new Document({ id: 'bad', pageContent: 'bad', metadata: { when: new Date(0) } }),
      ];
      const refused = await store.addDocuments(wrong).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(BulkWriteError);
      expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', ids: ['bad'] });
      const short = store.addVectors([[1]], [notes[0]]);
      await expect(short).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH', ids: ['a'] });
      await expect(store.addVectors([[1]], notes)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(store.addDocuments(notes, { ids: ['a'] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      const uneven = VectronVectorStore.fromTexts(['a', 'b'], [{}], letters, options());
      await expect(uneven).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('shows points of others, whatever their payload is', async () => {
      const store = await filled();
      const { client, collection } = store;
      const vector = await letters.embedQuery('zzz');
      await client.upsert(collection.name, [
        { id: 'other', vector, payload: { page_content: 7, metadata: [1], n: 1 } },
      ]);
      await client.upsert(collection.name, [{ id: 'text', vector, payload: { page_content: 'zzz', n: 1 } }]);
      const found = await store.similaritySearch('zzz', 2);
      expect(found.toSorted((a, b) => String(a.id).localeCompare(String(b.id)))).toEqual([
        new Document({ id: 'other', pageContent: '', metadata: { metadata: [1], n: 1 } }),
        new Document({ id: 'text', pageContent: 'zzz', metadata: { n: 1 } }),
      ]);
    });
  });

  it('refuses options that are none, and keeps the client out of what LangChain writes to traces', () => {
    const client = homes.get('REST') as VectronClient;
    for (const [options, field] of [
      [{ client: 'http://127.0.0.1:8080' }, 'client'],
      [undefined, 'client'],
      [{ client, mode: 'words' }, 'mode'],
    ] as const)
      expect(() => new VectronVectorStore(letters, options as never)).toThrow(field);
    const store = new VectronVectorStore(letters, { client, collection: 'notes' });
    expect(JSON.stringify(store)).not.toContain(system.adminKey);
    expect(store.lc_kwargs).not.toHaveProperty('client');
  });

  it('has a README whose program runs', async () => {
    const [, program] = /```ts\n([\s\S]*?)```/.exec(readFileSync('packages/langchain/README.md', 'utf8')) ?? [];
    const body = program.replace(/^import .*\n/gm, '');
    const connectHere = () => connect(system.http, { apiKey: system.adminKey });
    const shown: unknown[] = [];
    const run = new Function(
      ...['connect', 'Document', 'VectronVectorStore', 'where', 'embeddings', 'console'],
      `return (async () => {${body}})();`,
    );
    const console = { log: (...given: unknown[]) => shown.push(...given) };
    await run(connectHere, Document, VectronVectorStore, where, letters, console);
    expect(shown).toEqual(['A mail server', { kind: 'note', year: 2026 }]);
  });
});

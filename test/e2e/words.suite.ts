import { describe, expect, it } from '@jest/globals';
import { type VectronClient, where } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

const TEXTS = [
  'Node.js loads loadInvoice.py from src/billing',
  'a node of js graphs, in C++ and C#',
  'información sobre la red',
  'las informaciones de la red',
  'データベースを作る',
  'ばば',
  'はは',
  'Straße nach Łódź',
  "l'article du jour",
];

/** Words of texts, and the call that shows them, wherever the database runs. */
export function describeWords(home: string, client: () => VectronClient): void {
  describe(`words, ${home}`, () => {
    const name = `words-${home}`;
    const points = TEXTS.map((text, n) => ({ id: `t${n}`, vector: [n, 1], payload: { text, code: text, es: text } }));
    const ids = async (path: string, text: string) => {
      const { hits } = await client().search(name, {
        vector: [0, 1],
        topK: 20,
        filter: where.field(path).hasWords(text),
      });
      return hits.map(({ id }) => id);
    };
    const inRow = async (path: string, phrase: string) =>
      (await client().search(name, { vector: [0, 1], topK: 20, filter: where.field(path).phrase(phrase) })).hits.map(
        ({ id }) => id,
      );

    it('are found with an index as without one', async () => {
      const db = client();
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2 });
      await db.upsert(name, points);
      const check = async () => {
        expect(await ids('text', 'データ')).toEqual(['t4']);
        expect(await ids('text', 'はは')).toEqual(['t6']);
        expect(await ids('text', 'strasse lodz')).toEqual(['t7']);
        expect(await ids('text', 'article')).toEqual(['t8']);
        expect(await ids('text', 'node')).toEqual(['t0', 't1']);
        expect(await inRow('text', 'node js')).toEqual(['t0']);
        expect(await inRow('text', 'js graphs')).toEqual(['t1']);
      };
      await check();
      await db.createIndex(name, { path: 'text', type: 'text' });
      expect(await db.createIndex(name, { path: 'text', type: 'text', analyzer: 'words' })).toBe(false);
      await expect(db.createIndex(name, { path: 'text', type: 'text', analyzer: 'code' })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('delete it first'),
      });
      await db.createIndex(name, { path: 'code', type: 'text', analyzer: 'code' });
      await db.createIndex(name, { path: 'es', type: 'text', language: 'spanish', stopWords: ['_language_', 'red'] });
      await until(
        'the indexes are ready',
        () => db.listIndexes(name),
        ({ indexes }) => indexes.every((index) => index.ready),
      );
      await check();
      expect((await db.listIndexes(name)).indexes).toContainEqual(
        expect.objectContaining({
          path: 'es',
          language: 'spanish',
          analyzer: 'words',
          stopWords: ['_language_', 'red'],
        }),
      );
      expect(await ids('code', 'invoice')).toEqual(['t0']);
      expect(await ids('code', 'C++')).toEqual(['t1']);
      expect(await ids('es', 'información')).toEqual(['t2', 't3']);
      await expect(ids('es', 'red')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('rank a name before its parts, and phrases are asked for', async () => {
      const ranked = async (text: { query?: string; phrases?: string[] }) => {
        const fields = [{ path: 'text' }];
        const { hits } = await client().query(name, { branches: [{ text: { ...text, fields } }], topK: 20 });
        return hits.map(({ id }) => id);
      };
      expect(await ranked({ query: 'Node.js' })).toEqual(['t0', 't1']);
      expect(await ranked({ query: 'js', phrases: ['js graphs'] })).toEqual(['t1']);
      expect(await ranked({ phrases: ['Node.js loads'] })).toEqual(['t0']);
      await expect(ranked({ query: 'js', phrases: ['...'] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });

    it('are shown as the index makes them', async () => {
      const db = client();
      const shown = async (
        ...asked: Parameters<VectronClient['analyze']> extends [string, ...infer Rest] ? Rest : never
      ) => (await db.analyze(name, ...asked)).map(({ text, kind }) => `${text} ${kind}`);
      expect(await shown('Las informaciones', { path: 'es' })).toEqual(['inform word']);
      expect(await shown('loadInvoice', { index: { analyzer: 'code' } })).toContain('loadinvoice whole');
      const text = '👍 Straße';
      const [token] = await db.analyze(name, text);
      expect(token).toEqual({
        text: 'strasse',
        start: 3,
        end: 9,
        position: 0,
        word: 'Straße',
        kind: 'word',
        asked: true,
      });
      expect(text.slice(token.start, token.end)).toBe('Straße');
      await expect(db.analyze(name, 'x', { path: 'nothing' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(db.analyze(name, 'x', { index: { language: 'klingon' } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await db.deleteCollection(name);
    });
  });
}

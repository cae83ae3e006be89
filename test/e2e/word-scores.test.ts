import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { open, type QueryOptions, type VectronClient } from '@vectron/sdk';

const SHARDS = [1, 3, 8];
const WORDS = ['mail', 'server', 'library', 'kernel', 'agent', 'transport', 'image', 'font'];

/** Texts whose words are neither equally frequent nor equally spread; no two are the same by chance. */
const points = Array.from({ length: 120 }, (_, n) => ({
  id: `p${n}`,
  vector: [Math.cos(n), Math.sin(n)],
  payload: {
    title: WORDS[(n * n) % 7],
    body: Array.from({ length: 1 + (n % 11) }, (_, at) => WORDS[(n * (at + 3) + at * at) % (1 + (n % 8))]).join(' '),
    even: n % 2 === 0,
  },
}));

const text = (query: string, fields: { path: string; boost?: number }[] = []) => ({ text: { query, fields } });
const QUERIES: Record<string, QueryOptions> = {
  'one word': { branches: [text('server')] },
  'several words, one of them twice': { branches: [text('mail mail transport agent')] },
  'fields with boosts': { branches: [text('kernel image', [{ path: 'title', boost: 3 }, { path: 'body' }])] },
  'a field twice': { branches: [text('mail agent', [{ path: 'body' }, { path: 'body', boost: 2 }])] },
  'a filter': { branches: [text('library agent')], filter: { field: 'even', eq: true } },
  'hybrid by ranks': { branches: [text('mail server'), { vector: [1, 0.5], exact: true }] },
  'hybrid by scores': { branches: [text('font agent'), { vector: [0, 1], exact: true }], fusion: 'weighted' },
};

describe('scores of words', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-words-'));
  let db: VectronClient;
  beforeAll(async () => {
    db = await open(dir);
    for (const shards of SHARDS) {
      const indexes = ['title', 'body'].map((path) => ({ path, type: 'text' as const }));
      await db.createCollection(`words-${shards}`, { dimension: 2, shards, indexes });
      await db.upsert(`words-${shards}`, points);
    }
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });

  const answers = async (query: QueryOptions) => {
    const each = SHARDS.map((shards) => db.query(`words-${shards}`, { topK: 1000, ...query }));
    return (await Promise.all(each)).map(({ hits }) => hits.map(({ id, score }) => ({ id, score })));
  };

  async function alike(query: QueryOptions): Promise<void> {
    const [truth, ...others] = await answers(query);
    expect(truth.length).toBeGreaterThan(3);
    const expected = new Map(truth.map(({ id, score }) => [id, score]));
    for (const hits of others) {
      expect(hits.map(({ id }) => id)).toEqual(truth.map(({ id }) => id));
      for (const { id, score } of hits) {
        const truly = expected.get(id) ?? Number.NaN;
        expect(Math.abs(score - truly)).toBeLessThanOrEqual(1e-6 * Math.abs(truly));
      }
    }
  }

  it.each(Object.keys(QUERIES))('do not depend on the number of shards: %s', (name) => alike(QUERIES[name]));

  it('do not depend on it after changes and deletes either', async () => {
    for (const shards of SHARDS) {
      const name = `words-${shards}`;
      await db.deletePoints(name, { filter: { field: 'title', eq: 'server' } });
      await db.updatePoints(name, { filter: { field: 'title', eq: 'kernel' }, set: { body: 'mail server agent' } });
      await db.upsert(name, [{ id: 'p1', vector: [1, 1], payload: { title: 'mail', body: 'font font server' } }]);
    }
    for (const query of Object.values(QUERIES)) await alike(query);
  });
});

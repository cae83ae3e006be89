import { beforeAll, describe, expect, it } from '@jest/globals';
import { upsertAll, type VectronClient } from '@vectron/sdk';

export const LARGE = 1 << 20;
export const LARGE_POINTS = 64;
/** Most bytes of a page that has several points; see docs/data-model.md. */
const PAGE = 4_000_000;

export const largeId = (n: number): string => `p-${String(n).padStart(3, '0')}`;
/** Text that is another one for each point. */
export const largeText = (n: number): string => String.fromCharCode(97 + (n % 26)).repeat(LARGE);

/** What reading, changing and copying points of a megabyte each does, wherever they live. */
export function describeLargePayloads(home: string, client: () => VectronClient): void {
  describe(`points of a megabyte each, ${home}`, () => {
    const name = `large-${home}`;
    const points = () =>
      Array.from({ length: LARGE_POINTS }, (_, n) => ({
        id: largeId(n),
        vector: [n, 1],
        payload: { n, text: largeText(n) },
      }));
    const isWhole = ({ id, payload }: { id: string; payload: unknown }) => {
      const { n, text } = payload as { n: number; text: string };
      return id === largeId(n) && text === largeText(n);
    };

    beforeAll(async () => {
      await client().createCollection(name, {
        dimension: 2,
        distance: 'euclidean',
        shards: 3,
        indexes: [{ path: 'n', type: 'integer' }],
      });
      // 100 points a request would be 100 MiB: batches are cut by their bytes as well.
      expect(await upsertAll(client(), name, points())).toBe(LARGE_POINTS);
    });

    it('counts them at once', async () => {
      const { points, indexLag, shards } = await client().collectionStatus(name);
      expect([points, shards.length, shards.some(({ errorCode }) => errorCode !== undefined)]).toEqual([64, 3, false]);
      expect(indexLag).toBeLessThanOrEqual(LARGE_POINTS);
    });

    it.each([
      ['by id', {}],
      ['by a value', { orderBy: { path: 'n', descending: true } }],
      ['by a filter', { filter: { field: 'n', lt: 20 } as const }],
    ])('gives pages %s that are full by their bytes, and all of the points once', async (_, options) => {
      const seen: number[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await client().listPoints(name, { ...options, limit: 1000, cursor, includeVectors: true });
        expect(page.points.length).toBeGreaterThan(0);
        expect(page.points.length * LARGE).toBeLessThanOrEqual(PAGE);
        expect(page.points.every(isWhole)).toBe(true);
        seen.push(...page.points.map(({ payload }) => payload.n as number));
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      const all = Array.from({ length: LARGE_POINTS }, (_, n) => n);
      const wanted = 'filter' in options ? all.filter((n) => n < 20) : 'orderBy' in options ? all.reverse() : all;
      expect(seen).toEqual(wanted);
    });

    it('refuses a search whose answer would be too large, and says what to do', async () => {
      const ask = { vector: [1, 1], topK: 1000, timeoutMs: 60_000 };
      const refused = client().search(name, ask);
      await expect(refused).rejects.toMatchObject({
        code: 'ANSWER_TOO_LARGE',
        message: expect.stringMatching(/more than 62914560 bytes.*topK.*includeMetadata/) as unknown,
      });
      const query = client().query(name, { branches: [{ vector: [1, 1] }], topK: 1000, timeoutMs: 60_000 });
      await expect(query).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
      expect((await client().search(name, { ...ask, includePayload: false })).hits.length).toBe(LARGE_POINTS);
      const some = await client().search(name, { ...ask, topK: 20 });
      expect([some.hits.length, some.hits.every(isWhole), some.complete]).toEqual([20, true, true]);
    });

    it('changes all of them by a filter, and by their ids', async () => {
      const filter = { field: 'n', gte: 0 } as const;
      expect((await client().updatePoints(name, { filter, set: { seen: 1 } })).updated).toBe(LARGE_POINTS);
      const ids = Array.from({ length: 5 }, (_, n) => largeId(n));
      expect((await client().updatePoints(name, { ids, set: { seen: 2 } })).updated).toBe(ids.length);
      const { values } = await client().facets(name, 'seen');
      expect(values).toEqual([
        { value: 1, count: LARGE_POINTS - ids.length },
        { value: 2, count: ids.length },
      ]);
    });

    it('names the point that is too large for one request', async () => {
      if (home === 'embedded') return;
      await client().createCollection(`huge-${home}`, { dimension: 2, distance: 'euclidean' });
      const huge = { id: 'huge', vector: [1, 1], payload: { text: 'x'.repeat(33 << 20) } };
      const refused = upsertAll(client(), `huge-${home}`, [{ id: 'small', vector: [2, 2] }, huge]);
      await expect(refused).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        message: expect.stringContaining('point "huge" alone') as unknown,
      });
    });
  });
}

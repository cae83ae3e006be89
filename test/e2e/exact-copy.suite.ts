import { describe, expect, it } from '@jest/globals';
import { type Change, type Point, type StoredPoint, type VectronClient, where } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

const IDS = 120;
const WRITERS = 4;
const COLOURS = ['red', 'green', 'blue', 'ÄÖ', '日本'];

/** Numbers from 0 to 1; equal seeds give equal numbers (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function somePoint(next: () => number): Point {
  const n = Math.floor(next() * 1e9);
  return {
    id: `p-${Math.floor(next() * IDS)}`,
    vector: [next() - 0.5, next() * 1e-30, next() * 1e18],
    payload: {
      colour: COLOURS[n % COLOURS.length],
      n,
      big: 9007199254740993n + BigInt(n),
      nested: { list: [n, null, 0.1, 'x', { deep: next() }] },
    },
    ...(n % 2 === 0 ? { sparse: { words: { indices: [n % 50, 50 + (n % 7)], values: [next(), -next()] } } } : {}),
    ...(n % 3 === 0 ? { vectors: { title: [next(), -next()] } } : {}),
    ...(n % 11 === 0 ? { ttlSeconds: 1 } : {}),
  };
}

/** One write of any kind. */
async function someWrite(db: VectronClient, name: string, next: () => number): Promise<void> {
  const ids = [1, 2, 3].map(() => `p-${Math.floor(next() * IDS)}`);
  const filter = where.field('colour').eq(COLOURS[Math.floor(next() * COLOURS.length)]);
  const kind = next();
  if (kind < 0.5) {
    const points = new Map([1, 2, 3, 4].map(() => somePoint(next)).map((point) => [point.id, point]));
    await db.upsert(name, [...points.values()]);
  } else if (kind < 0.7) await db.updatePoints(name, { ids, set: { patched: next(), 'nested.more': true } });
  else if (kind < 0.75) await db.updatePoints(name, { filter, set: { filtered: next() }, remove: ['n'] });
  else if (kind < 0.9) await db.delete(name, ids[0]);
  else if (kind < 0.97) await db.deletePoints(name, { ids });
  else await db.deletePoints(name, { filter });
}

/** A collection in memory, by id, that is made of a snapshot and the changes after it. */
class Copy {
  readonly points = new Map<string, StoredPoint>();
  /** Of each shard, the last log index that was applied. */
  readonly #last = new Map<number, bigint>();
  readonly #seen = new Set<string>();

  apply({ shardId, logIndex, kind, ...point }: Change): void {
    const name = `${shardId} ${logIndex} ${point.id}`;
    if (this.#seen.has(name)) throw new Error(`told twice: ${name}`);
    this.#seen.add(name);
    if (logIndex < (this.#last.get(shardId) ?? 0n)) throw new Error(`out of order: ${name}`);
    this.#last.set(shardId, logIndex);
    if (kind === 'delete') this.points.delete(point.id);
    else this.points.set(point.id, point as StoredPoint);
  }
}

export async function allPoints(points: AsyncIterable<StoredPoint>): Promise<Map<string, StoredPoint>> {
  const all = new Map<string, StoredPoint>();
  for await (const point of points) all.set(point.id, point);
  return all;
}

async function* current(db: VectronClient, name: string): AsyncGenerator<StoredPoint> {
  for (let cursor: string | undefined; ; ) {
    const asked = { limit: 50, cursor, includeVectors: true, consistency: 'linearizable' } as const;
    const page = await db.listPoints(name, asked);
    yield* page.points;
    cursor = page.nextCursor;
    if (cursor === undefined) return;
  }
}

const sorted = (points: ReadonlyMap<string, StoredPoint>) =>
  [...points.values()].sort(({ id: a }, { id: b }) => (a < b ? -1 : 1));

/**
 * Takes a snapshot while writers are at work, and applies the changes after it until they have stopped: the copy is the
 * original, point by point. `meanwhile`: what happens once the first page of the snapshot was read.
 */
export async function copyIsExact(
  db: VectronClient,
  name: string,
  { seed, shards, meanwhile }: { seed: number; shards: number; meanwhile?: () => Promise<void> },
): Promise<void> {
  await db.createCollection(name, {
    dimension: 3,
    distance: 'euclidean',
    shards,
    sparseVectors: ['words'],
    namedVectors: [{ name: 'title', dimension: 2, distance: 'dot' }],
  });
  let writes = 0;
  let stop = false;
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    for (const next = random(seed + writer); !stop; writes++) await someWrite(db, name, next);
  });
  // A write that fails ends the waiting for more of them.
  const all = Promise.all(writers);
  all.catch(() => {});
  const some = (count: number, after = writes) =>
    Promise.race([until('more writes', () => writes >= after + count), all]);
  try {
    await some(150);
    const copy = new Copy();
    const snapshot = await db.snapshot(name);
    const marked = writes;
    await db.upsert(name, [{ id: 'late', vector: [0, 0, 0] }]);
    for await (const point of snapshot.points({ limit: 10 })) {
      // Most of its pages are read long after the moment.
      if (copy.points.size === 5) {
        await meanwhile?.();
        await some(150, marked);
      }
      copy.points.set(point.id, point);
    }
    expect(copy.points.size).toBe(snapshot.count);
    expect(copy.points.has('late')).toBe(false);
    const again = await allPoints(snapshot.points({ limit: 1000 }));
    expect(sorted(again)).toEqual(sorted(copy.points));
    const red = where.field('colour').eq('red');
    const chosen = await allPoints(snapshot.points({ limit: 7, filter: red }));
    expect([...chosen.keys()].sort()).toEqual(
      sorted(again).flatMap(({ id, payload }) => (payload.colour === 'red' ? [id] : [])),
    );
    expect(await snapshot.close()).toBe(true);
    await expect(db.listPoints(name, { snapshot: snapshot.token })).rejects.toMatchObject({ code: 'SNAPSHOT_GONE' });
    await some(50);
    stop = true;
    await all;
    let { cursor } = snapshot;
    // Points expire still: the copy is compared once both stand still.
    await until('the copy is the original', async () => {
      const { changes, nextCursor } = await db.listChanges(name, { cursor });
      for (const change of changes) copy.apply(change);
      cursor = nextCursor;
      expect(changes).toEqual([]);
      expect(sorted(copy.points)).toEqual(sorted(await allPoints(current(db, name))));
      return true;
    });
    expect(copy.points.has('late')).toBe(true);
  } finally {
    stop = true;
    await Promise.allSettled(writers);
  }
}

/** Snapshots and the change feed, wherever the database runs. */
export function describeExactCopy(home: string, client: () => VectronClient): void {
  describe(`an exact copy, ${home}`, () => {
    for (const shards of [1, 3]) {
      it(`is a snapshot and the changes after it, with ${shards} shards`, async () => {
        const name = `copied-${shards}-${home}`;
        await copyIsExact(client(), name, { seed: 19 * shards, shards });
        await client().deleteCollection(name);
      });
    }

    it('begins where it is asked to, and refuses cursors and snapshots that no answer gave', async () => {
      const db = client();
      const name = `cursors-${home}`;
      await db.createCollection(name, { dimension: 1, distance: 'dot', shards: 2 });
      const points = Array.from({ length: 20 }, (_, n) => ({ id: `p${n}`, vector: [n] }));
      await db.upsert(name, points);
      const now = await db.listChanges(name, { from: 'now' });
      expect(now.changes).toEqual([]);
      await db.upsert(name, [{ id: 'after', vector: [1] }]);
      const told = async (cursor?: string) => {
        const { changes, nextCursor } = await db.listChanges(name, { cursor, waitMs: 2_000 });
        return { ids: changes.map(({ id }) => id), nextCursor };
      };
      expect((await told(now.nextCursor)).ids).toEqual(['after']);
      // Whatever replica answers, the first ones come first.
      expect((await told()).ids).toContain('p0');
      const [, collection, ...shards] = now.nextCursor.split('.');
      const wrong = [
        'c1',
        now.nextCursor.slice(0, -1),
        `c1.${collection}`,
        `c1.${collection}.${shards[0]}`,
        `${now.nextCursor}.${shards[0]}`,
        `${now.nextCursor}.999999-1`,
        `c1.${collection}.${shards.map((row) => row.replace(/-.*/, '-0')).join('.')}`,
        `c1.${collection}.${shards.map((row) => row.replace(/-.*/, '-900719925474')).join('.')}`,
        `c1.${collection}.${shards.map((row) => row.replace(/-.*/, '-99999999999999999999')).join('.')}`,
      ].filter((cursor) => cursor !== now.nextCursor.slice(0, -1) || /-$/.test(cursor));
      for (const cursor of wrong) {
        await expect(db.listChanges(name, { cursor })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          details: { field: 'cursor' },
        });
      }
      const both = db.listChanges(name, { cursor: now.nextCursor, from: 'now' });
      await expect(both).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'from' } });
      const snapshot = await db.snapshot(name);
      const listed = (asked: object) => db.listPoints(name, { snapshot: snapshot.token, ...asked });
      await expect(listed({ orderBy: { path: 'n' } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { field: 'orderBy' },
      });
      for (const made of ['s1.', 's1.AAAA', snapshot.token.slice(0, -3), `${snapshot.token}=`, 'x'.repeat(50)])
        await expect(listed({ snapshot: made })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await db.deleteCollection(name);
      await db.createCollection(name, { dimension: 1, distance: 'dot' });
      await expect(listed({})).rejects.toMatchObject({ code: 'SNAPSHOT_GONE' });
      const old = db.listChanges(name, { cursor: now.nextCursor });
      await expect(old).rejects.toMatchObject({
        code: 'CHANGES_GONE',
        details: expect.not.objectContaining({ lost: expect.anything() }),
      });
      await db.deleteCollection(name);
    });
  });
}

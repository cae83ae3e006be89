import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { filterMessage } from '@vectron/model';
import { filters } from '@vectron/proto';
import { type Filter, open, type VectronClient, where } from '@vectron/sdk';
import * as fc from 'fast-check';

const { field, and, or, not, hasId, nested } = where;
const PATHS = ['a', 'b', 'list.x', 'list.y', 'deep.er'];
const WORDS = ['red', 'green', 'blue', 'redder'];

const scalar = fc.oneof(fc.constantFrom(...WORDS), fc.integer({ min: -3, max: 3 }), fc.boolean());
const value = fc.oneof(
  scalar,
  fc.constant(null),
  fc.array(scalar, { maxLength: 3 }),
  fc.double({ min: -2, max: 2, noNaN: true }),
);
const document = fc.record(
  {
    a: value,
    b: value,
    list: fc.array(fc.record({ x: value, y: value }, { requiredKeys: [] }), { maxLength: 3 }),
    deep: fc.record({ er: value }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const bound = fc.integer({ min: -3, max: 3 });
const leaf = (paths: string[]): fc.Arbitrary<Filter> => {
  const path = fc.constantFrom(...paths);
  return fc.oneof(
    fc.tuple(path, scalar).map(([at, one]) => field(at).eq(one)),
    fc.tuple(path, fc.array(scalar, { maxLength: 3 })).map(([at, some]) => field(at).in(...some)),
    fc.tuple(path, fc.array(scalar, { maxLength: 3 })).map(([at, some]) => field(at).notIn(...some)),
    fc.tuple(path, bound, bound).map(([at, gte, lt]) => field(at).range({ gte, lt })),
    fc.tuple(path, fc.constantFrom('re', 'red', 'x', '')).map(([at, start]) => field(at).startsWith(start)),
    fc.tuple(path, fc.boolean()).map(([at, exists]) => field(at).exists(exists)),
    fc.tuple(path, fc.boolean()).map(([at, isNull]) => field(at).isNull(isNull)),
  );
};
const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf(PATHS),
    fc.array(fc.constantFrom('p0', 'p1', 'p2'), { maxLength: 2 }).map((ids) => hasId(...ids)),
    fc.tuple(leaf(['x', 'y']), leaf(['x', 'y'])).map(([one, two]) => nested('list', and(one, two))),
    fc.array(tie('filter'), { maxLength: 3 }).map((all) => and(...all)),
    fc.array(tie('filter'), { maxLength: 3 }).map((any) => or(...any)),
    fc.array(tie('filter'), { maxLength: 2 }).map((none) => not(...none)),
  ),
})).filter;

/** The meaning of the JSON form, said once more and without any index. */
function passes(one: Filter, id: string, json: Json): boolean {
  if ('all' in one) return one.all.every((member) => passes(member, id, json));
  if ('any' in one) return one.any.some((member) => passes(member, id, json));
  if ('none' in one) return !one.none.some((member) => passes(member, id, json));
  if ('ids' in one) return one.ids.includes(id);
  if ('nested' in one) {
    const { path, filter: inner } = one.nested;
    return at(json, path.split('.')).some((found) => isObject(found) && passes(inner, id, found));
  }
  const found = at(json, one.field.split('.'));
  if (one.eq !== undefined) return found.some((leaf) => leaf === one.eq);
  if (one.in !== undefined) return found.some((leaf) => one.in?.includes(leaf as string));
  if (one.notIn !== undefined) return !found.some((leaf) => one.notIn?.includes(leaf as string));
  if (one.prefix !== undefined)
    return found.some((leaf) => typeof leaf === 'string' && leaf.startsWith(one.prefix ?? ''));
  if (one.exists !== undefined) return found.some((leaf) => leaf !== null) === one.exists;
  if (one.isNull !== undefined) return found.some((leaf) => leaf === null) === one.isNull;
  return found.some((leaf) => typeof leaf === 'number' && leaf >= Number(one.gte) && leaf < Number(one.lt));
}

const isObject = (json: Json): json is { [key: string]: Json } =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

function at(json: Json, [key, ...rest]: string[]): Json[] {
  if (Array.isArray(json)) return json.flatMap((item) => at(item, key === undefined ? [] : [key, ...rest]));
  if (key === undefined) return [json];
  return isObject(json) && Object.hasOwn(json, key) ? at(json[key], rest) : [];
}

describe('filters', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vectron-filters-'));
  let db: VectronClient;
  let made = 0;
  beforeAll(async () => {
    db = await open(dir);
  });
  afterAll(async () => {
    await db?.close();
    rmSync(dir, { recursive: true });
  });

  it('find what a naive evaluator finds, with any indexes, by search, list and count', async () => {
    const types = ['keyword', 'integer', 'bool', 'text'] as const;
    const index = fc.record({ path: fc.constantFrom(...PATHS), type: fc.constantFrom(...types) });
    const run = async (documents: Json[], some: Filter[], indexes: { path: string; type: 'text' }[]) => {
      const name = `random-${++made}`;
      await db.createCollection(name, { dimension: 2, distance: 'euclidean', shards: 2, indexes });
      const points = documents.map((payload, n) => ({
        id: `p${n}`,
        vector: [n, 1],
        payload: payload as Record<string, unknown>,
      }));
      await db.upsert(name, points);
      for (const one of some) {
        const expected = points.filter(({ id, payload }) => passes(one, id, payload as Json)).map(({ id }) => id);
        const found = await db.search(name, { vector: [0, 1], topK: 100, filter: one });
        expect(found.hits.map(({ id }) => id)).toEqual(expected);
        const listed = await db.listPoints(name, { limit: 100, filter: one });
        expect(listed.points.map(({ id }) => id).sort()).toEqual([...expected].sort());
        expect((await db.count(name, { filter: one })).count).toBe(expected.length);
      }
      await db.deleteCollection(name);
    };
    const property = fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 9 }),
      fc.array(filter, { minLength: 4, maxLength: 4 }),
      fc.uniqueArray(index, { maxLength: 4, selector: ({ path, type }) => `${path} ${type}` }),
      (documents, some, indexes) => run(documents as Json[], some, indexes as { path: string; type: 'text' }[]),
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it('are the same as JSON, from the builder, and as protobuf', () => {
    fc.assert(
      fc.property(filter, (built) => {
        const message = filterMessage(built);
        // What travels on gRPC, and what travels on REST.
        expect(filters.Filter.decode(filters.Filter.encode(message).finish())).toEqual(message);
        expect(filterMessage(JSON.parse(JSON.stringify(built)))).toEqual(message);
        const snake = JSON.stringify(built).replaceAll('"notIn"', '"not_in"').replaceAll('"isNull"', '"is_null"');
        expect(filterMessage(JSON.parse(snake))).toEqual(message);
      }),
    );
  });
});

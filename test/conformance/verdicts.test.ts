import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Point, StoredPoint } from '@vectron/sdk';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { Unsayable } from './verdicts/carriers.js';
import { COLLECTION, type Home, type HomeName, type Method, openHomes, type Verdict } from './verdicts/homes.js';
import type { Row } from './verdicts/rows.js';
import { ROWS } from './verdicts.table.js';

const BASE: readonly Point[] = [
  { id: 'a', vector: [1, 2], payload: { n: 1, tag: 'x' } },
  {
    id: 'b',
    vector: [2, 1],
    payload: { n: 2 },
    vectors: { title: [1, 0] },
    sparse: { words: { indices: [3], values: [1] } },
  },
  { id: 'c', vector: [1, 1], payload: { n: 3 } },
];

/** What a point holds, without what differs from write to write. */
const held = ({ id, vector, payload, sparse, vectors, expiresAt }: StoredPoint) => ({
  id,
  vector: Array.from(vector ?? []),
  payload,
  sparse,
  vectors: Object.entries(vectors ?? {}).map(([name, one]) => [name, Array.from(one)]),
  expires: expiresAt !== undefined,
});

async function state({ data }: Home): Promise<unknown> {
  const { points } = await data.listPoints(COLLECTION, { includeVectors: true, limit: 1000 });
  const names = (await data.listCollections()).map(({ name }) => name);
  return { points: points.map(held), collections: names.sort(), aliases: await data.listAliases() };
}

/** Deletes what an input made, and brings back what it changed. */
async function restore({ data }: Home): Promise<void> {
  for (const { name } of await data.listCollections()) if (name !== COLLECTION) await data.deleteCollection(name);
  const ids = (await data.listPoints(COLLECTION, { limit: 1000 })).points.map(({ id }) => id);
  const others = ids.filter((id) => !BASE.some((one) => one.id === id));
  for (const id of others) await data.delete(COLLECTION, id);
  await data.upsert(COLLECTION, BASE);
}

/** Names of fields in one spelling. */
const place = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll('-', '_');

describe('the same verdict in every home', () => {
  let system: ProcessSystem;
  let homes: Home[];
  /** One of each database. */
  let stores: Home[];
  let before: Map<HomeName, string>;

  beforeAll(async () => {
    system = await startSingle();
    homes = await openHomes(system);
    stores = homes.filter(({ name }) => name === 'REST' || name === 'embedded');
    for (const { data } of stores) {
      const namedVectors = [{ name: 'title', dimension: 2, distance: 'dot' as const }];
      await data.createCollection(COLLECTION, {
        dimension: 2,
        distance: 'dot',
        shards: 2,
        sparseVectors: ['words'],
        namedVectors,
      });
      await data.upsert(COLLECTION, BASE);
    }
    const states = homes.map(async (home) => [home.name, JSON.stringify(await state(home), large)] as const);
    before = new Map(await Promise.all(states));
  });
  afterAll(async () => {
    for (const home of homes ?? []) await home.close();
    await system?.stop();
  });

  /** What is wrong with the verdict of a home; empty: nothing. */
  function faultOf(row: Row, verdict: Verdict): string {
    if (verdict.code === 'OK') return row.verdict === 'OK' ? '' : 'OK';
    const told = `${verdict.code} at ${verdict.field ?? 'no place'}: ${verdict.message.slice(0, 150)}`;
    if (verdict.code !== row.verdict) return told;
    if (row.at === undefined) return '';
    // The command line names a flag, in its message.
    const named =
      verdict.field === undefined
        ? place(verdict.message).includes(place(row.at.split('.').at(-1) as string))
        : place(verdict.field) === place(row.at);
    return named ? '' : told;
  }

  /** What there is in the store of a home, unless that is as it was: it is brought back then. */
  async function changed(home: Home): Promise<string | undefined> {
    const now = JSON.stringify(await state(home), large);
    if (now === before.get(home.name)) return undefined;
    await restore(home);
    return now;
  }

  it.each(ROWS.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const faults: string[] = [];
    const effects: [HomeName, string][] = [];
    let asked = 0;
    for (const home of homes) {
      if (row.not?.[home.name] !== undefined) continue;
      let verdict: Verdict;
      try {
        verdict = await home.ask(row);
      } catch (error) {
        if (!(error instanceof Unsayable)) faults.push(`${home.name}: throws ${String(error)}`);
        continue;
      }
      asked += 1;
      const fault = faultOf(row, verdict);
      if (fault !== '') faults.push(`${home.name}: ${fault}`);
      if (verdict.code === 'OK') {
        effects.push([
          home.name,
          JSON.stringify([verdict.answer, READS.has(row.method) ? '' : await changed(home)], large),
        ]);
      }
    }
    // Five homes have one store, and none of them was to change it.
    if (row.verdict !== 'OK' && !READS.has(row.method)) {
      for (const home of stores) if ((await changed(home)) !== undefined) faults.push(`${home.name} has changed`);
    }
    const [first] = effects;
    for (const [name, effect] of effects) {
      if (effect !== first[1]) faults.push(`${name} has another effect than ${first[0]}: ${effect} and ${first[1]}`);
    }
    expect({ faults, asked }).toEqual({ faults: [], asked: expect.any(Number) });
    expect(asked).toBeGreaterThan(0);
  });
});

const READS: ReadonlySet<Method> = new Set([
  ...(['search', 'query', 'listPoints', 'count', 'facets', 'get', 'listChanges', 'measureRecall'] as const),
]);

/** JSON.stringify has no bigint. */
const large = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);

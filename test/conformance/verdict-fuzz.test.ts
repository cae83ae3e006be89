import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredPoint } from '@vectron/sdk';
import fc from 'fast-check';
import { type ProcessSystem, startSingle } from '../harness/system.js';
import { Unsayable } from './verdicts/carriers.js';
import { COLLECTION, type Home, type Input, openHomes } from './verdicts/homes.js';

/**
 * Requests with one odd value each, drawn from a seed: REST, the SDK over gRPC and the embedded database have the same verdict,
 * and what was accepted reads back the same. `VECTRON_FUZZ_SEED` replays a run, `VECTRON_FUZZ_RUNS` makes it longer.
 */
const SEED = Number(process.env.VECTRON_FUZZ_SEED ?? 20_261_127);
const RUNS = Number(process.env.VECTRON_FUZZ_RUNS ?? 150);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', '__proto__', 'constructor', '\ud800', 'a.b', '\0', '\ufeff', '\ufffd'),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 1e39, -1e39, 1e300, 5e-324, 3.4e38),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double(),
  fc.integer(),
);
const odd: fc.Arbitrary<unknown> = fc.oneof(
  { depthSize: 'small', withCrossShrink: true },
  number,
  text,
  fc.constantFrom(null, undefined, true, false, [], {}),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.array(number, { maxLength: 3 }),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, number, { maxKeys: 3 }),
);
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, number, text, fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(text, tie('value'), { maxKeys: 4 }),
})).object;

const point = { id: 'x', vector: [1, 2] };
const oneOf = (names: readonly string[]) => fc.tuple(fc.constantFrom(...names), odd);
const upserts = fc
  .oneof(
    oneOf(['id', 'vector', 'payload', 'sparse', 'vectors', 'ttlSeconds', 'ifVersion', 'text', 'other']),
    fc.tuple(fc.constant('vector'), fc.array(odd, { minLength: 1, maxLength: 3 })),
    fc.tuple(fc.constant('payload'), json),
    fc.tuple(fc.constant('id'), text),
  )
  .map(([name, value]): Input => ({ method: 'upsert', given: [{ ...point, [name]: value }] }));
const searches = oneOf([
  'vector',
  'topK',
  'ef',
  'recall',
  'scoreThreshold',
  'timeoutMs',
  'exact',
  'using',
  'likeId',
  'filter',
  'includeVectors',
  'topk',
]).map(([name, value]): Input => ({ method: 'search', given: { vector: [1, 2], [name]: value } }));
const filters = oneOf(['eq', 'in', 'notIn', 'gt', 'lte', 'prefix', 'exists', 'isNull', 'other']).map(
  ([name, value]): Input => ({ method: 'count', given: { filter: { field: 'n', [name]: value } } }),
);
const pages = oneOf(['limit', 'includeVectors', 'orderBy', 'filter', 'other']).map(
  ([name, value]): Input => ({ method: 'listPoints', given: { [name]: value } }),
);
const changes = oneOf(['ids', 'filter', 'set', 'remove', 'replace', 'ifVersion', 'other']).map(
  ([name, value]): Input => ({ method: 'updatePoints', given: { ids: ['x'], set: { k: 1 }, [name]: value } }),
);
const requests = fc.oneof(upserts, upserts, searches, filters, pages, changes);

const FUZZED = ['REST', 'SDK over gRPC', 'embedded'];
const held = ({ id, vector, payload, sparse, vectors, expiresAt }: StoredPoint) =>
  JSON.stringify(
    [
      id,
      [...(vector ?? [])],
      payload,
      sparse,
      Object.entries(vectors ?? {}).map(([name, one]) => [name, ...one]),
      expiresAt !== undefined,
    ],
    (_key, value) =>
      typeof value === 'bigint'
        ? `${value}n`
        : typeof value === 'object' && value !== null && !Array.isArray(value)
          ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
          : value,
  );

describe('random requests have one verdict', () => {
  let system: ProcessSystem;
  let homes: Home[];
  beforeAll(async () => {
    system = await startSingle();
    const all = await openHomes(system);
    homes = all.filter(({ name }) => FUZZED.includes(name));
    for (const home of all) if (!homes.includes(home) && home.name !== 'SDK over REST') await home.close();
    for (const { data, name } of homes) {
      if (name !== 'SDK over gRPC')
        await data.createCollection(COLLECTION, { dimension: 2, distance: 'dot', sparseVectors: ['words'] });
    }
  });
  afterAll(async () => {
    for (const home of homes ?? []) await home.close();
    await system?.stop();
  });

  /** The code of each home, and what its database holds then, which is as before for the next. */
  async function ask(home: Home, input: Input): Promise<string> {
    const stored = async () => (await home.data.listPoints(COLLECTION, { includeVectors: true, limit: 1000 })).points;
    for (const { id } of await stored()) await home.data.delete(COLLECTION, id);
    await home.data.upsert(COLLECTION, [{ ...point, payload: { n: 1 } }]);
    const verdict = await home.ask(input);
    return [verdict.code, ...(await stored()).map(held)].join('\n');
  }

  it(`drawn from the seed ${SEED}, ${RUNS} times`, async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (input) => {
        const verdicts = new Map<string, string>();
        for (const home of homes) {
          try {
            verdicts.set(home.name, await ask(home, input));
          } catch (error) {
            if (!(error instanceof Unsayable)) throw error;
          }
        }
        compared += verdicts.size > 1 ? 1 : 0;
        const [first] = verdicts.values();
        expect(Object.fromEntries(verdicts)).toEqual(
          Object.fromEntries([...verdicts.keys()].map((name) => [name, first])),
        );
      }),
      { seed: SEED, numRuns: RUNS },
    );
    expect(compared).toBeGreaterThan(RUNS / 2);
  });
});

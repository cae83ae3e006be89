import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { placement, workerData } from '@vectron/proto';
import fc from 'fast-check';
import { type AskShard, changePoints, countsOf, PAGE_BYTES, pagePoints, Route, splitHashSpace } from './index.js';
import { barePoints } from './points-by-id.js';

const routeOf = (shards: number) =>
  new Route(
    placement.Collection.fromPartial({
      id: 'c',
      name: 'c',
      dimension: 1,
      shards: splitHashSpace(shards).map(({ first, last }, at) => ({
        shardId: at + 1,
        firstHash: first,
        lastHash: last,
      })),
    }),
  );

interface Stored {
  readonly id: string;
  readonly bytes: number;
  readonly value: number;
}

const payloads = new Map<number, Buffer>();
/** A payload of about so many bytes, made once. */
function payloadOf(bytes: number): Buffer {
  const payload = payloads.get(bytes) ?? Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes) }));
  payloads.set(bytes, payload);
  return payload;
}

/** Shards that answer as the core does: pages and points by id end where they are full. */
function shardsOf(route: Route, stored: readonly Stored[]): AskShard {
  return async (shard, op) => {
    const own = stored.filter(({ id }) => route.shardOf(id) === shard);
    const answer = (outcome: workerData.ShardOutcome['outcome']) =>
      ({ outcome, appliedIndex: 1n, worker: 1 }) as Awaited<ReturnType<AskShard>>;
    const point = ({ id, bytes }: Stored): workerData.PointData => ({ ...NO_POINT, id, payload: payloadOf(bytes) });
    const filled = (some: readonly Stored[], maxBytes: number) => {
      let [count, bytes] = [0, 0];
      for (const one of some) {
        bytes += one.bytes;
        if (count > 0 && maxBytes > 0 && bytes > maxBytes) break;
        count += 1;
      }
      return some.slice(0, count);
    };
    if (op.$case === 'scroll') {
      const { after, limit, orderBy, maxBytes } = op.value;
      const byId = (a: Stored, b: Stored) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id));
      const from = orderBy?.afterValue === undefined ? undefined : Number(orderBy.afterValue);
      const isLater = (one: Stored) =>
        from === undefined ? one.id > after : one.value > from || (one.value === from && one.id > after);
      const rest = own.filter(isLater).sort((a, b) => (orderBy ? a.value - b.value : 0) || byId(a, b));
      const page = filled(rest.slice(0, limit), maxBytes);
      const values = orderBy === undefined ? [] : page.map(({ value }) => String(value));
      const keys = orderBy === undefined ? [] : page.map((one) => Buffer.from([one.value]));
      const value = { points: page.map(point), values, keys, unindexed: false, more: page.length < rest.length };
      return answer({ $case: 'page', value });
    }
    if (op.$case === 'get') {
      const rest = op.value.ids.flatMap((id) => own.filter((one) => one.id === id));
      const page = filled(rest, op.value.maxBytes ?? 0);
      const more = page.length < rest.length;
      return answer({
        $case: 'page',
        value: { points: page.map(point), values: [], keys: [], unindexed: false, more },
      });
    }
    throw new VectronError('INTERNAL', `not asked here: ${op.$case}`);
  };
}

const NO_POINT = workerData.PointData.fromPartial({});
const MEBI = 1 << 20;
const request = { limit: 0, cursor: '', filter: undefined, orderBy: undefined };

it('gives all points once in their order, however large they are and over however many shards, in pages that are not too large', async () => {
  const points = fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z]{1,4}$/),
      bytes: fc.constantFrom(10, 10, MEBI, 5 * MEBI),
      value: fc.nat(5),
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  );
  const property = fc.asyncProperty(
    points,
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 9 }),
    fc.boolean(),
    async (stored, shards, limit, ordered) => {
      const route = routeOf(shards);
      const ask = shardsOf(route, stored);
      const orderBy = ordered ? { path: 'value', descending: false } : undefined;
      const seen: string[] = [];
      for (let cursor = ''; ; ) {
        const page = await pagePoints(route, { ...request, limit, cursor, orderBy }, ask);
        const bytes = page.points.reduce((sum, { payload }) => sum + payload.length, 0);
        expect(page.points.length === 1 || bytes <= PAGE_BYTES).toBe(true);
        expect(page.points.length).toBeLessThanOrEqual(limit);
        seen.push(...page.points.map(({ id }) => id));
        cursor = page.nextCursor;
        if (cursor === '') break;
        expect(page.points.length).toBeGreaterThan(0);
      }
      const all = [...stored].sort((a, b) => (ordered ? a.value - b.value : 0) || (a.id < b.id ? -1 : 1));
      expect(seen).toEqual(all.map(({ id }) => id));
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

it('counts what a payload has as google.protobuf.Struct, which may be five times its JSON text', async () => {
  const route = routeOf(1);
  const payload = Buffer.from(JSON.stringify({ digits: Array(200_000).fill(1) }));
  const points = ['a', 'b', 'c', 'd'].map((id) => workerData.PointData.fromPartial({ id, payload }));
  const value = { points, values: [], keys: [], unindexed: false, more: false };
  const ask: AskShard = async () => ({ outcome: { $case: 'page', value }, appliedIndex: 1n, worker: 1 });
  const page = await pagePoints(route, { ...request, limit: 10 }, ask);
  // 2.6 MB each, of 400 kB of text, which comes as well.
  expect([page.points.map(({ id }) => id), page.nextCursor]).toEqual([['a'], 'a']);
});

it('takes a page that is short for the end only when the shard says so', async () => {
  const route = routeOf(2);
  const stored = Array.from({ length: 12 }, (_, n) => ({ id: `p${n}`, bytes: 5 * MEBI, value: n }));
  const changed: string[] = [];
  const write = async (_: placement.Shard, { ids }: workerData.Mutation) => {
    changed.push(...ids);
    return { index: 1n, affected: ids.length };
  };
  const filter = { condition: { $case: 'ids' as const, value: { ids: ['p1'] } } };
  const action = { $case: 'delete', value: true } as const;
  const { affected } = await changePoints(route, { ids: [], filter, action }, shardsOf(route, stored), write);
  expect([affected, changed.length, new Set(changed).size]).toEqual([12n, 12, 12]);
  const [shard] = route.shards;
  const own = stored.filter(({ id }) => route.shardOf(id) === shard).map(({ id }) => id);
  const found = await barePoints(shard, [...own, 'none', own[0]], shardsOf(route, stored));
  expect(found.map(({ id }) => id)).toEqual(own);
});

it('says of each shard what it holds, or why it does not say it', async () => {
  const route = routeOf(3);
  const ask: AskShard = async ({ shardId }) => {
    if (shardId === 2) throw new VectronError('UNAVAILABLE', 'away');
    const value = workerData.SchemaStatus.fromPartial({ points: 7n, indexLag: 2n });
    return { outcome: { $case: 'schema', value }, appliedIndex: 1n, worker: 1 };
  };
  const said = { points: 7n, indexLag: 2n, errorCode: '' };
  expect([...(await countsOf(route, ask)).entries()]).toEqual([
    [1, said],
    [2, { points: 0n, indexLag: 0n, errorCode: 'UNAVAILABLE' }],
    [3, said],
  ]);
});

import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { gateway, placement, workerData } from '@vectron/proto';
import fc from 'fast-check';
import {
  type AskShard,
  Route,
  RouteChanged,
  runQuery,
  runSearch,
  type SearchOutcome,
  type SearchRequest,
  SearchTrace,
  type ShardOperation,
  splitHashSpace,
  streamSearch,
  whyNot,
} from './index.js';

const SHARDS = 4;
const route = new Route(
  placement.Collection.fromPartial({
    id: 'c',
    name: 'c',
    dimension: 1,
    distance: 'euclidean',
    shards: splitHashSpace(SHARDS).map(({ first, last }, at) => ({
      shardId: at + 1,
      firstHash: first,
      lastHash: last,
      epoch: 3,
    })),
  }),
);
const nothing = { likeId: '', using: '', ef: 0, recall: 0, exact: false, includeVectors: false, payloadFields: false };
const request = (search: Partial<SearchRequest>): SearchRequest => ({
  ...nothing,
  vector: [0],
  topK: 3,
  includeMetadata: true,
  ...search,
});
const run = { timeoutMs: () => 90 };
const UNAVAILABLE = new VectronError('UNAVAILABLE', 'no worker');

type Failing = (shardId: number, op: ShardOperation) => Error | undefined;

/** Shards that hold points of one dimension and answer as the core does; `asked`: what they were asked. */
function shardsOf(points: ReadonlyMap<string, number>, failing: Failing = () => undefined) {
  const asked: ShardOperation[] = [];
  const ask: AskShard = async (shard, op) => {
    asked.push(op);
    const error = failing(shard.shardId, op);
    if (error !== undefined) throw error;
    const own = [...points].filter(([id]) => route.shardOf(id) === shard);
    const search = ({ vector, k, scoreThreshold }: workerData.SearchOp) => {
      const score = (x: number) => Math.fround(1 / (1 + Math.abs(x - vector.readFloatLE())));
      const hits = own.map(([id, x]) => workerData.Hit.fromPartial({ id, score: score(x) }));
      const good = hits.filter((hit) => scoreThreshold === undefined || hit.score >= scoreThreshold);
      good.sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
      return workerData.SearchFound.fromPartial({ hits: good.slice(0, k), recallEstimate: 1, plan: 'scan', ef: 7 });
    };
    const stored = (ids: readonly string[]) =>
      own
        .filter(([id]) => ids.includes(id))
        .map(([id, x]) => workerData.PointData.fromPartial({ id, vector: Buffer.from(new Float32Array([x]).buffer) }));
    const answer = (outcome: workerData.ShardOutcome['outcome']) =>
      ({ outcome: outcome as NonNullable<typeof outcome>, appliedIndex: 9n, worker: shard.shardId }) as const;
    if (op.$case === 'search') return answer({ $case: 'search', value: search(op.value) });
    if (op.$case === 'batch') {
      return answer({ $case: 'searches', value: { results: op.value.searches.map(search) } });
    }
    if (op.$case === 'get') return answer({ $case: 'points', value: { points: stored(op.value.ids) } });
    // Of the filters only that of ids beside one that nothing passes is asked for here.
    return answer({ $case: 'page', value: { points: [], values: [], unindexed: false, keys: [], more: false } });
  };
  return { ask, asked };
}

const line = new Map(Array.from({ length: 40 }, (_, i) => [`p${i}`, i]));
const ids = ({ hits }: Pick<SearchOutcome, 'hits'>) => hits.map(({ id }) => id);

describe('a search over shards', () => {
  it('gives the best hits of all of them, and what each reported', async () => {
    const { ask, asked } = shardsOf(line);
    const found = await runSearch(route, request({ vector: [7.1] }), ask, run);
    expect(ids(found)).toEqual(['p7', 'p8', 'p6']);
    expect(found).toMatchObject({ complete: true, shardsAsked: SHARDS, shardsAnswered: SHARDS, recallEstimate: 1 });
    expect(found.shards.map(({ shardId }) => shardId)).toEqual([1, 2, 3, 4]);
    expect(found.shards[2]).toMatchObject({ replica: 3n, plan: 'scan', ef: 7, errorCode: '' });
    expect(asked.map((op) => op.$case === 'search' && op.value.timeoutMs)).toEqual([90, 90, 90, 90]);
  });

  it('is a query with one branch: both find the same', async () => {
    const anyPoints = fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), fc.integer({ min: -9, max: 9 }));
    await fc.assert(
      fc.asyncProperty(anyPoints, fc.integer({ min: 1, max: 12 }), async (points, topK) => {
        const { ask } = shardsOf(new Map(Object.entries(points)));
        const branches = [gateway.QueryBranch.fromPartial({ vector: [0] })];
        const query = { ...gateway.QueryRequest.fromPartial({ topK }), branches };
        const { results } = await runQuery(route, query, ask, run.timeoutMs);
        const { hits } = await runSearch(route, request({ topK }), ask, run);
        expect(hits.map(({ id, score }) => [id, score])).toEqual(results.map(({ id, score }) => [id, score]));
      }),
    );
  });

  it('by a stored point leaves that point out and still gives as many', async () => {
    const { ask } = shardsOf(line);
    expect(ids(await runSearch(route, request({ vector: [], likeId: 'p7' }), ask, run))).toEqual(['p6', 'p8', 'p5']);
    const gone = runSearch(route, request({ vector: [], likeId: 'gone' }), ask, run);
    await expect(gone).rejects.toMatchObject({ code: 'POINT_NOT_FOUND' });
    const both = runSearch(route, request({ vector: [1], likeId: 'p7' }), ask, run);
    await expect(both).rejects.toMatchObject({ details: { field: 'like_id' } });
  });

  it('is partial when a shard fails in a way that may pass, and fails when all of them do', async () => {
    const one = await runSearch(
      route,
      request({}),
      shardsOf(line, (id) => (id === 2 ? UNAVAILABLE : undefined)).ask,
      run,
    );
    expect(one).toMatchObject({ complete: false, shardsAsked: SHARDS, shardsAnswered: SHARDS - 1 });
    expect(one.shards[1]).toMatchObject({ shardId: 2, errorCode: 'UNAVAILABLE', replica: 0n });
    const all = runSearch(route, request({}), shardsOf(line, () => UNAVAILABLE).ask, run);
    await expect(all).rejects.toBe(UNAVAILABLE);
    const wrong = new VectronError('DIMENSION_MISMATCH', 'two');
    const refused = runSearch(route, request({}), shardsOf(line, (id) => (id === 3 ? wrong : undefined)).ask, run);
    await expect(refused).rejects.toBe(wrong);
  });

  it('is not partial but to be planned anew when a shard was split, and so is a query', async () => {
    const { ask } = shardsOf(line, (id) => (id === 2 ? new RouteChanged('c') : undefined));
    await expect(runSearch(route, request({}), ask, run)).rejects.toBeInstanceOf(RouteChanged);
    const branches = [gateway.QueryBranch.fromPartial({ vector: [0] })];
    const query = { ...gateway.QueryRequest.fromPartial({}), branches };
    await expect(runQuery(route, query, ask, run.timeoutMs)).rejects.toBeInstanceOf(RouteChanged);
    const streamed = (async () => {
      for await (const _ of streamSearch(route, request({}), ask, run));
    })();
    await expect(streamed).rejects.toBeInstanceOf(RouteChanged);
  });

  it('streams what is known after each shard, and ends with the whole answer', async () => {
    const { ask } = shardsOf(line, (id) => (id === 2 ? UNAVAILABLE : undefined));
    const outcomes: SearchOutcome[] = [];
    for await (const outcome of streamSearch(route, request({ vector: [7.1] }), ask, run)) outcomes.push(outcome);
    expect(outcomes.map(({ shards }) => shards.length)).toEqual([1, 2, 3, 4]);
    expect(outcomes.every(({ complete }) => !complete)).toBe(true);
    const whole = await runSearch(route, request({ vector: [7.1] }), ask, run);
    expect(ids(outcomes[3])).toEqual(ids(whole));
    expect(outcomes[3].shardsAnswered).toBe(3);
  });

  it('records its steps for who wants them', async () => {
    const trace = new SearchTrace();
    await runSearch(route, request({}), shardsOf(line).ask, { ...run, trace });
    const told = trace.explanation(route, { traceId: 't', budgetMs: 5, consistency: 'any' });
    expect(told).toMatchObject({ traceId: 't', routeEpoch: 3, collectionId: 'c', budgetMs: 5, consistency: 'any' });
    expect(told.steps.map(({ name }) => name)).toEqual(['shard', 'shard', 'shard', 'shard', 'merge', 'total']);
    expect(told.steps[0].details.get('plan')).toBe('scan');
  });
});

describe('why a point is not in an answer', () => {
  const tell = async (id: string, search: Partial<SearchRequest>, failing?: Failing, rerankedBy = '') => {
    const { ask } = shardsOf(line, failing);
    const asked = request({ vector: [7.1], ...search });
    const answer = await runSearch(route, asked, ask, run);
    const told = await whyNot(route, asked, id, { ...answer, rerankedBy }, ask, run);
    return [told.step, told.exactRank];
  };
  it.each<[string, string, number, Partial<SearchRequest>]>([
    ['p8', 'returned', 2, {}],
    ['gone', 'not_stored', 0, {}],
    ['p9', 'filtered_out', 0, { filter: { condition: { $case: 'ids', value: { ids: [] } } } }],
    ['p8', 'below_threshold', 2, { scoreThreshold: 0.8 }],
    ['p10', 'beyond_top_k', 6, {}],
  ])('%s: %s', async (id, step, rank, search) => {
    expect(await tell(id, search)).toEqual([step, rank]);
  });

  it('names the shard that did not answer, and the reranker', async () => {
    const holder = route.shardOf('p8').shardId;
    const silent: Failing = (id, op) => (op.$case === 'search' && id === holder ? UNAVAILABLE : undefined);
    expect((await tell('p8', {}, silent))[0]).toBe('shard_did_not_answer');
    expect(await tell('p10', {}, undefined, 'rule')).toEqual(['reranked_out', 6]);
  });

  it('says not_visited of a near point that the walk through the graph missed', async () => {
    const { ask } = shardsOf(line);
    const asked = request({ vector: [7.1] });
    const answer = await runSearch(route, asked, ask, run);
    const missing = { ...answer, hits: answer.hits.filter(({ id }) => id !== 'p8'), rerankedBy: '' };
    const told = await whyNot(route, asked, 'p8', missing, ask, run);
    expect([told.step, told.exactRank]).toEqual(['not_visited', 2]);
    const walk = 'the search of its shard (scan, ef 7) did not come past it';
    expect(told.reason).toContain(walk);
    const bySlack = missing.shards.map((read) => ({ ...read, plan: 'graph', ef: 1024, slack: Math.fround(0.09) }));
    const toldBySlack = await whyNot(route, asked, 'p8', { ...missing, shards: bySlack }, ask, run);
    expect(toldBySlack.reason).toContain('(graph, ef at most 1024, slack 0.09)');
    const byCodes = missing.shards.map((read) => ({ ...read, plan: 'scan_codes', ef: 0 }));
    const toldByCodes = await whyNot(route, asked, 'p8', { ...missing, shards: byCodes }, ask, run);
    expect(toldByCodes.reason).toContain('(scan_codes)');
  });
});

import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { gateway, placement, workerData } from '@vectron/proto';
import { type AskShard, Route, RouteChanged, runQuery, type ShardOperation, splitHashSpace } from './index.js';

const routeOf = (shards: number) =>
  new Route(
    placement.Collection.fromPartial({
      id: 'c',
      name: 'c',
      dimension: 1,
      distance: 'euclidean',
      shards: splitHashSpace(shards).map(({ first, last }, at) => ({
        shardId: at + 1,
        firstHash: first,
        lastHash: last,
      })),
    }),
  );

const field = (documents: bigint, words: bigint, terms: Record<string, bigint>) => ({
  path: 'text',
  documents,
  words,
  terms: Object.entries(terms).map(([term, having]) => ({ term, documents: having })),
});
/** Of the shards 1, 2 and 3. */
const STATS = [field(3n, 20n, { mail: 2n }), field(0n, 0n, {}), field(5n, 11n, { mail: 1n, server: 4n })];

/** Shards with these statistics; each finds one point. */
function shardsOf(failing: (shardId: number, op: ShardOperation) => Error | undefined = () => undefined) {
  const asked: { shardId: number; op: ShardOperation }[] = [];
  const ask: AskShard = async ({ shardId }, op) => {
    asked.push({ shardId, op });
    const error = failing(shardId, op);
    if (error !== undefined) throw error;
    const found = () => workerData.SearchFound.fromPartial({ hits: [{ id: `of-${shardId}`, score: shardId }] });
    const answer = (outcome: NonNullable<workerData.ShardOutcome['outcome']>) => ({
      outcome,
      appliedIndex: 1n,
      worker: 1,
    });
    if (op.$case === 'textStats') {
      const queries = op.value.queries.map(() => ({ fields: [STATS[shardId - 1]] }));
      return answer({ $case: 'textStats', value: { queries } });
    }
    if (op.$case === 'batch') return answer({ $case: 'searches', value: { results: op.value.searches.map(found) } });
    return answer({ $case: 'search', value: found() });
  };
  return { ask, asked };
}

const query = (...branches: Partial<gateway.QueryBranch>[]) => ({
  ...gateway.QueryRequest.fromPartial({ topK: 5 }),
  branches: branches.map((branch) => ({ ...gateway.QueryBranch.fromPartial({}), ...branch })),
});
const words = { text: { query: 'mail server', fields: [], phrases: [] } };
const run = (route: Route, request: gateway.QueryRequest, ask: AskShard) => runQuery(route, request, ask, () => 50);
const statisticsOf = (op: ShardOperation) => {
  if (op.$case === 'search') return [op.value.statistics];
  return op.$case === 'batch' ? op.value.searches.map(({ statistics }) => statistics) : [];
};

describe('the statistics of the words of a query', () => {
  it('are summed over all shards and given to each', async () => {
    const { ask, asked } = shardsOf();
    const { results, complete } = await run(routeOf(3), query(words), ask);
    expect([results.length, complete]).toEqual([3, true]);
    expect(asked.map(({ op }) => op.$case)).toEqual([...Array(3).fill('textStats'), ...Array(3).fill('search')]);
    const sums = { fields: [field(8n, 31n, { mail: 3n, server: 4n })] };
    for (const { op } of asked.slice(3)) expect(statisticsOf(op)).toEqual([sums]);
  });

  it('go to the branches that look for words alone', async () => {
    const { ask, asked } = shardsOf();
    await run(routeOf(3), query({ vector: [1] }, words), ask);
    for (const { op } of asked.slice(3)) {
      expect(statisticsOf(op).map((one) => one?.fields.length)).toEqual([undefined, 1]);
    }
  });

  it.each([
    ['one shard', 1, words],
    ['no words', 3, { vector: [1] }],
  ])('are not asked for with %s', async (_, shards, branch) => {
    const { ask, asked } = shardsOf();
    await run(routeOf(shards), query(branch), ask);
    expect(asked.map(({ op }) => op.$case)).toEqual(Array(shards).fill('search'));
  });

  it('of a shard that does not answer are left out, and the answer is partial', async () => {
    const { ask, asked } = shardsOf((shardId) =>
      shardId === 3 ? new VectronError('UNAVAILABLE', 'no worker') : undefined,
    );
    const { results, complete, shardsAsked, shardsAnswered } = await run(routeOf(3), query(words), ask);
    expect(results.map(({ id }) => id)).toEqual(['of-2', 'of-1']);
    expect({ complete, shardsAsked, shardsAnswered }).toEqual({ complete: false, shardsAsked: 3, shardsAnswered: 2 });
    const searches = asked.filter(({ op }) => op.$case === 'search');
    expect(searches.map(({ shardId }) => shardId)).toEqual([1, 2]);
    for (const { op } of searches) expect(statisticsOf(op)).toEqual([{ fields: [field(3n, 20n, { mail: 2n })] }]);
  });

  it('fail the query when no shard answers, when it is wrong, and when the route is old', async () => {
    const errors = [
      new VectronError('UNAVAILABLE', 'no worker'),
      new VectronError('INVALID_ARGUMENT', 'no text index'),
      new RouteChanged('c'),
    ];
    for (const error of errors) {
      const { ask } = shardsOf(() => error);
      await expect(run(routeOf(3), query(words), ask)).rejects.toBe(error);
    }
  });
});

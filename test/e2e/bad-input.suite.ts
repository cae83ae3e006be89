import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { gateway } from '@vectron/proto';
import { callContext, createClient, type GrpcClient } from '@vectron/rpc';
import { connect, type VectronClient } from '@vectron/sdk';
import { reasonOf, rest, type System } from '../harness/system.js';

type Service = typeof gateway.VectronServiceService;
type Api = GrpcClient<Service>['api'];

/** One wrong request as each wire says it, and the one verdict. */
interface Case {
  readonly name: string;
  readonly verdict: string;
  readonly rest: { method?: string; path: string; body?: unknown; raw?: string };
  readonly grpc?: (api: Api, context: ReturnType<typeof callContext>) => Promise<unknown>;
}

const C = 'strict';
const POINTS = `/v1/collections/${C}/points`;
const good = { id: 'good', vector: [1, 2] };
const point = (id: string, vector: number[], rest: Partial<gateway.Point> = {}): gateway.Point => ({
  ...gateway.Point.fromPartial({}),
  id,
  vector,
  ...rest,
});
const upsert = (bad: gateway.Point) => (api: Api, context: ReturnType<typeof callContext>) =>
  api.upsert({ collection: C, points: [point('good', [1, 2]), bad] }, context);
const search = (partial: Partial<gateway.SearchRequest>) => (api: Api, context: ReturnType<typeof callContext>) =>
  api.search({ ...gateway.SearchRequest.fromPartial({}), collection: C, vector: [1, 2], ...partial }, context);
const create =
  (partial: Partial<gateway.CreateCollectionRequest>) => (api: Api, context: ReturnType<typeof callContext>) =>
    api.createCollection(
      { ...gateway.CreateCollectionRequest.fromPartial({}), name: 'fresh', dimension: 2, ...partial },
      context,
    );

const INVALID = 'INVALID_ARGUMENT';
const searchRows: [string, Partial<gateway.SearchRequest>][] = [
  ['a recall of one', { recall: 1 }],
  ['a recall below a half', { recall: 0.4 }],
  ['a negative recall', { recall: -0.9 }],
  ['recall and ef together', { recall: 0.9, ef: 100 }],
];
const recallRows: [string, string, Partial<gateway.MeasureRecallRequest>][] = [
  ['too many queries to compare', INVALID, { queries: 1001 }],
  ['too many results to compare', INVALID, { topK: 1001 }],
  ['a recall of one to measure', INVALID, { recall: 1 }],
  ['recall and ef together to measure', INVALID, { recall: 0.9, ef: 100 }],
  ['a measurement of a vector that there is not', INVALID, { using: 'none' }],
  ['a measurement without points', 'FAILED_PRECONDITION', {}],
];
const vectorRows: [string, Partial<gateway.VectorSettings>][] = [
  ['an unknown quantization', { quantization: 'int7' }],
  ['an unknown storage', { storage: 'tape' }],
  ['too much oversampling', { oversampling: 101 }],
  ['full vectors compared on disk', { quantization: 'none', storage: 'disk' }],
];
const cases: Case[] = [
  ...searchRows.map(([name, row]) => ({
    name,
    verdict: INVALID,
    rest: { path: `${POINTS}/search`, body: { vector: [1, 2], ...row } },
    grpc: search(row),
  })),
  ...recallRows.map(([name, verdict, row]) => ({
    name,
    verdict,
    rest: { path: `/v1/collections/${C}/recall:measure`, body: row },
    grpc: (api: Api, context: ReturnType<typeof callContext>) =>
      api.measureRecall({ ...gateway.MeasureRecallRequest.fromPartial(row), collection: C }, context),
  })),
  {
    name: 'a path that begins as one with a colon',
    verdict: 'NOT_FOUND',
    rest: { path: `/v1/collections/${C}/recall.measure`, body: {} },
  },
  ...vectorRows.map(([name, row]) => ({
    name,
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 2, vectors: row } },
    grpc: create({ vectors: gateway.VectorSettings.fromPartial(row) }),
  })),
  {
    name: 'wrong dimension',
    verdict: 'DIMENSION_MISMATCH',
    rest: { path: POINTS, body: { points: [good, { id: 'b', vector: [1, 2, 3] }] } },
    grpc: upsert(point('b', [1, 2, 3])),
  },
  {
    name: 'empty vector',
    verdict: 'DIMENSION_MISMATCH',
    rest: { path: POINTS, body: { points: [good, { id: 'b', vector: [] }] } },
    grpc: upsert(point('b', [])),
  },
  {
    name: 'a number beyond float32',
    verdict: INVALID,
    rest: { path: POINTS, raw: '{"points":[{"id":"good","vector":[1,2]},{"id":"b","vector":[1e39,0]}]}' },
    grpc: upsert(point('b', [Number.POSITIVE_INFINITY, 0])),
  },
  {
    name: 'NaN',
    verdict: INVALID,
    rest: {
      path: POINTS,
      body: {
        points: [
          good,
          { id: 'b', vectorF32: Buffer.from(new Float32Array([Number.NaN, 1]).buffer).toString('base64') },
        ],
      },
    },
    grpc: upsert(point('b', [Number.NaN, 1])),
  },
  {
    name: 'zero vector under cosine',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [good, { id: 'b', vector: [0, 0] }] } },
    grpc: upsert(point('b', [0, 0])),
  },
  {
    name: 'empty id',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [good, { id: '', vector: [1, 2] }] } },
    grpc: upsert(point('', [1, 2])),
  },
  {
    name: 'long id',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [good, { id: 'x'.repeat(513), vector: [1, 2] }] } },
    grpc: upsert(point('x'.repeat(513), [1, 2])),
  },
  {
    name: 'NUL in an id',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [good, { id: 'a\0b', vector: [1, 2] }] } },
    grpc: upsert(point('a\0b', [1, 2])),
  },
  {
    name: 'lone surrogate in an id',
    verdict: INVALID,
    rest: { path: POINTS, raw: '{"points":[{"id":"good","vector":[1,2]},{"id":"\\ud800","vector":[1,2]}]}' },
  },
  {
    name: 'empty batch',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [] } },
    grpc: (api, context) => api.upsert({ collection: C, points: [] }, context),
  },
  {
    name: '__proto__ as a payload key',
    verdict: INVALID,
    rest: {
      path: POINTS,
      raw: '{"points":[{"id":"good","vector":[1,2]},{"id":"b","vector":[1,2],"payload":{"__proto__":{"x":1}}}]}',
    },
    grpc: upsert(point('b', [1, 2], { payload: new Map([['__proto__', '1']]) })),
  },
  {
    name: 'nested __proto__',
    verdict: INVALID,
    rest: {
      path: POINTS,
      raw: '{"points":[{"id":"good","vector":[1,2]},{"id":"b","vector":[1,2],"payload":{"a":[{"__proto__":1}]}}]}',
    },
  },
  {
    name: 'payload that is no object',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [good, { id: 'b', vector: [1, 2], payload: [1] }] } },
  },
  {
    name: 'payload nested too deep',
    verdict: INVALID,
    rest: {
      path: POINTS,
      raw: `{"points":[{"id":"good","vector":[1,2]},{"id":"b","vector":[1,2],"payload":{"a":${'['.repeat(70)}${']'.repeat(70)}}}]}`,
    },
  },
  {
    name: 'absurdly deep JSON',
    verdict: INVALID,
    rest: {
      path: POINTS,
      raw: `{"points":[{"id":"b","vector":[1,2],"payload":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}]}`,
    },
  },
  { name: 'unknown field', verdict: INVALID, rest: { path: POINTS, body: { points: [{ ...good, colour: 'red' }] } } },
  {
    name: 'a string for a vector',
    verdict: INVALID,
    rest: { path: POINTS, body: { points: [{ id: 'b', vector: '12' }] } },
  },
  { name: 'malformed JSON', verdict: INVALID, rest: { path: POINTS, raw: '{"points": [' } },
  { name: 'no body', verdict: INVALID, rest: { path: POINTS } },
  {
    name: 'unknown collection',
    verdict: 'COLLECTION_NOT_FOUND',
    rest: { path: '/v1/collections/none/points', body: { points: [good] } },
    grpc: (api, context) => api.upsert({ collection: 'none', points: [point('a', [1, 2])] }, context),
  },
  {
    name: 'query of a wrong dimension',
    verdict: 'DIMENSION_MISMATCH',
    rest: { path: `${POINTS}/search`, body: { vector: [1] } },
    grpc: search({ vector: [1] }),
  },
  {
    name: 'query without a vector',
    verdict: 'DIMENSION_MISMATCH',
    rest: { path: `${POINTS}/search`, body: {} },
    grpc: search({ vector: [] }),
  },
  {
    name: 'zero query under cosine',
    verdict: INVALID,
    rest: { path: `${POINTS}/search`, body: { vector: [0, 0] } },
    grpc: search({ vector: [0, 0] }),
  },
  {
    name: 'top_k too large',
    verdict: INVALID,
    rest: { path: `${POINTS}/search`, body: { vector: [1, 2], topK: 1_000_000_000 } },
    grpc: search({ topK: 1_000_000_000 }),
  },
  {
    name: 'ef too large',
    verdict: INVALID,
    rest: { path: `${POINTS}/search`, body: { vector: [1, 2], ef: 1_000_000_000 } },
    grpc: search({ ef: 1_000_000_000 }),
  },
  {
    name: 'search like a missing point',
    verdict: 'POINT_NOT_FOUND',
    rest: { path: `${POINTS}/search`, body: { likeId: 'none' } },
    grpc: search({ vector: [], likeId: 'none' }),
  },
  {
    name: 'a missing point',
    verdict: 'POINT_NOT_FOUND',
    rest: { method: 'GET', path: `${POINTS}/none` },
    grpc: (api, context) => api.get({ collection: C, id: 'none' }, context),
  },
  {
    name: 'duplicate name',
    verdict: 'COLLECTION_EXISTS',
    rest: { path: '/v1/collections', body: { name: C, dimension: 2 } },
    grpc: create({ name: C }),
  },
  ...['a/b', '..', '../x', '', '_x', 'ä', 'x'.repeat(129), 'a b', 'a\0', '__proto__'].flatMap((name): Case[] => [
    {
      name: `collection named ${JSON.stringify(name.slice(0, 9))}`,
      verdict: INVALID,
      rest: { path: '/v1/collections', body: { name, dimension: 2 } },
      grpc: create({ name }),
    },
  ]),
  {
    name: 'a slash in the path',
    verdict: INVALID,
    rest: { method: 'GET', path: '/v1/collections/a%2f..%2fb/status' },
    grpc: (api, context) => api.getCollectionStatus({ name: 'a/../b' }, context),
  },
  {
    name: 'a broken escape in the path',
    verdict: INVALID,
    rest: { method: 'GET', path: '/v1/collections/%zz/status' },
  },
  {
    name: 'dimension 0',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 0 } },
    grpc: create({ dimension: 0 }),
  },
  {
    name: 'dimension -1',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: -1 } },
    grpc: create({ dimension: -1 }),
  },
  {
    name: 'dimension 65537',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 65_537 } },
    grpc: create({ dimension: 65_537 }),
  },
  {
    name: 'unknown distance',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 2, distance: 'hamming' } },
    grpc: create({ distance: 'hamming' }),
  },
  {
    name: 'too many shards',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 2, shards: 65 } },
    grpc: create({ shards: 65 }),
  },
  {
    name: 'unknown field at creation',
    verdict: INVALID,
    rest: { path: '/v1/collections', body: { name: 'fresh', dimension: 2, copies: 3 } },
  },
];

/** Bad input gets a typed error, the same on both wires, changes nothing, and the server stays up. */
export function describeBadInput(system: () => System): void {
  describe('bad input', () => {
    let grpc: GrpcClient<Service>;
    let db: VectronClient;
    beforeAll(async () => {
      grpc = createClient(gateway.VectronServiceService, system().grpc);
      db = connect(system().http, { apiKey: system().adminKey });
      await db.createCollection(C, { dimension: 2, shards: 2 });
    });
    afterAll(async () => {
      await db.deleteCollection(C);
      grpc.close();
    });

    it.each(cases)('$name: $verdict', async ({ verdict, rest: { method, path, ...body }, grpc: call }) => {
      const key = system().adminKey;
      const answer = await rest(system().http, method ?? 'POST', path, { key, ...body });
      expect([reasonOf(answer.body), answer.body.message]).toEqual([verdict, expect.any(String)]);
      expect(answer.status).toBe(new VectronError(verdict as never, '').spec.http);
      if (call !== undefined) {
        const context = callContext({ authorization: `Bearer ${key}` });
        await expect(call(grpc.api, context)).rejects.toMatchObject({ code: verdict });
      }
      expect((await db.listPoints(C)).points).toEqual([]);
      expect((await db.listCollections()).map((one) => one.name)).toEqual([C]);
    });

    it('names the wrong field', async () => {
      const key = system().adminKey;
      const wrong = async (path: string, body: unknown) =>
        (await rest(system().http, 'POST', path, { key, body })).body.details[1].fieldViolations[0].field;
      expect(await wrong(POINTS, { points: [good, { id: 'b', vector: [1] }] })).toBe('points[1].vector');
      expect(await wrong(POINTS, { points: [{ ...good, colour: 1 }] })).toBe('points[0].colour');
      expect(await wrong('/v1/collections', { name: 'x', dimension: 'two' })).toBe('dimension');
      expect(await wrong(`${POINTS}/search`, { vector: [1, 2], topk: 3 })).toBe('topk');
    });

    it('an oversized request is refused on both wires', async () => {
      const huge = 'x'.repeat(33 << 20);
      const answer = await rest(system().http, 'POST', POINTS, { key: system().adminKey, raw: huge });
      expect([answer.status, reasonOf(answer.body)]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
      const context = callContext({ authorization: `Bearer ${system().adminKey}` });
      const points = [point('a', [1, 2], { payload: new Map([['x', huge]]) })];
      await expect(grpc.api.upsert({ collection: C, points }, context)).rejects.toMatchObject({
        spec: { grpc: 'RESOURCE_EXHAUSTED' },
      });
      expect((await db.listPoints(C)).points).toEqual([]);
    });

    it("a malformed protobuf message is the client's fault", async () => {
      const method = {
        ...gateway.VectronServiceService.upsert,
        requestSerialize: () => Buffer.from([0xff, 0xff, 0xff]),
      };
      const broken = createClient({ upsert: method }, system().grpc);
      const context = callContext({ authorization: `Bearer ${system().adminKey}` });
      await expect(broken.api.upsert({ collection: C, points: [] }, context)).rejects.toMatchObject({ code: INVALID });
      broken.close();
    });

    it('hostile keys that are data come back as data', async () => {
      const payload = { constructor: 'c', prototype: { toString: 1 }, hasOwnProperty: null };
      await db.upsert(C, [{ id: 'hostile', vector: [1, 2], payload }]);
      expect((await db.get(C, 'hostile'))?.payload).toEqual(payload);
      await db.delete(C, 'hostile');
    });

    it('every process is still up', () => {
      expect(system().processes.every((one) => one.running)).toBe(true);
    });
  });
}

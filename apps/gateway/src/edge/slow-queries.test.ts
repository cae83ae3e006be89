import { describe, expect, it } from '@jest/globals';
import { admin, gateway } from '@vectron/proto';
import type { Principal } from './access.js';
import type { EndedRequest } from './ended-request.js';
import { publicMethod } from './policy.js';
import { MAX_KEPT, MAX_KEPT_BYTES, SlowQueries, SlowQueryReports } from './slow-queries.js';
import { slowQueryOf } from './slow-query.js';

const SEARCH = publicMethod('/vectron.v1.VectronService/Search');
const QUERY = publicMethod('/vectron.v1.VectronService/Query');
const BATCH = publicMethod('/vectron.v1.VectronService/SearchBatch');
const principal = { tenantId: 'tenant-1', userId: 'user-1', apiKeyId: 'key-1', email: 'ann@example.org' } as Principal;

const ended = (values: Partial<EndedRequest> = {}): EndedRequest => ({
  ...{ wire: 'rest', operation: 'Search', method: SEARCH, code: 'OK', seconds: 2, requestId: 'id-1', principal },
  work: { isLong: false, cpuUs: 1_234 },
  address: () => '192.0.2.7',
  request: () => ({ collection: 'papers', topK: 5 }),
  ...values,
});
const shard = (shardId: number, milliseconds: number) =>
  gateway.ShardRead.fromPartial({ shardId, milliseconds, plan: 'graph', ef: 64, distances: 900, replica: 2n });
const answer = (shards: readonly gateway.ShardRead[]) => ({
  ...{ complete: true, shardsAsked: shards.length, shardsAnswered: shards.length, servedFrom: 'shards', shards },
  results: [{ id: 'SECRET' }],
});

describe('an entry of the list of slow queries', () => {
  it('says where the time went and how the search was done, and survives its message', () => {
    const shards = Array.from({ length: 20 }, (_, at) => shard(at, at * 10));
    const work = { isLong: true, cpuUs: 900_000, queuedMs: 250.126, found: answer(shards) };
    const entry = slowQueryOf(ended({ work, seconds: 1.5 }));
    expect(entry).toMatchObject({
      ...{ requestId: 'id-1', wire: 'rest', operation: 'Search', code: 'OK', tenantId: 'tenant-1', caller: 'key-1' },
      ...{ collection: 'papers', lane: 'scan', milliseconds: 1_500, queueMilliseconds: 250.13 },
      ...{ shardMilliseconds: 190, cpuMilliseconds: 900, asked: ['topK=5'] },
      plan: { answers: 0, complete: true, shardsAsked: 20, shardsAnswered: 20, servedFrom: 'shards' },
    });
    expect(Date.parse(entry.at)).toBeGreaterThan(Date.UTC(2020));
    expect(entry.plan?.shards.map(({ shardId }) => shardId)).toEqual([19, 18, 17, 16, 15, 14, 13, 12]);
    expect(entry.plan?.shards[0]).toMatchObject({
      worker: 2,
      milliseconds: 190,
      plan: 'graph',
      ef: 64,
      distances: 900,
    });
    expect(admin.SlowQuery.decode(admin.SlowQuery.encode(entry).finish())).toEqual(entry);
  });

  it('is of the slowest answer of a batch, of each branch of a query, and without a plan where there is no answer', () => {
    const found = [answer([shard(1, 5)]), answer([shard(2, 700)])];
    const batch = slowQueryOf(ended({ method: BATCH, work: { isLong: false, cpuUs: 0, found } }));
    expect(batch).toMatchObject({ shardMilliseconds: 700, plan: { answers: 2, shards: [{ shardId: 2 }] } });
    const branches = [gateway.BranchReport.fromPartial({ candidates: 7, plans: Array(90).fill('bm25') })];
    const query = slowQueryOf(ended({ method: QUERY, work: { isLong: false, cpuUs: 0, found: { branches } } }));
    expect(query.plan?.branches).toEqual([{ candidates: 7, plans: Array(8).fill('bm25'), unindexed: false }]);
    const failed = slowQueryOf(ended({ code: 'DEADLINE_EXCEEDED', work: undefined, principal: undefined }));
    expect(failed).toMatchObject({ code: 'DEADLINE_EXCEEDED', tenantId: '', caller: '', cpuMilliseconds: 0 });
    expect(failed.plan).toBeUndefined();
  });

  it('has nothing of what the request is about', () => {
    const key = 'vk_AbCdEfGhIjKl_0123456789012345678901234567890123456789';
    const request = gateway.SearchRequest.fromPartial({
      ...{ collection: key, topK: 7, query: 'SECRET-text', likeId: 'SECRET-id', using: 'SECRET-using' },
      ...{ vector: [0.123456, 0.654321] as never, exact: true },
      filter: { must: [{ field: 'SECRET-field' } as never] } as never,
    });
    const work = { isLong: false, cpuUs: 0, found: answer([shard(1, 5)]) };
    const entry = slowQueryOf(ended({ request: () => request, work, operation: `Search\u001b[2J ${key}` }));
    const text = JSON.stringify(entry);
    expect(text).not.toMatch(/SECRET|0\.123456|0123456789012345|ann@example|\\u001b/);
    expect(entry.asked).toEqual(expect.arrayContaining(['topK=7', 'exact', 'filter']));
  });
});

describe('the list of slow queries', () => {
  it('gives the slowest first, and counts those that it keeps no more', () => {
    const list = new SlowQueries(3);
    for (const seconds of [9, 1, 5, 2, 7]) list.add(slowQueryOf(ended({ seconds })), 1);
    list.add(undefined, 40);
    // The oldest went, although it was the slowest.
    expect(list.slowest(2)).toMatchObject({ total: 45, queries: [{ milliseconds: 7_000 }, { milliseconds: 5_000 }] });
    expect(list.slowest(10).queries).toHaveLength(3);
  });

  it('is bounded in its number and in its bytes, however long the names and however many the requests', () => {
    const list = new SlowQueries();
    const names = Array.from({ length: 4 }, (_, at) => `${at}${'\u{1f600}'.repeat(100_000)}`);
    const shards = Array.from({ length: 200 }, (_, at) => shard(at, at));
    const long = { shards, branches: Array(50).fill({ candidates: 1, plans: Array(500).fill('scan_codes') }) };
    const rerank = { rerankedBy: 'x'.repeat(1_000_000), rerankSkipped: 'y'.repeat(1_000_000) };
    const found = { ...answer(shards), ...long, ...rerank };
    const one = ended({ request: () => ({ collection: names.join(' ') }), work: { isLong: false, cpuUs: 0, found } });
    for (let at = 0; at < 2_000; at += 1) list.add(slowQueryOf(one), 1);
    const { entries, bytes } = list.size;
    expect(bytes).toBeLessThanOrEqual(MAX_KEPT_BYTES);
    expect(entries).toBeLessThanOrEqual(MAX_KEPT);
    expect(entries).toBeGreaterThan(100);
    expect(bytes).toBe(
      list.slowest(MAX_KEPT).queries.reduce((sum, q) => sum + Buffer.byteLength(JSON.stringify(q)), 0),
    );
    const small = new SlowQueries();
    for (let at = 0; at < 2_000; at += 1) small.add(slowQueryOf(ended()), 1);
    expect(small.size.entries).toBe(MAX_KEPT);
    expect(small.slowest(1).total).toBe(2_000);
    const huge = new SlowQueries(10, 100);
    huge.add(slowQueryOf(ended()), 1);
    expect([huge.size, huge.slowest(1)]).toEqual([
      { entries: 0, bytes: 0 },
      { queries: [], total: 1 },
    ]);
  });

  it('hears of few of a flood, of all that are slower than those, and of how many there were', () => {
    const list = new SlowQueries(10_000, Number.POSITIVE_INFINITY);
    let heard = 0;
    const reports = new SlowQueryReports({
      add(query, requests) {
        heard += 1;
        list.add(query, requests);
      },
    });
    for (let at = 0; at < 20_000; at += 1) reports.report(ended({ seconds: 2 }));
    reports.report(ended({ seconds: 30, requestId: 'the slowest' }));
    reports.tell();
    reports.tell();
    const { queries, total } = list.slowest(1);
    expect([queries[0].requestId, total]).toEqual(['the slowest', 20_001]);
    expect(heard).toBeLessThan(2_000);
  });
});

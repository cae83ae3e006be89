import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { gateway } from '@vectron/proto';
import type { Principal } from './access.js';
import type { EndedRequest } from './ended-request.js';
import { publicMethod } from './policy.js';
import { RequestLog } from './request-log.js';
import { SlowQueries } from './slow-queries.js';

const SEARCH = publicMethod('/vectron.v1.VectronService/Search');
const LIST = publicMethod('/vectron.v1.VectronService/ListChanges');
const principal = { tenantId: 'tenant-1', userId: 'user-1', apiKeyId: 'key-1', email: 'ann@example.org' } as Principal;

type Line = Record<string, unknown> & { msg: string; level: number };

/** A log, and the lines that it wrote, also as they were written. */
function log(options: { logRequests?: 'none' | 'failures' | 'all'; slowQueryMs?: number; level?: string } = {}) {
  const { logRequests = 'failures', slowQueryMs = 1_000, level = 'warn' } = options;
  const raw: string[] = [];
  const logger = createLogger('gateway', level, { write: (line: string) => void raw.push(line) });
  const requests = new RequestLog(logger, { logRequests, slowQueryMs }, new SlowQueries());
  const lines = () => raw.map((line) => JSON.parse(line) as Line);
  return { requests, raw, lines };
}

const ended = (values: Partial<EndedRequest> = {}): EndedRequest => ({
  ...{ wire: 'rest', operation: 'Search', method: SEARCH, code: 'OK', seconds: 0.002, requestId: 'id-1', principal },
  work: { isLong: false, cpuUs: 1_234 },
  address: () => '192.0.2.7',
  request: () => ({ collection: 'papers', topK: 5 }),
  ...values,
});

const end = (requests: RequestLog, one: EndedRequest) => {
  if (requests.wants(one.code, one.seconds)) requests.ended(one);
};

describe('the log of requests', () => {
  it('has a line for a failed request that says whose it was, what it was for, how it ended and how long it took', () => {
    const { requests, lines } = log();
    end(requests, ended());
    end(requests, ended({ code: 'COLLECTION_NOT_FOUND' }));
    end(requests, ended({ code: 'INTERNAL', wire: 'grpc', seconds: 0.5 }));
    expect(lines()).toHaveLength(2);
    expect(lines()[0]).toMatchObject({
      ...{ level: 40, msg: 'request failed', wire: 'rest', operation: 'Search', collection: 'papers' },
      ...{ code: 'COLLECTION_NOT_FOUND', status: 404, tenant: 'tenant-1', caller: 'key-1', requestId: 'id-1' },
      ...{ ms: 2, cpuMs: 1.23, address: '192.0.2.7' },
    });
    expect(lines()[1]).toMatchObject({ level: 50, wire: 'grpc', code: 'INTERNAL', status: 500, ms: 500 });
  });

  it('has one for every request, if wanted, whatever level the rest of the log has', () => {
    const all = log({ logRequests: 'all', level: 'error' });
    end(all.requests, ended());
    expect(all.lines()).toMatchObject([{ level: 30, msg: 'request', code: 'OK' }]);
    const debug = log({ level: 'debug' });
    end(debug.requests, ended());
    end(debug.requests, ended({ code: 'CANCELLED' }));
    expect(debug.lines().map(({ level }) => level)).toEqual([20, 20]);
    const none = log({ logRequests: 'none', level: 'trace' });
    for (const code of ['OK', 'INTERNAL', 'OVERLOADED']) end(none.requests, ended({ code }));
    none.requests.close();
    expect(none.lines()).toEqual([]);
  });

  it('costs a request that has no line neither an object nor a look at it', () => {
    const { requests } = log();
    expect([requests.wants('OK', 0.1), requests.wants('OK', 2), requests.wants('NOT_FOUND', 0)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('tells of ten thousand refusals in a second with one line for each kind, and counts them exactly', () => {
    const { requests, lines } = log();
    for (let at = 0; at < 10_000; at += 1) end(requests, ended({ code: 'OVERLOADED', requestId: `over-${at}` }));
    for (let at = 0; at < 300; at += 1) end(requests, ended({ code: 'RATE_LIMITED' }));
    end(requests, ended({ code: 'UNAUTHENTICATED', principal: undefined }));
    // Of other failures some have lines of their own.
    for (let at = 0; at < 500; at += 1) end(requests, ended({ code: 'POINT_NOT_FOUND' }));
    requests.close();
    const of = (wanted: string) => lines().filter(({ code }) => code === wanted);
    expect(of('OVERLOADED')).toMatchObject([{ count: 10_000, requestId: 'over-0', tenant: 'tenant-1', level: 40 }]);
    expect(of('RATE_LIMITED')).toMatchObject([{ count: 300 }]);
    expect(of('UNAUTHENTICATED')).toHaveLength(1);
    expect(of('UNAUTHENTICATED')[0]).not.toHaveProperty('tenant');
    expect(of('POINT_NOT_FOUND')).toHaveLength(21);
    expect(of('POINT_NOT_FOUND').at(-1)).toMatchObject({ count: 480 });
    expect(lines()).toHaveLength(24);
  });

  it('is not written by clients: names are escaped, cut and without secrets, and one request is one line', () => {
    const { requests, raw, lines } = log();
    const key = 'vk_AbCdEfGhIjKl_0123456789012345678901234567890123456789';
    const hostile = [
      'a\n{"level":50,"msg":"forged"}',
      'a\r\nforged',
      '\u001b[31mred\u001b[0m\u0007',
      '\u202egnp.exe',
      '\u2028\u2029\u0085\u009b31m',
      '\ud800',
      `${key}`,
      'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl',
      'x'.repeat(1_000_000),
      '__proto__',
    ];
    for (const collection of hostile) {
      end(requests, ended({ code: 'NOT_FOUND', request: () => ({ collection }), address: () => collection }));
    }
    // More of one kind in a second would be one line.
    expect(lines()).toHaveLength(hostile.length);
    for (const line of raw) {
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
      expect(line.length).toBeLessThan(1_500);
    }
    expect(raw.join('')).not.toMatch(/0123456789012345|c2lnbmF0dXJl/);
    expect(lines().map(({ msg }) => msg)).toEqual(hostile.map(() => 'request failed'));
  });

  it('never has what a request is about', () => {
    const { requests, raw } = log({ logRequests: 'all', slowQueryMs: 1 });
    const request = gateway.SearchRequest.fromPartial({
      ...{ collection: 'papers', topK: 7, query: 'SECRET-text', likeId: 'SECRET-id', using: 'SECRET-using' },
      ...{ vector: [0.123456, 0.654321] as never, exact: true },
      filter: { must: [{ field: 'SECRET-field' } as never] } as never,
    });
    end(requests, ended({ request: () => request, seconds: 5 }));
    requests.close();
    expect(raw).toHaveLength(2);
    expect(raw.join('')).not.toMatch(/SECRET|0\.123456|ann@example/);
    expect(JSON.parse(raw[1]).asked).toMatchObject({ topK: 7, exact: true, filter: true });
  });
});

describe('the log of slow requests', () => {
  const shard = (shardId: number, milliseconds: number) =>
    gateway.ShardRead.fromPartial({
      ...{ shardId, milliseconds, plan: 'graph', ef: 64, visited: 300, distances: 900, rescored: 40, replica: 2n },
      unindexed: shardId === 1,
    });
  const answer = {
    ...{ complete: true, shardsAsked: 20, shardsAnswered: 20, servedFrom: 'shards', hits: [{ id: 'SECRET' }] },
    shards: Array.from({ length: 20 }, (_, at) => shard(at, at)),
  };

  it('says how a search was done, by what its answer has: the slowest shards, and no hit', () => {
    const { requests, raw, lines } = log();
    end(requests, ended({ seconds: 1.5, work: { isLong: true, cpuUs: 900_000, found: answer } }));
    requests.close();
    expect(lines()).toHaveLength(1);
    const [line] = lines();
    expect(line).toMatchObject({
      msg: 'slow request',
      level: 40,
      ms: 1_500,
      cpuMs: 900,
      lane: 'scan',
      collection: 'papers',
    });
    expect(line.asked).toEqual({ topK: 5 });
    const found = line.found as { shards: { shard: number }[]; shardsAsked: number };
    expect(found).toMatchObject({ complete: true, shardsAsked: 20, servedFrom: 'shards' });
    expect(found.shards.map((one) => one.shard)).toEqual([19, 18, 17, 16, 15, 14, 13, 12]);
    expect(found.shards[0]).toEqual({
      ...{
        shard: 19,
        worker: 2,
        ms: 19,
        plan: 'graph',
        ef: 64,
        visited: 300,
        distances: 900,
        rescored: 40,
        indexLag: 0,
      },
    });
    expect(raw.join('')).not.toContain('SECRET');
  });

  it('says it of the slowest of a batch, of the branches of a query, and of what has no answer', () => {
    const { requests, lines } = log();
    const slow = { ...answer, shards: [shard(3, 700)] };
    end(requests, ended({ seconds: 2, work: { isLong: false, cpuUs: 0, found: [answer, slow] } }));
    const branches = [gateway.BranchReport.fromPartial({ candidates: 100, plans: ['bm25'], unindexed: true })];
    const query = { complete: true, shardsAsked: 1, shardsAnswered: 1, results: [{ id: 'x' }], branches };
    end(requests, ended({ seconds: 2, work: { isLong: false, cpuUs: 0, found: query } }));
    end(requests, ended({ seconds: 2, work: { isLong: false, cpuUs: 0, found: [] } }));
    end(requests, ended({ seconds: 2, code: 'DEADLINE_EXCEEDED' }));
    requests.close();
    const found = lines()
      .filter(({ msg }) => msg === 'slow request')
      .map((line) => line.found);
    expect(found).toMatchObject([
      { answers: 2, slowest: { shards: [{ shard: 3, ms: 700 }] } },
      { branches: [{ candidates: 100, plans: ['bm25'], unindexed: true }] },
    ]);
    expect(found).toHaveLength(4);
  });

  it('leaves out what waits by its nature, and what is not slower than the threshold; 0 turns it off', () => {
    const { requests, lines } = log();
    end(requests, ended({ seconds: 1 }));
    end(requests, ended({ seconds: 60, method: LIST, operation: 'ListChanges' }));
    const off = log({ slowQueryMs: 0 });
    end(off.requests, ended({ seconds: 500 }));
    expect([...lines(), ...off.lines()]).toEqual([]);
  });

  it('writes ten in a second, and counts the rest', () => {
    const { requests, lines } = log();
    for (let at = 0; at < 1_000; at += 1)
      end(requests, ended({ seconds: 2, work: { isLong: false, cpuUs: 0, found: answer } }));
    requests.close();
    expect(lines()).toHaveLength(11);
    expect(lines().at(-1)).toMatchObject({ count: 990, msg: 'slow requests, this is the first of them' });
  });
});

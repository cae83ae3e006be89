import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, createMetrics } from '@vectron/observability';
import { gateway } from '@vectron/proto';
import { Stop, type StopSignal } from '@vectron/rpc';
import { until } from '../../../../test/harness/waiting.js';
import { decodeCached, encodeCached } from './cached-answer.js';
import { type CacheKey, ResultCache } from './result-cache.js';
import type { SearchAnswer } from './search-answer.js';

const { results: _, ...empty } = gateway.SearchResponse.fromPartial({ complete: true });
const answer = (id: string, complete = true): SearchAnswer => ({
  ...empty,
  complete,
  payloadFields: false,
  hits: [{ id, score: 1, payload: Buffer.from('{"n":1}'), vector: Buffer.alloc(0), explanation: '' }],
});
const key = (change: Partial<CacheKey> = {}): CacheKey => ({
  tenantId: 't',
  collectionId: 'c',
  vector: Buffer.from([1, 2, 3, 4]),
  parameters: [10, 0, false],
  ...change,
});
/** Searches that are answered when the test says so; the numbers of those that were stopped. */
function heldSearch() {
  const begun: ((found: SearchAnswer) => void)[] = [];
  const stopped: number[] = [];
  const search = (signal: StopSignal) =>
    new Promise<SearchAnswer>((resolve, reject) => {
      const number = begun.push(resolve) - 1;
      signal.addEventListener('abort', () => {
        stopped.push(number);
        reject(new Error('stopped'));
      });
    });
  return { begun, stopped, search };
}
const cacheOf = (ttlMs = 10_000) =>
  new ResultCache({ ttlMs, maxBytes: 1 << 20, prefix: 'test:' }, createMetrics(), createLogger('test', 'fatal'));
afterEach(() => {
  jest.restoreAllMocks();
});

describe('the result cache', () => {
  it('gives vectors with equal hashes answers of their own, kept or under way', async () => {
    const options = { ttlMs: 10_000, maxBytes: 1 << 20, prefix: 'test:' };
    const [metrics, logger] = [createMetrics(), createLogger('test', 'fatal')];
    const cache = new ResultCache(options, metrics, logger, undefined, () => 1);
    const [one, other] = [key({ vector: Buffer.from([1, 2, 3, 4]) }), key({ vector: Buffer.from([1, 2, 3, 5]) })];
    const { begun, search } = heldSearch();
    const asked = [one, other, one, other].map((at) => cache.get(at, undefined, search));
    await until('the searches to begin', () => begun.length, (searches) => searches >= 3);
    begun.forEach((answered, at) => answered(answer(String(at))));
    const ids = (await Promise.all(asked)).map(({ answer: { hits } }) => hits[0].id);
    expect(new Set([ids[0], ids[1]]).size).toBe(2);
    expect(ids[2]).not.toBe(ids[1]);
    expect(ids[3]).not.toBe(ids[0]);
    // Numbers of searches by the vector that they were made for.
    const own = new Map([one, other].map((at, place) => [at, new Set([ids[place], ids[place + 2]])]));
    for (let round = 0; round < 6; round += 1) {
      const at = round % 2 === 0 ? one : other;
      const made = `round ${round}`;
      own.get(at)?.add(made);
      const { answer: found } = await cache.get(at, undefined, async () => answer(made));
      expect(own.get(at)).toContain(found.hits[0].id);
    }
  });

  it('keeps what is asked twice, for its time, for one tenant, incarnation, vector and set of parameters', async () => {
    const ttlMs = 300;
    const cache = cacheOf(ttlMs);
    let now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    let searches = 0;
    const ask = async (at: CacheKey) => (await cache.get(at, undefined, async () => answer(String(++searches)))).from;
    expect([await ask(key()), await ask(key()), await ask(key())]).toEqual(['shards', 'shards', 'cache']);
    for (const other of [
      key({ tenantId: 'u' }),
      key({ collectionId: 'd' }),
      key({ vector: Buffer.from([1, 2, 3, 5]) }),
      key({ parameters: [10, 0, true] }),
      key({ parameters: ['10', 0, false] }),
      key({ tenantId: 't","c', collectionId: '' }),
    ]) {
      expect(await ask(other)).toBe('shards');
    }
    now += ttlMs - 1;
    expect(await ask(key())).toBe('cache');
    now += 1;
    expect(await ask(key())).toBe('shards');
  });

  it('keeps the first time what cost much, and what others waited for', async () => {
    const cache = cacheOf();
    const costly = key({ parameters: [1] });
    await cache.get(costly, undefined, async () => answer('a'), true);
    expect((await cache.get(costly, undefined, async () => answer('b'))).from).toBe('cache');
    const { begun, search } = heldSearch();
    const crowd = [cache.get(key(), undefined, search), cache.get(key(), undefined, search)];
    await until('the search is under way', () => begun.length > 0);
    begun[0](answer('a'));
    await Promise.all(crowd);
    expect((await cache.get(key(), undefined, search)).from).toBe('cache');
  });

  it('gives no answer from before a write, nor one that is not complete', async () => {
    const cache = cacheOf();
    const ask = async (found: SearchAnswer) => (await cache.get(key(), undefined, async () => found)).from;
    await ask(answer('old'));
    await ask(answer('old'));
    expect(await ask(answer('old'))).toBe('cache');
    // One that was asked before the write and answers after it is not kept either.
    const other = key({ parameters: [11] });
    await cache.get(other, undefined, async () => answer('old'));
    const { begun, search } = heldSearch();
    const late = cache.get(other, undefined, search);
    await until('the search is under way', () => begun.length === 1);
    cache.written('c');
    begun[0](answer('old'));
    await late;
    expect((await cache.get(other, undefined, async () => answer('new'))).from).toBe('shards');
    expect(await ask(answer('new'))).toBe('shards');
    cache.written('c');
    for (let at = 0; at < 3; at++) expect(await ask(answer('partly', false))).toBe('shards');
  });

  it('makes one search of many equal ones, and stops it when nobody waits any more', async () => {
    const cache = cacheOf(0);
    const { begun, stopped, search } = heldSearch();
    const asked = Array.from({ length: 32 }, () => cache.get(key(), undefined, search));
    await until('the search is under way', () => begun.length > 0);
    begun[0](answer('a'));
    const crowd = await Promise.all(asked);
    expect(begun).toHaveLength(1);
    expect(crowd.filter(({ from }) => from === 'coalesced')).toHaveLength(31);
    const [one, two] = [new Stop(), new Stop()];
    const waiting = [cache.get(key(), one, search), cache.get(key(), two, search)];
    await until('another search is under way', () => begun.length === 2);
    one.abort();
    expect(stopped).toEqual([]);
    two.abort();
    await expect(Promise.all(waiting)).rejects.toThrow('stopped');
    expect([stopped, begun.length]).toEqual([[1], 2]);
  });

  it('shares answers in a form that others read, and nothing of another version', () => {
    const sent = answer('a');
    expect(decodeCached(encodeCached(sent))).toEqual(sent);
    expect(decodeCached(Buffer.alloc(0))).toBeUndefined();
  });
});

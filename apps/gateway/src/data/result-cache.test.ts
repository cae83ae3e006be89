import { describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@vectron/observability';
import { gateway } from '@vectron/proto';
import { Stop, type StopSignal } from '@vectron/rpc';
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
const cacheOf = (ttlMs = 10_000) =>
  new ResultCache({ ttlMs, maxBytes: 1 << 20, prefix: 'test:' }, createMetrics(), createLogger('test', 'fatal'));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the result cache', () => {
  it('keeps what is asked twice, for its time, for one tenant, incarnation, vector and set of parameters', async () => {
    const cache = cacheOf(300);
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
    await pause(320);
    expect(await ask(key())).toBe('shards');
  });

  it('gives no answer from before a write, nor one that is not complete', async () => {
    const cache = cacheOf();
    const ask = async (found: SearchAnswer) => (await cache.get(key(), undefined, async () => found)).from;
    await ask(answer('old'));
    await ask(answer('old'));
    expect(await ask(answer('old'))).toBe('cache');
    // One that was asked before the write and answers after it is not kept either.
    const late = cache.get(key({ parameters: [11] }), undefined, async () => {
      await pause(20);
      return answer('old');
    });
    cache.written('c');
    await late;
    expect(await ask(answer('new'))).toBe('shards');
    cache.written('c');
    for (let at = 0; at < 3; at++) expect(await ask(answer('partly', false))).toBe('shards');
  });

  it('makes one search of many equal ones, and stops it when nobody waits any more', async () => {
    const cache = cacheOf(0);
    let searches = 0;
    let stopped = false;
    const search = (signal: StopSignal) =>
      new Promise<SearchAnswer>((resolve, reject) => {
        searches += 1;
        const timer = setTimeout(() => resolve(answer('a')), 50);
        signal.addEventListener('abort', () => {
          stopped = true;
          clearTimeout(timer);
          reject(new Error('stopped'));
        });
      });
    const crowd = await Promise.all(Array.from({ length: 32 }, () => cache.get(key(), undefined, search)));
    expect(searches).toBe(1);
    expect(crowd.filter(({ from }) => from === 'coalesced')).toHaveLength(31);
    const [one, two] = [new Stop(), new Stop()];
    const waiting = [cache.get(key(), one, search), cache.get(key(), two, search)];
    one.abort();
    await pause(5);
    expect(stopped).toBe(false);
    two.abort();
    await expect(Promise.all(waiting)).rejects.toThrow('stopped');
    expect([stopped, searches]).toEqual([true, 2]);
  });

  it('shares answers in a form that others read, and nothing of another version', () => {
    const sent = answer('a');
    expect(decodeCached(encodeCached(sent))).toEqual(sent);
    expect(decodeCached(Buffer.alloc(0))).toBeUndefined();
  });
});

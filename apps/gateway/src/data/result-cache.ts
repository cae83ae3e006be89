import { createHash, hash } from 'node:crypto';
import type { Logger, Metrics } from '@vectron/observability';
import { Stop, type StopSignal } from '@vectron/rpc';
import type { Redis } from 'ioredis';
import { newCache } from 'transitory';
import { decodeCached, encodeCached } from './cached-answer.js';
import type { SearchAnswer } from './search-answer.js';
import { OwnWriteMarks, type WriteMarks } from './write-marks.js';

/** What a search's answer depends on. Two that are equal in all of it may have one answer. */
export interface CacheKey {
  readonly tenantId: string;
  /** Of the collection's incarnation: one that was deleted and made again has another. */
  readonly collectionId: string;
  /** Little-endian float32; empty for a search by id. */
  readonly vector: Buffer;
  /** Every parameter that is not a vector. */
  readonly parameters: readonly (string | number | boolean | undefined)[];
}

export interface ResultCacheOptions {
  /** 0: nothing is cached; identical searches that are under way at once are still made once. */
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly redis?: Redis;
  readonly prefix: string;
}

/** How an answer came about. */
export type ServedFrom = 'shards' | 'cache' | 'redis' | 'coalesced';

interface Known {
  readonly answer: SearchAnswer;
  readonly sinceMs: number;
}

interface UnderWay {
  /** undefined: it has ended. A Map that grows and shrinks keeps what is deleted from it alive until the next full collection. */
  answer: Promise<SearchAnswer> | undefined;
  readonly stop: Stop;
  waiting: number;
}

const OVERHEAD_BYTES = 500;
const MAX_ASKED = 20_000;

/**
 * Answers of a moment ago (W-TinyLFU admission: Einziger et al., TinyLFU, 2017), and searches that are under way. Only
 * for reads that promise no freshness. A write through this process makes every older answer of its collection unusable
 * in all of its gateways at once, and keeps the shared tier out of use for the collection until its entries have expired; writes through
 * other gateways show after at most the TTL.
 */
export class ResultCache {
  readonly #answers;
  #asked = { names: new Set<string>(), sinceMs: 0 };
  #askedBefore = new Set<string>();
  readonly #underWay = new Map<string, UnderWay>();
  readonly #counts;

  constructor(
    private readonly options: ResultCacheOptions,
    metrics: Metrics,
    private readonly logger: Logger,
    private readonly writes: WriteMarks = new OwnWriteMarks(),
  ) {
    this.#answers =
      options.ttlMs === 0
        ? undefined
        : newCache<string, Known>()
            .maxSize(options.maxBytes)
            .withWeigher((key, { answer }) => key.length + bytesOf(answer))
            // Its clock ticks in seconds: when an answer is too old is decided here.
            .expireAfterWrite(Math.max(options.ttlMs, 1_000))
            .build();
    const count = (tier: string, result: string) => metrics.cache.labels({ tier, result });
    this.#counts = {
      memoryHit: count('memory', 'hit'),
      memoryMiss: count('memory', 'miss'),
      redisHit: count('redis', 'hit'),
      redisMiss: count('redis', 'miss'),
      redisFailed: count('redis', 'failed'),
      coalesced: count('under_way', 'hit'),
    };
  }

  /** A write to the collection begins or was acknowledged: answers from before it are not given any more. */
  written(collectionId: string): void {
    this.writes.mark(collectionId);
  }

  /**
   * The answer of the cache, of an equal search that is under way, or of `search`, which is run once for all that wait
   * and stopped when none of them does any more. `signal`: the caller's.
   */
  async get(
    key: CacheKey,
    signal: StopSignal | undefined,
    search: (signal: StopSignal) => Promise<SearchAnswer>,
  ): Promise<{ answer: SearchAnswer; from: ServedFrom }> {
    const writes = this.writes.of(key.collectionId);
    // The vector as its hash: a long key would cost more than the rest, and be kept.
    const head = JSON.stringify([key.tenantId, key.collectionId, writes?.count ?? 0, ...key.parameters]);
    const name = head + hash('sha256', key.vector, 'base64');
    const known = this.#answers?.getIfPresent(name);
    if (known && Date.now() - known.sinceMs < this.options.ttlMs) {
      this.#counts.memoryHit.inc();
      return { answer: known.answer, from: 'cache' };
    }
    this.#counts.memoryMiss.inc();
    const same = this.#underWay.get(name);
    if (same?.answer !== undefined) {
      this.#counts.coalesced.inc();
      return { answer: await this.#wait(same, same.answer, signal), from: 'coalesced' };
    }
    let from: ServedFrom = 'shards';
    const stop = new Stop();
    const run = async () => {
      const shared = await this.#shared(key, writes?.lastMs ?? 0);
      if (shared !== undefined) from = 'redis';
      // As old as its search's beginning.
      const sinceMs = Date.now();
      const answer = shared ?? (await search(stop));
      if (answer.complete && this.#asksAgain(name)) {
        this.#answers?.set(name, { answer, sinceMs });
        if (from === 'shards') this.#share(key, writes?.count ?? 0, answer);
      }
      return answer;
    };
    const answer = run();
    const underWay: UnderWay = { answer, stop, waiting: 0 };
    this.#underWay.set(name, underWay);
    const forget = () => {
      underWay.answer = undefined;
      this.#underWay.delete(name);
    };
    answer.then(forget, forget);
    return { answer: await this.#wait(underWay, answer, signal), from };
  }

  /**
   * Whether this was asked before within the last one to two lifetimes of an answer. One that is asked once, as most are
   * where none is asked often, is not worth keeping (the doorkeeper of TinyLFU).
   */
  #asksAgain(name: string): boolean {
    const now = Date.now();
    if (now - this.#asked.sinceMs > this.options.ttlMs || this.#asked.names.size > MAX_ASKED) {
      this.#askedBefore = now - this.#asked.sinceMs > 2 * this.options.ttlMs ? new Set() : this.#asked.names;
      this.#asked = { names: new Set(), sinceMs: now };
    }
    const again = this.#asked.names.has(name) || this.#askedBefore.has(name);
    this.#asked.names.add(name);
    return again;
  }

  async #wait(
    underWay: UnderWay,
    answer: Promise<SearchAnswer>,
    signal: StopSignal | undefined,
  ): Promise<SearchAnswer> {
    underWay.waiting += 1;
    const leave = () => {
      underWay.waiting -= 1;
      if (underWay.waiting === 0) underWay.stop.abort();
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /** From the tier that gateways share. It has no part in a collection that was written to here a moment ago. */
  async #shared(key: CacheKey, lastWriteMs: number): Promise<SearchAnswer | undefined> {
    const { redis, ttlMs } = this.options;
    if (redis === undefined || ttlMs === 0 || Date.now() - lastWriteMs <= ttlMs) return undefined;
    try {
      const bytes = await redis.getBuffer(this.#sharedName(key));
      (bytes === null ? this.#counts.redisMiss : this.#counts.redisHit).inc();
      return bytes === null ? undefined : decodeCached(bytes);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #share(key: CacheKey, writes: number, answer: SearchAnswer): void {
    const { redis, ttlMs } = this.options;
    if (redis === undefined || ttlMs === 0) return;
    // What was found before a write must not be shared after it.
    if ((this.writes.of(key.collectionId)?.count ?? 0) !== writes) return;
    redis.set(this.#sharedName(key), encodeCached(answer), 'PX', ttlMs).catch((error) => this.#failed(error));
  }

  /** Redis is a help, not a need: without it the shards answer. */
  #failed(err: unknown): void {
    this.#counts.redisFailed.inc();
    this.logger.debug({ err }, 'the shared result cache does not answer');
  }

  #sharedName({ tenantId, collectionId, parameters, vector }: CacheKey): string {
    const digest = createHash('sha256').update(JSON.stringify([tenantId, collectionId, ...parameters]));
    return `${this.options.prefix}result:${digest.update(vector).digest('base64url')}`;
  }
}

function bytesOf({ hits }: SearchAnswer): number {
  return hits.reduce((sum, hit) => sum + hit.payload.length + hit.vector.length + hit.id.length + 100, OVERHEAD_BYTES);
}

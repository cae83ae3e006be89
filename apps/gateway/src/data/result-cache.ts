import { createHash } from 'node:crypto';
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
  readonly vector: Buffer;
  readonly sinceMs: number;
}

interface UnderWay {
  /** undefined: it has ended. A Map that grows and shrinks keeps what is deleted from it alive until the next full collection. */
  answer: Promise<SearchAnswer> | undefined;
  readonly vector: Buffer;
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
  /** Of the last search: the parameters of most searches are those of the one before. */
  #head: { readonly key: CacheKey; readonly text: string } | undefined;

  /** `hashOf` a vector: of two with equal hashes, one is not shared. */
  constructor(
    private readonly options: ResultCacheOptions,
    metrics: Metrics,
    private readonly logger: Logger,
    private readonly writes: WriteMarks = new OwnWriteMarks(),
    private readonly hashOf = hashOfVector,
  ) {
    this.#answers =
      options.ttlMs === 0
        ? undefined
        : newCache<string, Known>()
            .maxSize(options.maxBytes)
            .withWeigher((key, { answer, vector }) => key.length + vector.length + bytesOf(answer))
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
   * and stopped when none of them does any more. `signal`: the caller's. `isCostly`: its answer is worth keeping the first time already.
   */
  async get(
    key: CacheKey,
    signal: StopSignal | undefined,
    search: (signal: StopSignal) => Promise<SearchAnswer>,
    isCostly = false,
  ): Promise<{ answer: SearchAnswer; from: ServedFrom }> {
    const writes = this.writes.of(key.collectionId);
    // The vector as its hash: a long key would cost more than the rest. Whoever has the same is compared with it.
    const name = `${this.#headOf(key)}${writes?.count ?? 0} ${this.hashOf(key.vector)}`;
    const known = this.#answers?.getIfPresent(name);
    if (known?.vector.equals(key.vector) && Date.now() - known.sinceMs < this.options.ttlMs) {
      this.#counts.memoryHit.inc();
      return { answer: known.answer, from: 'cache' };
    }
    this.#counts.memoryMiss.inc();
    const same = this.#underWay.get(name);
    if (same?.answer !== undefined && same.vector.equals(key.vector)) {
      this.#counts.coalesced.inc();
      // Those that come after its end find the answer.
      if (this.#answers !== undefined) this.#asksAgain(name);
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
      if (answer.complete && this.options.ttlMs > 0 && (this.#asksAgain(name) || isCostly)) {
        // A view would keep all that was read from the socket with it.
        this.#answers?.set(name, { answer, vector: Buffer.from(key.vector), sinceMs });
        if (from === 'shards') this.#share(key, writes?.count ?? 0, answer);
      }
      return answer;
    };
    const answer = run();
    const underWay: UnderWay = { answer, vector: key.vector, stop, waiting: 0 };
    this.#underWay.set(name, underWay);
    const forget = () => {
      underWay.answer = undefined;
      if (this.#underWay.get(name) === underWay) this.#underWay.delete(name);
    };
    answer.then(forget, forget);
    return { answer: await this.#wait(underWay, answer, signal), from };
  }

  /** Text of all of a key but the vector. */
  #headOf(key: CacheKey): string {
    const { tenantId, collectionId, parameters } = key;
    const last = this.#head?.key;
    const isLast =
      last?.collectionId === collectionId &&
      last.tenantId === tenantId &&
      last.parameters.length === parameters.length &&
      last.parameters.every((one, at) => one === parameters[at]);
    if (this.#head === undefined || !isLast) {
      this.#head = { key: { ...key, vector: NO_VECTOR }, text: JSON.stringify([tenantId, collectionId, ...parameters]) };
    }
    return this.#head.text;
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

const NO_VECTOR = Buffer.alloc(0);

/** 53 bits of two FNV-1a hashes over words (Fowler, Noll, Vo); a cryptographic one costs ten times as much. */
function hashOfVector(bytes: Buffer): number {
  let [low, high] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = bytes.readInt32LE(at);
    low = Math.imul(low ^ word, 0x01000193);
    high = Math.imul(high ^ word ^ (word >>> 15), 0x5bd1e995);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function bytesOf({ hits }: SearchAnswer): number {
  return hits.reduce((sum, hit) => sum + hit.payload.length + hit.vector.length + hit.id.length + 100, OVERHEAD_BYTES);
}

import { LRUCache } from 'lru-cache';
import type { SearchAnswer } from './search-answer.js';
import type { SearchInput } from './search-input.js';

/** Of one answer, at most. */
const MAX_SHOWN = 100;
const MAX_QUERY = 1_024;
const MAX_ANSWERS = 5_000;
const MAX_BYTES = 32 << 20;
/** Of them, what one tenant may have: another one's answers of a moment ago stay known while it searches much. */
const MAX_OWN = MAX_ANSWERS / 5;

/** What one answer showed. */
export interface Impression {
  readonly collection: string;
  readonly query: string;
  readonly results: { readonly id: string; readonly position: number; readonly score: number }[];
  readonly shownAtMs: number;
}

/** As few objects as can be: there are many of these. */
interface Shown {
  readonly collection: string;
  readonly query: string;
  /** JSON. */
  readonly ids: string;
  readonly scores: Float32Array;
  readonly shownAtMs: number;
}

/** Finds what an answer showed, wherever it was given. */
export type FindImpression = (tenantId: string, queryId: string) => Promise<Impression | undefined>;

/**
 * Answers of the last hour, for the feedback that may come on them; the oldest go first beyond 5,000 answers or 32 MiB in all,
 * and beyond 1,000 of one tenant.
 */
export class ImpressionLog {
  readonly #mostOwn: number;
  /** Keys of a tenant's answers, the oldest first. */
  readonly #own = new Map<string, Set<string>>();
  readonly #shown: LRUCache<string, Shown>;

  /** `among`: gateways that remember so much together. */
  constructor(among = 1) {
    this.#mostOwn = Math.ceil(MAX_OWN / among);
    this.#shown = new LRUCache<string, Shown>({
      max: Math.ceil(MAX_ANSWERS / among),
      maxSize: Math.ceil(MAX_BYTES / among),
      sizeCalculation: ({ query, ids, scores }) => 200 + 2 * (query.length + ids.length) + scores.byteLength,
      ttl: 3_600_000,
      ttlAutopurge: false,
      dispose: (_, key) => this.#left(key),
    });
  }

  remember(tenantId: string, { collection, query }: Pick<SearchInput, 'collection' | 'query'>, { hits, queryId }: SearchAnswer): void {
    const shown = hits.length > MAX_SHOWN ? hits.slice(0, MAX_SHOWN) : hits;
    const ids = JSON.stringify(shown.map(({ id }) => id));
    const scores = Float32Array.from(shown, ({ score }) => score);
    const own = this.#own.get(tenantId) ?? new Set<string>();
    const key = `${tenantId}/${queryId}`;
    const [oldest] = own.size >= this.#mostOwn ? own : [];
    if (oldest !== undefined) this.#shown.delete(oldest);
    this.#own.set(tenantId, own.add(key));
    this.#shown.set(key, { collection, query: query.slice(0, MAX_QUERY), ids, scores, shownAtMs: Date.now() });
  }

  #left(key: string): void {
    const tenantId = key.slice(0, key.indexOf('/'));
    const own = this.#own.get(tenantId);
    own?.delete(key);
    if (own?.size === 0) this.#own.delete(tenantId);
  }

  get(tenantId: string, queryId: string): Impression | undefined {
    const shown = this.#shown.get(`${tenantId}/${queryId}`);
    if (shown === undefined) return undefined;
    const { ids, scores, ...rest } = shown;
    const results = (JSON.parse(ids) as string[]).map((id, position) => ({ id, position, score: scores[position] }));
    return { ...rest, results };
  }
}

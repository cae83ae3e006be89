import { LRUCache } from 'lru-cache';
import type { SearchAnswer } from './search-answer.js';
import type { SearchInput } from './search-input.js';

/** Of one answer, at most. */
const MAX_SHOWN = 100;

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

/** Answers of the last hour, for the feedback that may come on them; the oldest go first beyond 5,000. */
export class ImpressionLog {
  readonly #shown = new LRUCache<string, Shown>({ max: 5_000, ttl: 3_600_000, ttlAutopurge: false });

  remember(tenantId: string, { collection, query }: SearchInput, { hits, queryId }: SearchAnswer): void {
    const shown = hits.length > MAX_SHOWN ? hits.slice(0, MAX_SHOWN) : hits;
    const ids = JSON.stringify(shown.map(({ id }) => id));
    const scores = Float32Array.from(shown, ({ score }) => score);
    this.#shown.set(`${tenantId}/${queryId}`, { collection, query, ids, scores, shownAtMs: Date.now() });
  }

  get(tenantId: string, queryId: string): Impression | undefined {
    const shown = this.#shown.get(`${tenantId}/${queryId}`);
    if (shown === undefined) return undefined;
    const { ids, scores, ...rest } = shown;
    const results = (JSON.parse(ids) as string[]).map((id, position) => ({ id, position, score: scores[position] }));
    return { ...rest, results };
  }
}

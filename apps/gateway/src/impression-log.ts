import { LRUCache } from 'lru-cache';
import type { SearchAnswer, SearchInput } from './search.service.js';

/** What one answer showed. */
export interface Impression {
  readonly collection: string;
  readonly query: string;
  readonly results: { readonly id: string; readonly position: number; readonly score: number }[];
  readonly shownAtMs: number;
}

/** Answers of the last hour, for the feedback that may come on them; the oldest go first beyond 20,000. */
export class ImpressionLog {
  readonly #shown = new LRUCache<string, Impression>({ max: 20_000, ttl: 3_600_000, ttlAutopurge: false });

  remember(tenantId: string, input: SearchInput, answer: SearchAnswer): void {
    const results = answer.hits.slice(0, 100).map(({ id, score }, position) => ({ id, position, score }));
    const { collection, query } = input;
    this.#shown.set(`${tenantId}/${answer.queryId}`, { collection, query, results, shownAtMs: Date.now() });
  }

  get(tenantId: string, queryId: string): Impression | undefined {
    return this.#shown.get(`${tenantId}/${queryId}`);
  }
}

import type { admin } from '@vectron/proto';
import type { EndedRequest } from './ended-request.js';
import { slowQueryOf } from './slow-query.js';

/** Entries that are kept, and what they may take as JSON in UTF-8. Beyond either, the oldest are forgotten. */
export const MAX_KEPT = 500;
export const MAX_KEPT_BYTES = 1 << 20;
/** Entries that one gateway makes in a second. Of more slow requests, only one that took longer than all of them gets an entry. */
const MAX_A_SECOND = 100;
const SECOND_MS = 1_000;

/** The newest slow requests of all gateways of a process, in memory that is bounded by their number and by their bytes. */
export class SlowQueries {
  readonly #kept: { readonly query: admin.SlowQuery; readonly bytes: number }[] = [];
  #bytes = 0;
  #total = 0;

  constructor(
    private readonly most = MAX_KEPT,
    private readonly mostBytes = MAX_KEPT_BYTES,
  ) {}

  /** Entries that are kept, and their bytes. */
  get size(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#kept.length, bytes: this.#bytes };
  }

  /** Keeps an entry. `requests`: how many slow requests it stands for; undefined: of those, none has an entry. */
  add(query: admin.SlowQuery | undefined, requests: number): void {
    this.#total += requests;
    if (query === undefined) return;
    const bytes = Buffer.byteLength(JSON.stringify(query));
    this.#kept.push({ query, bytes });
    this.#bytes += bytes;
    while (this.#kept.length > this.most || this.#bytes > this.mostBytes) {
      this.#bytes -= this.#kept.shift()?.bytes ?? 0;
    }
  }

  /** The slowest of those that are kept, slowest first, at most `limit`; and how many there were at all. */
  slowest(limit: number): Pick<admin.ListSlowQueriesResponse, 'queries' | 'total'> {
    const queries = this.#kept
      .map(({ query }) => query)
      .sort((one, other) => other.milliseconds - one.milliseconds)
      .slice(0, limit);
    return { queries, total: this.#total };
  }
}

/** Tells of the slow requests of one gateway. However many there are, it makes few entries a second; it counts all of them. */
export class SlowQueryReports {
  #secondMs = 0;
  #made = 0;
  #slowest = 0;
  #counted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly list: Pick<SlowQueries, 'add'>) {}

  report(one: EndedRequest): void {
    const nowMs = Date.now();
    if (nowMs - this.#secondMs >= SECOND_MS) {
      this.#secondMs = nowMs;
      this.#made = 0;
      this.#slowest = 0;
    }
    if (this.#made >= MAX_A_SECOND && one.seconds <= this.#slowest) {
      this.#counted += 1;
      this.#timer ??= setTimeout(() => this.tell(), SECOND_MS).unref();
      return;
    }
    this.#made += 1;
    this.#slowest = Math.max(this.#slowest, one.seconds);
    this.list.add(slowQueryOf(one), 1);
  }

  /** Tells of the requests that were only counted. */
  tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counted > 0) this.list.add(undefined, this.#counted);
    this.#counted = 0;
  }
}

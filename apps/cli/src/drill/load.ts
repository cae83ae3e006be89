import type { VectronClient } from '@vectron/sdk';

/** A seeded generator of uniform numbers in [0, 1): mulberry32, public domain, by T. Ettinger. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A vector that its name gives. */
export function vectorOf(id: string, dimension: number): Float32Array {
  let seed = 2166136261;
  for (const letter of id) seed = Math.imul(seed ^ letter.charCodeAt(0), 16777619);
  const next = seeded(seed);
  return Float32Array.from({ length: dimension }, () => next() * 2 - 1);
}

export interface Moment {
  /** Of the monotonic clock. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly kind: 'upsert' | 'get' | 'search';
  /** Failed, after the client's retries. */
  readonly error?: string;
  /** A search that said it lacks shards. */
  readonly incomplete?: boolean;
  /** A read that did not see what was acknowledged before it began. */
  readonly stale?: boolean;
}

export interface LoadOptions {
  readonly collection: string;
  readonly dimension: number;
  readonly writers: number;
  readonly readers: number;
  readonly searchers: number;
  /** Of each client, between two calls. */
  readonly pauseMs: number;
}

/** Clients that write, read back and search until stopped, and remember how each call went. */
export class Load {
  readonly moments: Moment[] = [];
  /** Last acknowledged number of writes to each id. */
  readonly acknowledged = new Map<string, number>();
  #next = 0;
  #stopped = false;
  /** Calls under way: kind and when they began. */
  readonly #pending = new Map<symbol, { kind: Moment['kind']; atMs: number }>();
  readonly #running: Promise<void>[];

  constructor(
    private readonly db: VectronClient,
    private readonly options: LoadOptions,
    private readonly prefix: string,
  ) {
    const { writers, readers, searchers } = options;
    this.#running = [
      ...Array.from({ length: writers }, () => this.#loop('upsert', () => this.#write())),
      ...Array.from({ length: readers }, () => this.#loop('get', () => this.#read())),
      ...Array.from({ length: searchers }, () => this.#loop('search', () => this.#search())),
    ];
  }

  async #loop(kind: Moment['kind'], call: () => Promise<Partial<Moment>>): Promise<void> {
    while (!this.#stopped) {
      const atMs = performance.now();
      const name = Symbol(kind);
      this.#pending.set(name, { kind, atMs });
      try {
        const result = await call();
        this.moments.push({ kind, atMs, tookMs: performance.now() - atMs, ...result });
      } catch (error) {
        const said = `${(error as { code?: string }).code ?? ''} ${(error as Error).message}`;
        this.moments.push({ kind, atMs, tookMs: performance.now() - atMs, error: said });
      } finally {
        this.#pending.delete(name);
      }
      await new Promise((resolve) => setTimeout(resolve, this.options.pauseMs));
    }
  }

  async #write(): Promise<Partial<Moment>> {
    const { collection, dimension } = this.options;
    const number = this.#next++;
    const points = Array.from({ length: 4 }, (_, at) => `${this.prefix}-${number}-${at}`).map((id) => ({
      id,
      vector: vectorOf(id, dimension),
      payload: { number },
    }));
    await this.db.upsert(collection, points);
    for (const { id } of points) this.acknowledged.set(id, number);
    return {};
  }

  async #read(): Promise<Partial<Moment>> {
    const known = this.#anyKnown();
    if (known === undefined) return {};
    const [id, number] = known;
    const point = await this.db.get(this.options.collection, id, { consistency: 'linearizable' });
    return { stale: point?.payload.number !== number };
  }

  async #search(): Promise<Partial<Moment>> {
    const { collection, dimension } = this.options;
    const known = this.#anyKnown();
    const vector = vectorOf(known?.[0] ?? 'none', dimension);
    const { complete } = await this.db.search(collection, { vector, topK: 10 });
    return { incomplete: !complete };
  }

  #anyKnown(): [string, number] | undefined {
    const number = Math.floor(Math.random() * this.#next);
    const id = `${this.prefix}-${number}-0`;
    const acknowledged = this.acknowledged.get(id);
    return acknowledged === undefined ? undefined : [id, acknowledged];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  since(atMs: number): Moment[] {
    return this.moments.filter((moment) => moment.atMs + moment.tookMs >= atMs);
  }

  /** From `atMs` to the end of the first call of a kind that began after it and went well, milliseconds. */
  backAfter(atMs: number, kind: Moment['kind']): number {
    const good = this.moments
      .filter((one) => one.kind === kind && one.error === undefined && !one.incomplete && one.atMs >= atMs)
      .map((one) => one.atMs + one.tookMs - atMs);
    return good.length > 0 ? Math.min(...good) : Number.POSITIVE_INFINITY;
  }

  /** Longest time of a call that was under way at or after `atMs`, milliseconds. */
  longest(atMs: number, kind: Moment['kind']): number {
    const ended = this.since(atMs)
      .filter((one) => one.kind === kind)
      .map((one) => one.tookMs);
    const pending = [...this.#pending.values()].filter((one) => one.kind === kind);
    return Math.max(0, ...ended, ...pending.map((one) => performance.now() - one.atMs));
  }

  get failures(): Moment[] {
    return this.moments.filter(({ error }) => error !== undefined);
  }

  /** Acknowledged points that are not there, points that are there twice, and how many there are. */
  async verify(): Promise<{ lost: string[]; doubled: string[]; points: number }> {
    const seen = new Map<string, number>();
    for (let cursor: string | undefined; ; ) {
      const page = await this.db.listPoints(this.options.collection, {
        limit: 1_000,
        cursor,
        consistency: 'linearizable',
      });
      for (const { id } of page.points) seen.set(id, (seen.get(id) ?? 0) + 1);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    return {
      lost: [...this.acknowledged.keys()].filter((id) => !seen.has(id)),
      doubled: [...seen].flatMap(([id, times]) => (times > 1 ? [id] : [])),
      points: seen.size,
    };
  }
}

import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';

/** How attempts of one kind are counted. A level rises by one with each attempt and sinks with time. */
export interface AttemptLimits {
  /** Attempts before there is any delay. */
  readonly free: number;
  /** Time in which one attempt is forgotten, milliseconds. */
  readonly forgetMs: number;
  /** How long the next attempt is refused when `over` attempts beyond the free ones count, `over` >= 0; milliseconds. */
  readonly delayMs: (over: number) => number;
  /** The level does not rise above `free` plus this, so that it is forgotten in bounded time. */
  readonly mostOver: number;
}

/** A place where attempts are counted. */
export interface AttemptCounter {
  /** Within {@link ATTEMPTS}; of two hexadecimal digits, a slash and the rest, see `sweep`. */
  readonly name: string;
  readonly limits: AttemptLimits;
}

/** As stored: the level right after the last attempt that counted, and when that was. */
interface Stored {
  readonly level: number;
  readonly atMs: number;
  /** After that time nothing of it counts any more. */
  readonly goneMs: number;
}

const ATTEMPTS = '/auth/attempts/';
/** Another process was faster so often that the attempt is refused: who guesses in parallel gains nothing by it. */
const RACES = 4;
const RACE_LOST_MS = 1_000;
const SWEPT_PARTS = 256;

/**
 * Attempts, counted in the MetaStore, so that all auth processes count together, and *before* they are looked at: however
 * many are made at once, none is looked at that was not counted. Nothing waits in here: an attempt that comes too early is
 * refused with RATE_LIMITED and does not count.
 */
export class AttemptCounters {
  #swept = 0;

  constructor(
    private readonly meta: MetaStore,
    private readonly now: () => number = Date.now,
  ) {}

  /** Milliseconds until an attempt would be counted; 0: now. Reads, and writes nothing. */
  async waitMs(counters: readonly AttemptCounter[]): Promise<number> {
    const read = await this.#read(counters);
    return Math.max(0, ...read.map(({ stored, limits }) => this.#waitMs(stored, limits)));
  }

  /**
   * Counts an attempt in all counters, or in none and throws RATE_LIMITED. What is returned takes it back: the attempt was
   * a success.
   */
  async count(counters: readonly AttemptCounter[]): Promise<() => Promise<void>> {
    for (let race = 0; race < RACES; race++) {
      const read = await this.#read(counters);
      const waitMs = Math.max(0, ...read.map(({ stored, limits }) => this.#waitMs(stored, limits)));
      if (waitMs > 0) throw tooMany(waitMs);
      const atMs = this.now();
      const { succeeded } = await this.meta.txn(
        read.map(({ key, revision }) => ({ key, revision })),
        read.map(({ key, stored, limits }) => {
          const level = Math.min(limits.free + limits.mostOver, levelAt(stored, limits, atMs) + 1);
          return { put: key, value: JSON.stringify(storedOf(level, atMs, limits)) };
        }),
      );
      if (succeeded) return () => this.#takeBack(counters);
    }
    throw tooMany(RACE_LOST_MS);
  }

  /** Counters as if nothing had ever been counted in them. */
  async forget(counters: readonly AttemptCounter[]): Promise<void> {
    await this.meta.txn(
      [],
      counters.map(({ name }) => ({ delete: ATTEMPTS + name })),
    );
  }

  /**
   * Removes counters of which nothing counts any more: those of the next of 256 parts, so that each call costs little
   * however many there are.
   */
  async sweep(): Promise<void> {
    const part = this.#swept.toString(16).padStart(2, '0');
    this.#swept = (this.#swept + 1) % SWEPT_PARTS;
    const { entries } = await this.meta.range(`${ATTEMPTS}${part}/`);
    for (const { key, value, revision } of entries) {
      if ((JSON.parse(value) as Stored).goneMs > this.now()) continue;
      await this.meta.txn([{ key, revision }], [{ delete: key }]);
    }
  }

  async #takeBack(counters: readonly AttemptCounter[]): Promise<void> {
    for (let race = 0; race < RACES; race++) {
      const read = await this.#read(counters);
      const { succeeded } = await this.meta.txn(
        read.map(({ key, revision }) => ({ key, revision })),
        read.map(({ key, stored, limits }) => {
          const level = (stored?.level ?? 0) - 1;
          if (stored === undefined || level <= 0) return { delete: key };
          return { put: key, value: JSON.stringify(storedOf(level, stored.atMs, limits)) };
        }),
      );
      if (succeeded) return;
    }
    // It stays counted, and is forgotten as failures are.
  }

  #read(counters: readonly AttemptCounter[]) {
    return Promise.all(
      counters.map(async ({ name, limits }) => {
        const key = ATTEMPTS + name;
        const entry = await this.meta.get(key);
        return { key, limits, revision: entry?.revision ?? 0, stored: entry && (JSON.parse(entry.value) as Stored) };
      }),
    );
  }

  #waitMs(stored: Stored | undefined, { free, delayMs }: AttemptLimits): number {
    // Rounded, because a little is forgotten between attempts that follow each other.
    const over = Math.round(stored?.level ?? 0) - free;
    if (stored === undefined || over < 0) return 0;
    // A clock of another process that is ahead of this one must not make the delay longer.
    return Math.max(0, Math.min(stored.atMs, this.now()) + delayMs(over) - this.now());
  }
}

/** The refusal of an attempt that comes too early; `retryAfterMs`: when the next one is looked at. */
export function tooMany(retryAfterMs: number): VectronError {
  return new VectronError('RATE_LIMITED', 'too many attempts; try again later', {
    details: { retryAfterMs: Math.ceil(retryAfterMs) },
  });
}

function levelAt(stored: Stored | undefined, { forgetMs }: AttemptLimits, nowMs: number): number {
  if (stored === undefined) return 0;
  return Math.max(0, stored.level - Math.max(0, nowMs - stored.atMs) / forgetMs);
}

const storedOf = (level: number, atMs: number, { forgetMs }: AttemptLimits): Stored => ({
  level,
  atMs,
  goneMs: Math.ceil(atMs + level * forgetMs),
});

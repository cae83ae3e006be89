import type { CutReason } from './connections.js';

/** A bucket of tokens that fills at a rate up to a size. */
interface Bucket {
  left: number;
  readonly size: number;
  readonly perSecond: number;
}

/** What one look at an HTTP/2 connection found since the last. */
export interface Spent {
  readonly elapsedMs: number;
  /** Bytes that came, of everything that was in them. */
  readonly read: number;
  /** Of these, bytes of messages. */
  readonly data: number;
  readonly written: number;
  /** Calls that were begun. */
  readonly calls: number;
  /** Calls that were refused to somebody unknown, or that the client reset before their answer. */
  readonly idleCalls: number;
}

/** Bytes of headers that a call may have without being counted: a token, a trace, some metadata. */
const CALL_BYTES = 4 << 10;
/**
 * Frames that carry nothing for a call (PRIORITY, PING, SETTINGS, WINDOW_UPDATE, empty DATA) cost their sender a few bytes,
 * and are handled below JavaScript, where nobody can count them. What is left of the raw bytes without headers and messages
 * is their size. Honest clients send few, and in proportion to what they read and write.
 */
const CONTROL = { size: 256 << 10, perSecond: 64 << 10 };
const IDLE_CALLS = { size: 200, perSecond: 20 };
/** Connections of callers that were let in once: behind one of them may be many users. */
const KNOWN_FACTOR = 20;

/** What an HTTP/2 connection may do without getting anything done. Decides only; who owns it ends the connection. */
export class CallBudget {
  #control: Bucket = { left: CONTROL.size, ...CONTROL };
  #idleCalls: Bucket = { left: IDLE_CALLS.size, ...IDLE_CALLS };
  #known = false;

  /** From now on it has the budget of a caller that was let in. */
  known(): void {
    if (this.#known) return;
    this.#known = true;
    this.#control = grown(this.#control);
    this.#idleCalls = grown(this.#idleCalls);
  }

  /** Why the connection must end; undefined when it may go on. */
  spend({ elapsedMs, read, data, written, calls, idleCalls }: Spent): CutReason | undefined {
    const control = Math.max(0, read - 2 * data - written - calls * CALL_BYTES);
    if (!take(this.#control, control, elapsedMs)) return 'flood';
    return take(this.#idleCalls, idleCalls, elapsedMs) ? undefined : 'refused_calls';
  }

  /** Whether this many idle calls since the last look are too many already. */
  exceeded(idleCalls: number): boolean {
    return idleCalls > this.#idleCalls.left;
  }
}

/**
 * nghttp2 ends a connection with an error once its client has reset 1,000 streams, and 33 a second more (its answer to CVE-2023-44487),
 * with all that is under way on it; Node 20 cannot change that. A client resets a stream for each call that it gives up, and many users
 * may be behind it.
 */
const RESETS = { size: 1_000, perSecond: 33 };
/** Resets that may still come when a client has been told to take another connection. */
const RESETS_KEPT = 250;

/** How near a connection is to the end that nghttp2 would make of it. */
export class ResetBudget {
  readonly #resets: Bucket = { left: RESETS.size, ...RESETS };
  #lastMs: number;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** A stream was reset, or may be. Whether the connection should be left for another one. */
  reset(nowMs: number): boolean {
    take(this.#resets, 1, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    return this.#resets.left < RESETS_KEPT;
  }
}

const grown = ({ left, size, perSecond }: Bucket): Bucket => ({
  left: left * KNOWN_FACTOR,
  size: size * KNOWN_FACTOR,
  perSecond: perSecond * KNOWN_FACTOR,
});

function take(bucket: Bucket, amount: number, elapsedMs: number): boolean {
  bucket.left = Math.min(bucket.size, bucket.left + (bucket.perSecond * elapsedMs) / 1_000) - amount;
  return bucket.left >= 0;
}

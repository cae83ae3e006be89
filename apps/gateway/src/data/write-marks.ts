import { LRUCache } from 'lru-cache';

const COLLECTIONS = 10_000;

/** Writes to a collection through the gateways of this process. */
export interface Writes {
  /** Changes with each of them. */
  readonly count: number;
  /** When the last was, milliseconds since 1970. */
  readonly lastMs: number;
}

/** What tells answers from before a write from those after it. */
export interface WriteMarks {
  mark(collectionId: string): void;
  /** Undefined where no write was marked, or so many collections ago that it was forgotten. */
  of(collectionId: string): Writes | undefined;
}

/** The marks of a process that has one gateway: those of the 10,000 collections that were used last. */
export class OwnWriteMarks implements WriteMarks {
  readonly #writes = new LRUCache<string, Writes>({ max: COLLECTIONS });

  mark(collectionId: string): void {
    const count = (this.#writes.peek(collectionId)?.count ?? 0) + 1;
    this.#writes.set(collectionId, { count, lastMs: Date.now() });
  }

  of(collectionId: string): Writes | undefined {
    return this.#writes.get(collectionId);
  }
}

const SLOTS = 4_096;

/**
 * Of all gateways of a process, in memory that they share: what one of them marks, the others see with their next look.
 * Collections whose ids have the same hash share a mark, which costs them answers that they could have given again.
 */
export class SharedWriteMarks implements WriteMarks {
  readonly #counts: BigInt64Array;
  readonly #timesMs: BigInt64Array;

  /** `memory`: what `allocate` made, in every thread the same. */
  constructor(memory: SharedArrayBuffer) {
    this.#counts = new BigInt64Array(memory, 0, SLOTS);
    this.#timesMs = new BigInt64Array(memory, 8 * SLOTS, SLOTS);
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(16 * SLOTS);
  }

  mark(collectionId: string): void {
    const slot = slotOf(collectionId);
    Atomics.store(this.#timesMs, slot, BigInt(Date.now()));
    Atomics.add(this.#counts, slot, 1n);
  }

  of(collectionId: string): Writes | undefined {
    const slot = slotOf(collectionId);
    const count = Number(Atomics.load(this.#counts, slot));
    return count === 0 ? undefined : { count, lastMs: Number(Atomics.load(this.#timesMs, slot)) };
  }
}

/** FNV-1a over the characters (Fowler, Noll, Vo). */
function slotOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SLOTS;
}

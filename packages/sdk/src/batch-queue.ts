import { VectronError } from '@vectron/errors';
import { pointBytes } from './point-bytes.js';
import type { Point } from './types.js';

/** Points that may wait for room, at most. */
const MOST_WAITING = 10_000;

/** A point that waits for room, or, without `bytes`, the end of a batch that does. */
interface Entry<P extends object> {
  readonly point?: Point<P>;
  /** Of the point in a request, about. */
  readonly bytes?: number;
  readonly resolve?: () => void;
  readonly reject?: (cause: unknown) => void;
}

/**
 * Points on their way into batches: one batch is being filled, one is ready to be taken, and what has no room in them waits in line.
 * It sends nothing and knows no clock.
 */
export class BatchQueue<P extends object> {
  #open: Point<P>[] = [];
  #openBytes = 0;
  #ready: Point<P>[] | undefined;
  #line: Entry<P>[] = [];
  #isRefused = false;
  #isEnded = false;
  #added = 0;

  constructor(
    private readonly batchSize: number,
    private readonly batchBytes: number,
  ) {}

  /** Points that were added, with those in line and without those that were refused there. */
  get added(): number {
    return this.#added;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether all batches were taken, and there will be none. */
  get isDone(): boolean {
    return this.#isEnded && this.#ready === undefined && this.#open.length === 0 && this.#line.length === 0;
  }

  /** The batch that `take` would give. */
  get first(): readonly Point<P>[] | undefined {
    return this.#ready;
  }

  /** Adds a point; where it has to wait for room, until there is some. */
  add(point: Point<P>): Promise<void> | undefined {
    if (this.#line.length >= MOST_WAITING) {
      throw new VectronError(
        'OVERLOADED',
        `${MOST_WAITING} points are waiting for room in the buffer; await the promise that add returns`,
      );
    }
    const bytes = pointBytes(point);
    this.#added += 1;
    if (this.#line.length === 0 && this.#put({ point, bytes })) return undefined;
    return new Promise((resolve, reject) => this.#line.push({ point, bytes, resolve, reject }));
  }

  /** Ends the batch that is being filled, with the points that are in line. */
  cut(): void {
    const last = this.#line.at(-1);
    if (last === undefined ? !this.#put({}) : last.bytes !== undefined) this.#line.push({});
  }

  /** Ends the last batch. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.cut();
  }

  /** The next batch; undefined: there is none. */
  take(): readonly Point<P>[] | undefined {
    const taken = this.#ready;
    this.#ready = undefined;
    // What has been refused is not filled up any more.
    if (this.#open.length === this.batchSize || (this.#isRefused && this.#open.length > 0)) this.#handOver();
    let placed = 0;
    while (placed < this.#line.length && this.#put(this.#line[placed])) {
      this.#line[placed].resolve?.();
      placed += 1;
    }
    this.#line.splice(0, placed);
    return taken;
  }

  /** Refuses what is in line, and ends the last batch. The batches that there are can still be taken. */
  refuse(cause: unknown): void {
    this.#isRefused = true;
    const line = this.#line;
    this.#line = [];
    for (const { bytes, reject } of line) {
      if (bytes === undefined) continue;
      this.#added -= 1;
      reject?.(cause);
    }
    if (this.#ready === undefined && this.#open.length > 0) this.#handOver();
  }

  /** Whether there was room for the entry. */
  #put({ point, bytes }: Entry<P>): boolean {
    if (bytes === undefined) {
      if (this.#open.length > 0 && this.#ready !== undefined) return false;
      if (this.#open.length > 0) this.#handOver();
      return true;
    }
    const isFull = this.#open.length === this.batchSize || this.#openBytes + bytes > this.batchBytes;
    if (this.#open.length > 0 && isFull) {
      if (this.#ready !== undefined) return false;
      this.#handOver();
    }
    this.#open.push(point as Point<P>);
    this.#openBytes += bytes;
    if (this.#open.length === this.batchSize && this.#ready === undefined) this.#handOver();
    return true;
  }

  #handOver(): void {
    this.#ready = this.#open;
    this.#open = [];
    this.#openBytes = 0;
  }
}

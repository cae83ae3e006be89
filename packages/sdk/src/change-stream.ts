import { type LostChanges, VectronError } from '@vectron/errors';
import { isPlainObject } from '@vectron/model';
import { checkSignal, eitherSignal } from './limits.js';
import type { Change, Changes, Payload } from './types.js';

/** Where a change feed starts, and how long a request waits for changes. */
export interface ChangesOptions {
  /** Where to start: the `cursor` of a stream or a snapshot, or the `nextCursor` of an earlier list. */
  readonly cursor?: string;
  /**
   * Without a cursor, where to begin: missing, at the oldest change that is kept; `now`, with what comes after this call, whose
   * answer has no changes.
   */
  readonly from?: 'now';
  /** Milliseconds that one request waits for a change, at most 60,000; default: 30,000 for a stream, 0 for a list. */
  readonly waitMs?: number;
  /** Ends the stream, or cancels the call with CANCELLED. */
  readonly signal?: AbortSignal;
}

/** Options of a stream of changes. */
export interface ChangeStreamOptions extends ChangesOptions {
  /**
   * Called when changes are no longer kept: the stream then continues after them. Without it, and if the collection was deleted
   * and created again, the stream ends with CHANGES_GONE, whose `details.lost` contains the same information.
   */
  readonly onLost?: (lost: LostChanges) => void;
}

/** The options, once it is sure that they are some. Throws INVALID_ARGUMENT. */
export function changesOptions(options: ChangesOptions): ChangesOptions {
  if (!isPlainObject(options)) throw VectronError.invalid('options', 'the options of a call must be a plain object');
  const { signal } = options as ChangesOptions;
  checkSignal(signal);
  return options as ChangesOptions;
}

/** The call that a stream repeats. */
export type ListChanges = (collection: string, options: ChangesOptions) => Promise<Changes>;

const WAIT_MS = 30_000;

/**
 * A stream of changes as they happen, in log order within each shard and without gaps, until the signal is aborted or the loop
 * ends. Throws CHANGES_GONE if the log no longer reaches back to the cursor.
 */
export class ChangeStream<P extends object = Payload> implements AsyncIterable<Change<P>>, AsyncDisposable {
  #cursor: string;
  readonly #closing = new AbortController();

  constructor(
    private readonly list: ListChanges,
    private readonly collection: string,
    private readonly options: ChangeStreamOptions = {},
  ) {
    this.#cursor = changesOptions(options).cursor ?? '';
  }

  /**
   * The cursor from which another stream continues without a gap. It advances when all changes of one answer of the server
   * were read, so that a reader that stops in between gets the changes of that answer again.
   */
  get cursor(): string {
    return this.#cursor;
  }

  /** Ends all loops over this stream, also while they are waiting. */
  close(): void {
    this.#closing.abort();
  }

  /** Ends the stream at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Iterates over the changes from `cursor` on, as long as they are read. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Change<P>, void, undefined> {
    const { waitMs = WAIT_MS, from, onLost, signal: given, ...others } = this.options;
    const signal = eitherSignal(this.#closing.signal, given);
    while (!signal?.aborted) {
      try {
        const asked = { ...others, cursor: this.#cursor, from: this.#cursor === '' ? from : undefined, waitMs, signal };
        const { changes, nextCursor } = await this.list(this.collection, asked);
        yield* changes as Change<P>[];
        this.#cursor = nextCursor;
      } catch (error) {
        // The caller ended the call, and knows it.
        if (signal?.aborted && error instanceof VectronError && error.code === 'CANCELLED') return;
        const lost = error instanceof VectronError ? error.details.lost : undefined;
        if (lost === undefined || onLost === undefined) throw error;
        onLost(lost);
        this.#cursor = lost.cursor;
      }
    }
  }
}

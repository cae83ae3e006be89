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
   * Called when changes are not kept any more: the stream then goes on behind them. Without it, and when the collection was made
   * anew, the stream ends with CHANGES_GONE, whose `details.lost` says the same.
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
 * Changes as they happen, in log order a shard and without a gap, until the signal is aborted or the loop is left.
 * CHANGES_GONE: the log does not reach back to the cursor any more.
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
   * Where another stream goes on without missing anything. It moves once all changes of one answer of the server were
   * taken, so that a reader who stops in between sees the changes of that answer again.
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

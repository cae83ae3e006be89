import { VectronError } from '@vectron/errors';
import type { Metrics } from '@vectron/observability';
import type { WorkKind } from './work-kind.js';

/** Who is refused may come again after so long, where nothing is known of how fast the line moves. */
const RETRY_MS = 250;
/** Otherwise when as many have ended as wait, in such steps and within these bounds. */
const RETRY_STEP_MS = 50;
const MOST_RETRY_MS = 5_000;

const NAMES: Record<WorkKind, string> = {
  read: 'reads',
  scan: 'reads that take long',
  write: 'writes',
  bulk: 'large writes',
  watch: 'requests held open',
  manage: 'requests that manage something',
};

/** The errors that requests of one kind are refused with when there are too many. */
export class Refusals {
  /** One for each time after which to come again: making one costs more than refusing. */
  readonly #errors = new Map<number, VectronError>();
  readonly #count;

  constructor(
    private readonly kind: WorkKind,
    metrics?: Metrics,
  ) {
    this.#count = metrics?.shed.labels({ kind });
    this.#count?.inc(0);
  }

  /** OVERLOADED, which is counted. `expectedMs`: when there will be room; undefined: it cannot be told. */
  next(expectedMs: number = RETRY_MS): VectronError {
    this.#count?.inc();
    const steps = Math.ceil(Math.min(expectedMs, MOST_RETRY_MS) / RETRY_STEP_MS);
    const retryAfterMs = Math.max(1, steps) * RETRY_STEP_MS;
    let refusal = this.#errors.get(retryAfterMs);
    if (refusal === undefined) {
      const message = `too many ${NAMES[this.kind]} at once; try again`;
      refusal = new VectronError('OVERLOADED', message, { details: { retryAfterMs } });
      // Its trace says nothing.
      refusal.stack = undefined;
      this.#errors.set(retryAfterMs, refusal);
    }
    return refusal;
  }
}

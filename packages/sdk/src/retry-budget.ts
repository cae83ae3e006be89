/** Retries that a client may make at once after a quiet time, and how many more each of its calls allows. */
const MOST = 100;
const SHARE = 0.2;

/**
 * How much of what a client sends may be retries: a fifth of its calls, beyond what it has saved up. A server that refuses
 * because it has too much to do gets a fifth more from its clients, and not a multiple (as in Finagle's RetryBudget and
 * gRFC A6).
 */
export class RetryBudget {
  #left = MOST;

  /** Records a call that is not a retry. */
  called(): void {
    this.#left = Math.min(MOST, this.#left + SHARE);
  }

  /** Whether a retry may be made, which is paid for with that. */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

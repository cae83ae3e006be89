import { VectronError } from '@vectron/errors';
import type { StopSignal } from '@vectron/rpc';

const RETRY_MS = 500;

export interface WaitLimits {
  readonly deadlineMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: StopSignal;
}

interface Waiting {
  readonly bytes: number;
  start(): void;
}

/**
 * Memory for the answers that are large and are made at the same time. Small ones, which are nearly all, are made without; one that
 * turns out to be large waits here, first come, first served, so that many of them at once are not many times their memory.
 */
export class AnswerRoom {
  readonly #waiting: Waiting[] = [];
  #taken = 0;

  /** `bytes`: of all of them together. */
  constructor(private readonly bytes: number) {}

  /** For one request, which ends it when its answer is made. */
  lease(limits: WaitLimits): AnswerLease {
    return new AnswerLease(this, limits);
  }

  /**
   * Waits for room for so many bytes, or for all of it where there is less. Gives what must be called, once, to give it back. Throws
   * OVERLOADED when there is none by the deadline, and CANCELLED.
   */
  async take(wanted: number, { deadlineMs, signal }: WaitLimits): Promise<() => void> {
    const bytes = Math.min(wanted, this.bytes);
    if (this.#waiting.length > 0 || this.#taken + bytes > this.bytes) await this.#turn(bytes, deadlineMs, signal);
    else this.#taken += bytes;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#taken -= bytes;
      this.#next();
    };
  }

  #turn(bytes: number, deadlineMs: number, signal: StopSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        const place = this.#waiting.indexOf(own);
        if (place >= 0) this.#waiting.splice(place, 1);
      };
      const give = (error: VectronError) => {
        leave();
        // Those behind it may fit.
        this.#next();
        reject(error);
      };
      const start = () => {
        leave();
        resolve();
      };
      const own: Waiting = { bytes, start };
      const details = { retryAfterMs: RETRY_MS };
      const late = () =>
        give(
          new VectronError(
            'OVERLOADED',
            'the server is building too many large answers at the same time; try again later',
            { details },
          ),
        );
      const abort = () => give(new VectronError('CANCELLED', 'the caller cancelled the request'));
      const timer = setTimeout(late, Math.max(0, deadlineMs - Date.now()));
      this.#waiting.push(own);
      signal?.addEventListener('abort', abort, { once: true });
      if (signal?.aborted) abort();
    });
  }

  #next(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#taken + first.bytes > this.bytes) return;
      this.#taken += first.bytes;
      first.start();
    }
  }
}

/** The room of one request. */
export class AnswerLease {
  #held: Promise<() => void> | undefined;

  constructor(
    private readonly room: AnswerRoom,
    private readonly limits: WaitLimits,
  ) {}

  /** Waits for it once, whatever is asked for after that: who holds some and waits for more would wait for those who do the same. */
  async hold(bytes: number): Promise<void> {
    this.#held ??= this.room.take(bytes, this.limits);
    await this.#held;
  }

  end(): void {
    // One that was not given has nothing to give back, and was told so.
    this.#held?.then(
      (giveBack) => giveBack(),
      () => undefined,
    );
  }
}

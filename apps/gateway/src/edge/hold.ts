import { VectronError } from '@vectron/errors';
import type { MethodContract } from '@vectron/proto';
import { Stop, type StopSignal } from '@vectron/rpc';

/**
 * A call that is open on the strength of a verdict on its caller. It is ended when the caller's token is revoked or
 * expires, when what the caller may do is changed, and when nobody can be asked about the token any more.
 */
export class Hold {
  readonly #ended = new Stop();
  #refusal: VectronError | undefined;

  /** `released` is called when the call is over. */
  constructor(private readonly released: (hold: Hold) => void) {}

  /** The call is over: nobody is told any more that it must end. */
  release(): void {
    // What a call had to do with is large, and holds are known for longer than their calls are open.
    this.#ended.forget();
    this.released(this);
  }

  /** Aborted when the call must end. */
  get signal(): StopSignal {
    return this.#ended;
  }

  /** Why the call must end; undefined: it may go on. */
  get refusal(): VectronError | undefined {
    return this.#refusal;
  }

  end(refusal: VectronError): void {
    this.#refusal ??= refusal;
    this.#ended.abort();
  }

  /** Throws the refusal when the call must have ended by now. */
  check(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  /** What `work` gives, unless the call must end first: then the refusal is thrown and nobody waits for the work. */
  during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () =>
        reject(
          this.#refusal ??
            new VectronError(
              'UNAUTHENTICATED',
              'the call was ended, because its key or login is no longer valid; log in again',
            ),
        );
      const leave = () => this.#ended.removeEventListener('abort', end);
      if (this.#ended.aborted) end();
      else this.#ended.addEventListener('abort', end);
      work.then(
        (value) => {
          leave();
          resolve(value);
        },
        (error: unknown) => {
          leave();
          reject(error);
        },
      );
    });
  }
}

/**
 * Does the work of a method while its caller may have it done. What only reads ends with the hold; a write that has begun
 * is finished, because its answer must say what was done.
 */
export function whileAllowed<T>(
  { admission }: Pick<MethodContract, 'admission'>,
  hold: Hold | undefined,
  work: () => Promise<T>,
): Promise<T> {
  hold?.check();
  if (hold === undefined || admission === 'write' || admission === 'manage') return work();
  return hold.during(work());
}

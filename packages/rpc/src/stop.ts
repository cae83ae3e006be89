/** The part of an AbortSignal that calls need; every AbortSignal is one. */
export interface StopSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * An AbortController and its signal in one, for what is made for every request: the platform's own cost tens of times as
 * much, most of it when it is aborted.
 */
export class Stop implements StopSignal {
  #aborted = false;
  #listeners: (() => void)[] | undefined;

  get aborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }

  /** Nobody will ask for it to stop any more: what it would have told is let go. */
  forget(): void {
    this.#listeners = undefined;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#aborted) return;
    if (this.#listeners === undefined) this.#listeners = [listener];
    else if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }
}

/** Stops when one of them does. */
export function anyOf(...signals: readonly (StopSignal | undefined)[]): StopSignal {
  const stop = new Stop();
  for (const signal of signals) {
    signal?.addEventListener('abort', () => stop.abort(), { once: true });
    if (signal?.aborted) stop.abort();
  }
  return stop;
}

/** For what takes nothing but the platform's own. */
export function abortSignalOf(signal: StopSignal | undefined): AbortSignal {
  const controller = new AbortController();
  signal?.addEventListener('abort', () => controller.abort(), { once: true });
  if (signal?.aborted) controller.abort();
  return controller.signal;
}

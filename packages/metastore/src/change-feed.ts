import { EventEmitter, once } from 'node:events';
import { VectronError } from '@vectron/errors';
import type { Change } from './metastore.js';

/** Changes kept for watchers that come late. */
const KEPT = 10_000;

/** The changes of a store since it was opened, for watches: history first, then live. */
export class ChangeFeed {
  readonly #changes: Change[] = [];
  readonly #wake = new EventEmitter().setMaxListeners(0);
  /** Revision before the first change that is kept. */
  #from: number;

  constructor(revision: number) {
    this.#from = revision;
  }

  publish(changes: Change[]): void {
    this.#changes.push(...changes);
    while (this.#changes.length > KEPT) this.#from = (this.#changes.shift() as Change).revision;
    this.#wake.emit('change');
  }

  async *watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change> {
    let seen = revision;
    while (!signal.aborted) {
      if (seen < this.#from) throw new VectronError('NOT_FOUND', `changes after revision ${seen} are no longer kept`);
      const fresh = this.#changes.filter((change) => change.revision > seen);
      seen = fresh.at(-1)?.revision ?? seen;
      for (const change of fresh) if (change.key.startsWith(prefix)) yield change;
      if (this.#changes.some((change) => change.revision > seen)) continue;
      try {
        await once(this.#wake, 'change', { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }
}

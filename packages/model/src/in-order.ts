/** One piece of a stream of work. */
export interface Piece<A> {
  /** Two pieces that have one of these in common are done one after the other. */
  readonly keys: Iterable<string>;
  /** Does it, and tells what became of it; never rejects. */
  readonly run: () => Promise<A>;
}

/**
 * Does the pieces, at most `atOnce` of them at a time, and gives what became of each in their order. The next piece is asked for only
 * while fewer are under way or not yet taken by who reads this, so that a slow reader slows the work down. A piece begins at once, or
 * when the earlier ones that share a key with it have ended. When `pieces` throw, those that were begun are given first. Whoever stops
 * reading ends `pieces`; what was begun goes on by itself.
 */
export async function* inOrder<A>(pieces: AsyncIterable<Piece<A>>, atOnce: number): AsyncGenerator<A, void, undefined> {
  const iterator = pieces[Symbol.asyncIterator]();
  const keyed = new KeyedRuns();
  /** Begun and not given yet. */
  const begun: Promise<A>[] = [];
  let reading: Promise<void> | undefined;
  let failure: { readonly cause: unknown } | undefined;
  let ended = false;
  const read = async () => {
    try {
      const { done, value } = await iterator.next();
      if (done === true) ended = true;
      else begun.push(keyed.run(value));
    } catch (cause) {
      ended = true;
      failure = { cause };
    } finally {
      reading = undefined;
    }
  };
  try {
    for (;;) {
      if (!ended && reading === undefined && begun.length < atOnce) reading = read();
      const [first] = begun;
      if (first === undefined) {
        if (reading === undefined) break;
        await reading;
      } else if (reading === undefined || (await Promise.race([first.then(() => true), reading.then(() => false)]))) {
        const outcome = await first;
        void begun.shift();
        yield outcome;
      }
    }
    if (failure !== undefined) throw failure.cause;
  } finally {
    if (!ended) void iterator.return?.();
  }
}

/** Runs pieces at once, but for those that share a key with one that has not ended. */
class KeyedRuns {
  /** The last piece of each key. */
  readonly #last = new Map<string, Promise<unknown>>();

  run<A>({ keys, run }: Piece<A>): Promise<A> {
    const own = [...keys];
    const before = new Set<Promise<unknown>>();
    for (const key of own) {
      const other = this.#last.get(key);
      if (other !== undefined) before.add(other);
    }
    const done = (before.size === 0 ? run() : Promise.all(before).then(run)).finally(() => {
      for (const key of own) if (this.#last.get(key) === done) this.#last.delete(key);
    });
    for (const key of own) this.#last.set(key, done);
    return done;
  }
}

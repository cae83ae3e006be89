interface Settle {
  resolve(outcome: Buffer): void;
  reject(error: unknown): void;
}

/** Who waits for one operation. */
interface Waiting {
  /** undefined: it was settled. A Map that grows and shrinks keeps what is deleted from it alive until the next full collection. */
  settle: Settle | undefined;
}

interface Submitted {
  readonly op: Buffer;
  readonly id: number;
  readonly ticket: number;
}

/** The part of the core that takes operations and gives what became of them. */
export interface Core {
  submit(ops: Buffer[], ids: number[], tickets: number[]): void;
  /** `wake` is called when something has ended that was not taken yet; it does not keep the process alive. undefined: nobody is. */
  listen(wake: (() => void) | undefined): void;
  /** All that has ended and was not taken yet: see crates/vectron-napi/src/outcomes.rs. Nothing: null. */
  takeOutcomes(): Buffer | null;
}

/** Keeps the process alive between `ref` and `unref`. */
export interface KeepAlive {
  ref(): unknown;
  unref(): unknown;
}

/** The longest there is: it is for its handle, not for what it does. */
const MAX_INTERVAL_MS = 2 ** 31 - 1;
const nothing = () => {};

/** Operations that run in the core: each is answered when it is done, whatever was submitted with it. */
export class Submissions {
  readonly #running = new Map<number, Waiting>();
  #ids = 0;
  #listening = false;
  #ended = false;

  constructor(
    private readonly core: Core,
    private readonly alive: KeepAlive = setInterval(nothing, MAX_INTERVAL_MS).unref(),
  ) {}

  /** What is submitted through one line within an event-loop tick goes to the core in one call. Adds no timer. */
  line(): (op: Buffer, ticket: number) => Promise<Buffer> {
    let batch: Submitted[] = [];
    const flush = () => {
      const whole = batch;
      batch = [];
      this.#submit(whole);
    };
    return (op, ticket) =>
      new Promise((resolve, reject) => {
        const id = this.#newId();
        // Only while something runs, so that an idle engine does not keep its process alive.
        if (this.#running.size === 0) this.alive.ref();
        this.#running.set(id, { settle: { resolve, reject } });
        if (batch.push({ op, id, ticket }) === 1) setImmediate(flush);
      });
  }

  #newId(): number {
    do this.#ids = (this.#ids + 1) % 0x1_0000_0000;
    while (this.#running.has(this.#ids));
    return this.#ids;
  }

  /** The core holds on to nothing of this any more, as soon as nothing runs. What is submitted later is answered, too. */
  end(): void {
    this.#ended = true;
    if (this.#running.size === 0) this.#stopListening();
  }

  #submit(batch: readonly Submitted[]): void {
    try {
      this.#listen();
      this.core.submit(
        batch.map(({ op }) => op),
        batch.map(({ id }) => id),
        batch.map(({ ticket }) => ticket),
      );
    } catch (error) {
      for (const { id } of batch) this.#take(id)?.reject(error);
    }
  }

  #listen(): void {
    if (this.#listening) return;
    this.core.listen(() => this.#settle());
    this.#listening = true;
  }

  #stopListening(): void {
    this.core.listen(undefined);
    this.#listening = false;
  }

  #settle(): void {
    const outcomes = this.core.takeOutcomes();
    if (outcomes === null) return;
    const count = outcomes.readUInt32LE(0);
    let at = 4 + 8 * count;
    for (let place = 0; place < count; place += 1) {
      const end = at + outcomes.readUInt32LE(8 + 8 * place);
      this.#take(outcomes.readUInt32LE(4 + 8 * place))?.resolve(outcomes.subarray(at, end));
      at = end;
    }
  }

  #take(id: number): Settle | undefined {
    const waiting = this.#running.get(id);
    if (waiting === undefined) return undefined;
    const { settle } = waiting;
    waiting.settle = undefined;
    this.#running.delete(id);
    if (this.#running.size === 0) {
      this.alive.unref();
      if (this.#ended) this.#stopListening();
    }
    return settle;
  }
}

import { VectronError } from '@vectron/errors';

interface Waiting {
  resolve(outcome: Buffer): void;
  reject(error: unknown): void;
}

interface Submitted {
  readonly op: Buffer;
  readonly id: number;
  readonly ticket: number;
}

/** The part of the core that takes operations and gives what became of them. */
export interface Core {
  submit(ops: Buffer[], ids: number[], tickets: number[]): void;
  /** Resolves when something has ended, with all that has: see crates/vectron-napi/src/outcomes.rs. */
  outcomes(): Promise<Buffer>;
}

/** Operations that run in the core: each is answered when it is done, whatever was submitted with it. */
export class Submissions {
  readonly #running = new Map<number, Waiting>();
  #ids = 0;
  #listening = false;

  constructor(private readonly core: Core) {}

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
        this.#running.set(id, { resolve, reject });
        if (batch.push({ op, id, ticket }) === 1) setImmediate(flush);
      });
  }

  #newId(): number {
    do this.#ids = (this.#ids + 1) % 0x1_0000_0000;
    while (this.#running.has(this.#ids));
    return this.#ids;
  }

  #submit(batch: readonly Submitted[]): void {
    try {
      this.core.submit(
        batch.map(({ op }) => op),
        batch.map(({ id }) => id),
        batch.map(({ ticket }) => ticket),
      );
    } catch (error) {
      for (const { id } of batch) this.#take(id)?.reject(error);
      return;
    }
    this.#listen();
  }

  /** Only while something runs, so that an idle engine does not keep its process alive. */
  #listen(): void {
    if (this.#listening || this.#running.size === 0) return;
    this.#listening = true;
    this.core.outcomes().then(
      (outcomes) => {
        this.#listening = false;
        this.#settle(outcomes);
        this.#listen();
      },
      (cause: unknown) => {
        this.#listening = false;
        const error = new VectronError('INTERNAL', 'the engine gives no outcomes any more', { cause });
        for (const id of [...this.#running.keys()]) this.#take(id)?.reject(error);
      },
    );
  }

  #settle(outcomes: Buffer): void {
    const count = outcomes.readUInt32LE(0);
    let at = 4 + 8 * count;
    for (let place = 0; place < count; place += 1) {
      const end = at + outcomes.readUInt32LE(8 + 8 * place);
      this.#take(outcomes.readUInt32LE(4 + 8 * place))?.resolve(outcomes.subarray(at, end));
      at = end;
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#running.get(id);
    this.#running.delete(id);
    return waiting;
  }
}

interface Waiting {
  readonly op: Buffer;
  readonly ticket: number;
  resolve(outcome: Buffer): void;
  reject(error: unknown): void;
}

/** What the core has of a batch: the outcomes one after the other, before them the length of each. */
type Run = (ops: Buffer[], tickets: number[]) => Promise<Buffer>;

/** Collects what is submitted within one event-loop tick into one call. Adds no timer. */
export class TickBatcher {
  #waiting: Waiting[] = [];

  constructor(private readonly run: Run) {}

  /** `ticket`: by which the core can be told that nobody waits any more; 0: it never is. */
  submit(op: Buffer, ticket: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ op, ticket, resolve, reject }) === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const tickets = batch.map(({ ticket }) => ticket);
    this.run(
      batch.map(({ op }) => op),
      tickets,
    ).then(
      (outcomes) => {
        let at = batch.length * 4;
        for (const [place, item] of batch.entries()) {
          const end = at + outcomes.readUInt32LE(place * 4);
          item.resolve(outcomes.subarray(at, end));
          at = end;
        }
      },
      (error) => {
        for (const item of batch) item.reject(error);
      },
    );
  }
}

interface Waiting {
  readonly op: Buffer;
  resolve(outcome: Buffer): void;
  reject(error: unknown): void;
}

/** Collects what is submitted within one event-loop tick into one call. Adds no timer. */
export class TickBatcher {
  #waiting: Waiting[] = [];

  constructor(private readonly run: (ops: Buffer[]) => Promise<Buffer[]>) {}

  submit(op: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ op, resolve, reject }) === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.run(batch.map((item) => item.op)).then(
      (outcomes) => {
        for (const [at, item] of batch.entries()) item.resolve(outcomes[at]);
      },
      (error) => {
        for (const item of batch) item.reject(error);
      },
    );
  }
}

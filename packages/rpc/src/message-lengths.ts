const PREFIX_BYTES = 5;

/** Reads the prefixes of the messages of one gRPC call, in chunks however they come, and nothing of the messages. */
export class MessageLengths {
  #prefix = 0;
  #length = 0;
  #left = 0;
  #whole = 0;
  #tooLong: number | undefined;

  /** `maxBytes`: of one message. */
  constructor(private readonly maxBytes: number) {}

  /** Messages that are there as a whole. */
  get whole(): number {
    return this.#whole;
  }

  /** Bytes of the one that has begun to come and is not there yet; 0 between two. */
  get begun(): number {
    return this.#left > 0 ? PREFIX_BYTES + this.#length - this.#left : this.#prefix;
  }

  /** How many messages came before the first that is too long, as its prefix says; undefined: none is. */
  get tooLongAfter(): number | undefined {
    return this.#tooLong;
  }

  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - at);
        this.#left -= skipped;
        at += skipped;
        if (this.#left === 0) this.#end();
        continue;
      }
      // The first byte says whether the message is compressed.
      if (this.#prefix > 0) this.#length = this.#length * 256 + chunk[at];
      at += 1;
      this.#prefix += 1;
      if (this.#prefix < PREFIX_BYTES) continue;
      if (this.#length > this.maxBytes) this.#tooLong ??= this.#whole;
      this.#left = this.#length;
      this.#prefix = 0;
      if (this.#left === 0) this.#end();
    }
  }

  #end(): void {
    this.#whole += 1;
    this.#length = 0;
  }
}

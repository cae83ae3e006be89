const PREFIX_BYTES = 5;

/** Reads the prefixes of the messages of one gRPC call, in chunks however they come, and nothing of the messages. */
export class MessageLengths {
  #prefix = 0;
  #length = 0;
  #left = 0;

  /** The length of the longest message that begins in this chunk, as its prefix says; 0 when none does. */
  longest(chunk: Buffer): number {
    let longest = 0;
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.length - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      // The first byte says whether the message is compressed.
      if (this.#prefix > 0) this.#length = this.#length * 256 + chunk[at];
      at += 1;
      this.#prefix += 1;
      if (this.#prefix < PREFIX_BYTES) continue;
      longest = Math.max(longest, this.#length);
      this.#left = this.#length;
      this.#prefix = 0;
      this.#length = 0;
    }
    return longest;
  }
}

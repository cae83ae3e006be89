import { createHash } from 'node:crypto';

/**
 * The ids of a file's rows and the lines they stand on, so that no row silently takes the place of another. 64 bits of a hash
 * stand for an id (two of three million ids share one with a probability of 2e-7). Memory: 16 bytes a slot, 64 MiB at most;
 * then it is full, knows what it has and takes no more.
 */
export class SeenIds {
  #slots: BigUint64Array;
  #lines: Float64Array;
  #size = 0;

  /** `most`: ids that it takes. */
  constructor(private readonly most = 3_000_000) {
    this.#slots = new BigUint64Array(1024);
    this.#lines = new Float64Array(1024);
  }

  get isFull(): boolean {
    return this.#size >= this.most;
  }

  /** The line on which the id was taken before; undefined when it was not, and then it is taken now. */
  take(id: string, line: number): number | undefined {
    const hash = hashOf(id);
    const at = this.#slotOf(hash);
    if (this.#slots[at] === hash) return this.#lines[at];
    if (this.isFull) return undefined;
    this.#slots[at] = hash;
    this.#lines[at] = line;
    this.#size += 1;
    if (this.#size * 4 > this.#slots.length * 3) this.#grow();
    return undefined;
  }

  /** The slot of the hash, or the free one where it belongs. */
  #slotOf(hash: bigint): number {
    const mask = this.#slots.length - 1;
    let at = Number(hash & 0xffff_ffffn) & mask;
    while (this.#slots[at] !== 0n && this.#slots[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [slots, lines] = [this.#slots, this.#lines];
    this.#slots = new BigUint64Array(slots.length * 2);
    this.#lines = new Float64Array(slots.length * 2);
    for (const [from, hash] of slots.entries()) {
      if (hash === 0n) continue;
      const at = this.#slotOf(hash);
      this.#slots[at] = hash;
      this.#lines[at] = lines[from];
    }
  }
}

/** Never 0, which is a free slot. */
function hashOf(id: string): bigint {
  const hash = createHash('sha1').update(id).digest().readBigUInt64LE(0);
  return hash === 0n ? 1n : hash;
}

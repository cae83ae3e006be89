import type { PartOfLimit } from '@vectron/rpc';
import { WORK_KINDS, type WorkKind } from '../edge/work-kind.js';

/** What is limited for all gateways of a process together: requests of each kind, and KiB of bodies that are still coming. */
const USES = [...WORK_KINDS, 'receiving'] as const;

/**
 * How much each gateway of a process uses of what is limited for all of them, in memory that they share. Each may use an equal part at
 * any time, and beyond it what the others leave: a client with one connection is served by one gateway, and gets what all of them may
 * give while the others have nothing to do. A gateway that takes its part while another one has more than its own brings their sum above
 * the limit, to twice the limit at most, until requests of the other end; the other begins none meanwhile.
 */
export class SharedUse {
  readonly #used: Int32Array;

  /** `memory`: what `allocate` made for as many gateways, in every thread the same. */
  constructor(
    memory: SharedArrayBuffer,
    private readonly among: number,
  ) {
    this.#used = new Int32Array(memory);
  }

  static allocate(among: number): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * USES.length * among);
  }

  /** Of the gateway of that number, from 1 on. */
  part(use: WorkKind | 'receiving', number: number): PartOfLimit {
    const { among } = this;
    const used = this.#used;
    const first = USES.indexOf(use) * among;
    const own = first + number - 1;
    return {
      tell: (amount) => {
        Atomics.store(used, own, amount);
      },
      mayUse(limit) {
        let left = limit;
        for (let at = first; at < first + among; at += 1) if (at !== own) left -= Atomics.load(used, at);
        return Math.max(1, Math.floor(limit / among), left);
      },
    };
  }

  /** The gateway of that number has ended, and uses nothing any more. */
  ended(number: number): void {
    for (const use of USES) this.part(use, number).tell(0);
  }
}

import { VectronError } from '@vectron/errors';
import { LRUCache } from 'lru-cache';

/**
 * Wrong tokens that an address may show at once after a pause, and a second from then on: a signature takes a tenth of a
 * millisecond to check, and many clients of one address may have been given the same key that is no good.
 */
const BURST = 1_000;
const PER_SECOND = 200;
const MAX_ADDRESSES = 10_000;

interface Failures {
  left: number;
  atMs: number;
}

/** What counts wrong tokens: of this gateway, or of all of a process. */
export interface StrangerGuard {
  check(address: string): void | Promise<void>;
  failed(address: string): void;
}

/**
 * Wrong tokens by address. To find out that a token is wrong costs the auth service a lookup or the check of a signature,
 * which nobody has paid for. An address that shows too many is refused for tokens that are not known here; callers whose
 * tokens are known, at the same address too, notice nothing.
 */
export class Strangers implements StrangerGuard {
  readonly #addresses = new LRUCache<string, Failures>({ max: MAX_ADDRESSES });

  constructor(private readonly now: () => number = Date.now) {}

  /** Throws RATE_LIMITED when the address has shown too many wrong tokens. An empty address is nobody's. */
  check(address: string): void {
    const failures = address === '' ? undefined : this.#addresses.get(address);
    if (failures === undefined || this.#filled(failures) >= 1) return;
    throw new VectronError('RATE_LIMITED', 'too many wrong tokens came from this address; try again later', {
      details: { retryAfterMs: Math.ceil(1_000 / PER_SECOND) },
    });
  }

  /** A token of the address was wrong. */
  failed(address: string): void {
    if (address === '') return;
    const known = this.#addresses.get(address);
    const left = (known === undefined ? BURST : this.#filled(known)) - 1;
    this.#addresses.set(address, { left, atMs: this.now() });
  }

  #filled({ left, atMs }: Failures): number {
    return Math.min(BURST, left + ((this.now() - atMs) * PER_SECOND) / 1_000);
  }
}

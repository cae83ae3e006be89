import { VectronError } from '@vectron/errors';
import pLimit from 'p-limit';

/**
 * Who waits for a password hash: logins from an address that the account is known from, logins of strangers,
 * registrations, and what a session does with its own password.
 */
export type Lane = 'known' | 'stranger' | 'registration' | 'own';

/**
 * Hashes at once, in all lanes: each takes 19 MiB and tens of milliseconds of a core, in one of the four threads of libuv,
 * of which files and names (DNS) need the others.
 */
const HASHES_AT_ONCE = 2;
/** Of one lane: what waits beyond that waits in its own lane, so that the lanes take turns. */
const AT_ONCE = 2;
/**
 * Places of each lane, in all and for one address or session. Those of one lane are served before the gateway gives up,
 * at 20 ms a hash even when all four lanes are full (10 s).
 */
const PLACES: Record<Lane, { readonly all: number; readonly each: number }> = {
  known: { all: 100, each: 50 },
  stranger: { all: 100, each: 10 },
  registration: { all: 50, each: 5 },
  own: { all: 50, each: 5 },
};
const RETRY_AFTER_MS = 2_000;

const hashes = pLimit(HASHES_AT_ONCE);

/** One hash, when its turn has come. */
export const inTurn = <T>(hash: () => Promise<T>): Promise<T> => hashes(hash);

class Queue {
  readonly #limit = pLimit(AT_ONCE);
  readonly #from = new Map<string, number>();

  constructor(private readonly lane: Lane) {}

  async run<T>(from: string, work: () => Promise<T>): Promise<T> {
    const { all, each } = PLACES[this.lane];
    const own = this.#from.get(from) ?? 0;
    if (own >= each || this.#limit.activeCount + this.#limit.pendingCount >= all) {
      const whose = own >= each ? ' from one place' : '';
      throw new VectronError('OVERLOADED', `too many passwords${whose} are being checked; try again later`, {
        details: { retryAfterMs: RETRY_AFTER_MS },
      });
    }
    this.#from.set(from, own + 1);
    try {
      return await this.#limit(work);
    } finally {
      const left = (this.#from.get(from) ?? 1) - 1;
      if (left === 0) this.#from.delete(from);
      else this.#from.set(from, left);
    }
  }
}

const LANES: Record<Lane, Queue> = {
  known: new Queue('known'),
  stranger: new Queue('stranger'),
  registration: new Queue('registration'),
  own: new Queue('own'),
};

/**
 * Runs `work`, which hashes passwords, when there is room in the lane; throws OVERLOADED when too many wait there, or too
 * many of `from`. A flood in one lane delays another by a few hashes. Of this process: its threads are what is shared.
 */
export const inLane = <T>(lane: Lane, from: string, work: () => Promise<T>): Promise<T> => LANES[lane].run(from, work);

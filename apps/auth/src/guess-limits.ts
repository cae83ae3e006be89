import { createHmac } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type AttemptCounter, type AttemptCounters, type AttemptLimits, tooMany } from './attempts.js';
import type { KnownAddresses } from './known-addresses.js';
import type { Lane } from './password-lanes.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** 1 s, 2 s, 4 s ... up to `longestMs`. */
const growing = (longestMs: number) => (over: number) => Math.min(longestMs, 1_000 * 2 ** over);

/**
 * Of one account from one address, and of one session: three attempts are free, then the delay grows to 30 s. Forgotten
 * within a quarter of an hour. At most 2,880 guesses a day.
 */
const PAIR: AttemptLimits = { free: 3, forgetMs: 100_000, delayMs: growing(30_000), mostOver: 5 };
/**
 * Of one account from all addresses that it is not known from. As much is forgotten as one address may try, so that an
 * attack from one address delays nobody at another; the longest delay is shorter than that of one address, so that
 * somebody at another gets a turn when some attack together.
 */
const STRANGERS: AttemptLimits = { free: 20, forgetMs: 30_000, delayMs: growing(10_000), mostOver: 5 };

export interface GuessSettings {
  /** Wrong passwords from one address in a quarter of an hour, whatever the accounts, before they are delayed. */
  readonly addressFailures: number;
  /** Accounts that one address may register in an hour. */
  readonly registrationsByAddress: number;
  /** Accounts that may be registered in an hour. */
  readonly registrations: number;
}

/** An attempt at a password that has not been counted yet. */
export interface Attempt {
  readonly lane: Lane;
  /** Whose share of the places in the lane it takes. */
  readonly from: string;
  readonly counters: readonly AttemptCounter[];
  /** Names the caller and the account in what this process remembers of refusals. */
  readonly id: string;
  /** The counter that a success clears. */
  readonly cleared: readonly AttemptCounter[];
}

/** Counters of strangers: a fixed number of places, so that a flood of made-up accounts cannot fill the MetaStore. */
const PLACES = 2 ** 14;
/** Refusals that this process remembers, so that repeating one costs no read. */
const REMEMBERED = 50_000;

/**
 * Who must wait before a password is looked at. From an address that an account is known from, only its own attempts
 * count: whatever strangers do, its owner is not delayed. An account that does not exist is treated as one that does.
 */
export class GuessLimits {
  readonly #address: AttemptLimits;
  readonly #registrationsByAddress: AttemptLimits;
  readonly #registrations: AttemptLimits;
  readonly #refusedUntilMs = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(
    private readonly counters: AttemptCounters,
    private readonly known: KnownAddresses,
    private readonly pepper: string,
    settings: GuessSettings,
    private readonly now: () => number = Date.now,
  ) {
    this.#address = {
      free: settings.addressFailures,
      forgetMs: (15 * MINUTE_MS) / settings.addressFailures,
      delayMs: growing(30_000),
      mostOver: 5,
    };
    this.#registrationsByAddress = hourly(settings.registrationsByAddress);
    this.#registrations = hourly(settings.registrations);
  }

  /** Throws RATE_LIMITED when this process knows that a login must wait; costs no read. */
  refuseAtOnce(email: string, network: string): void {
    this.#refuse(this.#id(email, network));
  }

  #refuse(id: string): void {
    const waitMs = (this.#refusedUntilMs.get(id) ?? 0) - this.now();
    if (waitMs > 0) throw tooMany(waitMs);
  }

  /** Throws RATE_LIMITED when it must wait. `userId` is undefined when there is no such account. */
  async login(email: string, userId: string | undefined, network: string): Promise<Attempt> {
    const id = this.#id(email, network);
    if (await this.known.has(userId, network)) {
      const own = this.#exact(PAIR, `known/${userId}/${network}`);
      return this.#checked({ lane: 'known', from: network, counters: [own], cleared: [own], id });
    }
    const counters = [
      this.#place(PAIR, 'pair', id),
      this.#place(STRANGERS, 'strangers', email),
      this.#place(this.#address, 'address', network),
    ];
    return this.#checked({ lane: 'stranger', from: network, counters, cleared: [], id });
  }

  /** The own password of an account, asked for once more of a session or a key: who has a token has not the password. */
  async ofOwn(credentialId: string): Promise<Attempt> {
    const own = this.#exact(PAIR, `own/${credentialId}`);
    return this.#checked({
      lane: 'own',
      from: credentialId,
      counters: [own],
      cleared: [own],
      id: `own/${credentialId}`,
    });
  }

  /**
   * Counts the attempt. Throws RATE_LIMITED when it must wait. What is returned is called when the password was right.
   */
  async count({ counters, cleared, id }: Attempt): Promise<() => Promise<void>> {
    const takeBack = await this.counters.count(counters);
    return async () => {
      this.#refusedUntilMs.delete(id);
      await (cleared.length > 0 ? this.counters.forget(cleared) : takeBack());
    };
  }

  /** After a success: the account is known from there. */
  async remember(userId: string, network: string): Promise<void> {
    await this.known.remember(userId, network);
  }

  /** Counts a registration that anybody may make. Throws RATE_LIMITED when there were too many. */
  async countRegistration(network: string): Promise<void> {
    const id = `registration ${network}`;
    this.#refuse(id);
    const own = this.#place(this.#registrationsByAddress, 'registrations', network);
    const counters = [own, this.#exact(this.#registrations, 'registrations')];
    await this.#checked({ lane: 'registration', from: network, counters, cleared: [], id });
    await this.counters.count(counters);
  }

  async #checked(attempt: Attempt): Promise<Attempt> {
    const waitMs = await this.counters.waitMs(attempt.counters);
    if (waitMs === 0) return attempt;
    this.#refusedUntilMs.set(attempt.id, this.now() + waitMs);
    throw tooMany(waitMs);
  }

  /** For who cannot be made up: there are as many as accounts and sessions. */
  #exact(limits: AttemptLimits, who: string): AttemptCounter {
    const digest = this.#digest(who).toString('hex', 0, 16);
    return { name: `${digest.slice(0, 2)}/${digest}`, limits };
  }

  /** For who can be made up: one of {@link PLACES}, which nobody can choose who does not know the pepper. */
  #place(limits: AttemptLimits, kind: string, who: string): AttemptCounter {
    const place = (this.#digest(`${kind}/${who}`).readUInt32BE() % PLACES).toString(16).padStart(4, '0');
    return { name: `${place.slice(-2)}/${kind}/${place}`, limits };
  }

  /** Short, however long the address is that was typed. Neither it nor a network has a space. */
  #id(email: string, network: string): string {
    return this.#digest(`${email} ${network}`).toString('base64url', 0, 16);
  }

  #digest(who: string): Buffer {
    return createHmac('sha256', this.pepper).update(`attempts/${who}`).digest();
  }
}

/** So many in an hour; then one whenever one is forgotten. */
const hourly = (most: number): AttemptLimits => ({
  free: most,
  forgetMs: HOUR_MS / most,
  delayMs: (over) => ((over + 1) * HOUR_MS) / most,
  mostOver: 0,
});

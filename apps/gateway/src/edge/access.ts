import { setTimeout as pause } from 'node:timers/promises';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import type { authInternal } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Backends } from '../backends.js';
import { Hold } from './hold.js';

export type Principal = authInternal.Principal;

/** How long a verdict on a token is believed while the auth service says what is revoked. */
const VERDICT_MS = 60_000;
/** And while it does not: a revoked token works at most this long. */
const UNHEARD_MS = 3_000;
/** How long a token that was refused is refused without asking. */
const REFUSED_MS = 1_000;
/** The auth service speaks every second while it watches: after so long a silence it is taken for gone. */
const SILENCE_MS = 3_000;
const AGAIN_MS = 500;
/** How often calls that are open are looked at: whether their token has expired, or nothing was heard for too long. */
const LOOK_MS = 500;
/** How long a call may stay open while its token is asked about. */
const ASK_MS = 1_000;
/** Questions about tokens of open calls at a time. */
const ASKED_AT_ONCE = 32;

interface Verdict {
  readonly token: string;
  readonly principal: Principal;
  readonly atMs: number;
  /** What was revoked or changed since is asked for again. */
  over: boolean;
  /** Calls that are open on the strength of it. */
  readonly holds: Set<VerdictHold>;
}

/** A hold that knows what it was given on. */
class VerdictHold extends Hold {
  /** undefined: the call is over. */
  verdict: Verdict | undefined;
}

/**
 * Who a bearer token is, asked of the auth service once and believed until the auth service says that the key, the user
 * or the login was revoked or changed. While nothing is heard of it, verdicts are only good for a few seconds. Calls that
 * stay open are held on a verdict, and end when it does and is not given again: within five seconds, in the worst case
 * UNHEARD_MS + LOOK_MS + ASK_MS.
 */
export class Authenticator {
  readonly #verdicts: LRUCache<string, Verdict>;
  readonly #refused = new LRUCache<string, true>({ max: 10_000, ttl: REFUSED_MS });
  readonly #verdictOf = new WeakMap<Principal, Verdict>();
  /** Verdicts that calls are held on, whether or not they are still remembered for new ones. */
  readonly #held = new Set<Verdict>();
  readonly #asking = new Set<Verdict>();
  readonly #limit = pLimit(ASKED_AT_ONCE);
  readonly #stop = new AbortController();
  readonly #look: NodeJS.Timeout;
  #heardMs = 0;
  /** Counts what was heard: an answer that was asked for before may be of before. */
  #heard = 0;

  /** `silenceMs`: after so long without a word from the auth service, it is asked anew. */
  constructor(
    private readonly backends: Backends,
    private readonly silenceMs = SILENCE_MS,
  ) {
    this.#verdicts = new LRUCache<string, Verdict>({
      max: 10_000,
      ttl: VERDICT_MS,
      fetchMethod: async (token) => {
        for (;;) {
          const [atMs, heard] = [Date.now(), this.#heard];
          const principal = await backends.authInternal.authenticate({ token }, callContext({ timeoutMs: 5_000 }));
          if (heard !== this.#heard) continue;
          const verdict = { token, principal, atMs, over: false, holds: new Set<VerdictHold>() };
          this.#verdictOf.set(principal, verdict);
          return verdict;
        }
      },
    });
    this.#look = setInterval(() => this.#askAgain(), LOOK_MS).unref();
  }

  /** The verdict that is known already; asks nobody. */
  known(token: string | undefined): Principal | undefined {
    const verdict = token === undefined ? undefined : this.#verdicts.get(token);
    if (verdict === undefined || !this.#holds(verdict)) return undefined;
    return verdict.principal;
  }

  /** Throws UNAUTHENTICATED; a failing auth service lets nobody in. */
  async authenticate(token: string | undefined): Promise<Principal> {
    if (token === undefined) {
      throw new VectronError('UNAUTHENTICATED', 'send authorization: Bearer <token or API key>');
    }
    const known = this.known(token);
    if (known !== undefined) return known;
    if (this.#refused.has(token)) throw refused();
    try {
      const verdict = await this.#verdicts.fetch(token, { forceRefresh: this.#verdicts.has(token) });
      if (verdict === undefined || !this.#holds(verdict)) throw refused();
      return verdict.principal;
    } catch (error) {
      this.#verdicts.delete(token);
      if (error instanceof VectronError && error.code === 'UNAUTHENTICATED') this.#refused.set(token, true);
      throw error;
    }
  }

  /** Holds a call open on what was said of its caller; `release` must be called when the call has ended. */
  hold(principal: Principal): Hold {
    const verdict = this.#verdictOf.get(principal);
    if (verdict === undefined) throw new Error('the caller of a call was not authenticated here');
    const hold = new VerdictHold((released) => this.#release(released as VerdictHold));
    this.#place(hold, verdict);
    return hold;
  }

  /** Hears of revocations until closed. */
  async follow(logger: Logger): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const quiet = new AbortController();
      const silence = setTimeout(() => quiet.abort(), this.silenceMs).unref();
      try {
        const both = AbortSignal.any([signal, quiet.signal]);
        const heard = this.backends.authInternal.watchRevocations({}, { ...callContext(), signal: both });
        let first = true;
        for await (const { userIds, apiKeyIds, sessionIds } of heard) {
          if (signal.aborted) return;
          if (quiet.signal.aborted) break;
          silence.refresh();
          // What was revoked before this was never heard.
          this.#heardMs = Date.now();
          const revoked = [userIds, apiKeyIds, sessionIds].map((ids) => new Set(ids));
          if (first || revoked.some(({ size }) => size > 0)) this.#forget(first, revoked);
          first = false;
        }
        if (!signal.aborted) throw new VectronError('UNAVAILABLE', 'the feed of revocations ended; try again');
      } catch (err) {
        if (!signal.aborted)
          logger.warn({ err }, 'the auth service does not say what is revoked; verdicts are short-lived');
      } finally {
        clearTimeout(silence);
      }
      await pause(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  close(): void {
    clearInterval(this.#look);
    this.#stop.abort();
  }

  #holds({ principal, atMs, over }: Verdict): boolean {
    const now = Date.now();
    if (over) return false;
    if (principal.expiresAtMs !== 0 && principal.expiresAtMs <= now) return false;
    return now - atMs <= UNHEARD_MS || now - this.#heardMs <= this.silenceMs;
  }

  #forget(all: boolean, [users, keys, sessions]: Set<string>[]): void {
    this.#heard += 1;
    const judge = (verdict: Verdict) => {
      const { userId, apiKeyId, sessionId } = verdict.principal;
      verdict.over ||= all || users.has(userId) || keys.has(apiKeyId) || sessions.has(sessionId);
    };
    for (const verdict of this.#verdicts.values()) judge(verdict);
    for (const verdict of this.#held) judge(verdict);
    this.#askAgain();
  }

  #place(hold: VerdictHold, verdict: Verdict): void {
    verdict.holds.add(hold);
    hold.verdict = verdict;
    this.#held.add(verdict);
  }

  #release(hold: VerdictHold): void {
    const { verdict } = hold;
    hold.verdict = undefined;
    verdict?.holds.delete(hold);
    if (verdict?.holds.size === 0) this.#held.delete(verdict);
  }

  /** Asks about the tokens of open calls whose verdict does not hold any more. */
  #askAgain(): void {
    for (const verdict of this.#held) {
      if (this.#holds(verdict) || this.#asking.has(verdict)) continue;
      this.#asking.add(verdict);
      void this.#judgeAgain(verdict).finally(() => this.#asking.delete(verdict));
    }
  }

  /** Moves open calls to the new verdict when it gives the same rights; else they end. */
  async #judgeAgain(verdict: Verdict): Promise<void> {
    const late = new AbortController();
    const asked = this.#limit(() => this.authenticate(verdict.token));
    const tooLate = pause(ASK_MS, undefined, { signal: late.signal, ref: false }).then(() => {
      throw new VectronError(
        'UNAVAILABLE',
        'the auth service cannot confirm that the token is still valid; try again later',
      );
    });
    try {
      const principal = await Promise.race([asked, tooLate]);
      const next = this.#verdictOf.get(principal);
      if (next === undefined || !sameRights(verdict.principal, principal)) {
        throw new VectronError('PERMISSION_DENIED', 'the rights of this caller have changed; send the request again');
      }
      if (next === verdict) return;
      for (const hold of verdict.holds) this.#place(hold, next);
    } catch (error) {
      const refusal = toVectronError(error);
      for (const hold of verdict.holds) hold.end(refusal);
    } finally {
      late.abort();
      tooLate.catch(() => undefined);
      asked.catch(() => undefined);
    }
    verdict.holds.clear();
    this.#held.delete(verdict);
  }
}

const sameRights = (one: Principal, other: Principal) =>
  one.userId === other.userId &&
  one.tenantId === other.tenantId &&
  one.role === other.role &&
  one.mustChangePassword === other.mustChangePassword &&
  one.collections.length === other.collections.length &&
  one.collections.every((name) => other.collections.includes(name));

const refused = () =>
  new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired; log in again, or send a valid API key');

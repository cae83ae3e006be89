import { setTimeout as pause } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import type { authInternal } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import type { Backends } from '../backends.js';

export type Principal = authInternal.Principal;

/** How long a verdict on a token is believed while the auth service says what is revoked. */
const VERDICT_MS = 60_000;
/** And while it does not: a revoked token works at most this long. */
const UNHEARD_MS = 4_000;
/** How long a token that was refused is refused without asking. */
const REFUSED_MS = 1_000;
/** The auth service speaks at least so often while it watches. */
const SILENCE_MS = 3_000;
const AGAIN_MS = 500;

interface Verdict {
  readonly principal: Principal;
  readonly atMs: number;
  /** What was revoked or changed since is asked for again. */
  over: boolean;
}

/**
 * Who a bearer token is, asked of the auth service once and believed until the auth service says that the key, the user
 * or the login was revoked or changed. While nothing is heard of it, verdicts are only good for a few seconds.
 */
export class Authenticator {
  readonly #verdicts: LRUCache<string, Verdict>;
  readonly #refused = new LRUCache<string, true>({ max: 10_000, ttl: REFUSED_MS });
  readonly #stop = new AbortController();
  #heardMs = 0;
  /** Counts what was heard: an answer that was asked for before may be of before. */
  #heard = 0;

  constructor(private readonly backends: Backends) {
    this.#verdicts = new LRUCache<string, Verdict>({
      max: 10_000,
      ttl: VERDICT_MS,
      fetchMethod: async (token) => {
        for (;;) {
          const [atMs, heard] = [Date.now(), this.#heard];
          const principal = await backends.authInternal.authenticate({ token }, callContext({ timeoutMs: 5_000 }));
          if (heard === this.#heard) return { principal, atMs, over: false };
        }
      },
    });
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

  /** Hears of revocations until closed. */
  async follow(logger: Logger): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const heard = this.backends.authInternal.watchRevocations({}, { ...callContext(), signal });
        let first = true;
        for await (const { userIds, apiKeyIds, sessionIds } of heard) {
          if (signal.aborted) return;
          // What was revoked before this was never heard.
          this.#heardMs = Date.now();
          const revoked = [userIds, apiKeyIds, sessionIds].map((ids) => new Set(ids));
          if (first || revoked.some(({ size }) => size > 0)) this.#forget(first, revoked);
          first = false;
        }
      } catch (err) {
        if (!signal.aborted)
          logger.warn({ err }, 'the auth service does not say what is revoked; verdicts are short-lived');
      }
      await pause(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  close(): void {
    this.#stop.abort();
  }

  #holds({ principal, atMs, over }: Verdict): boolean {
    const now = Date.now();
    if (over) return false;
    if (principal.expiresAtMs !== 0 && principal.expiresAtMs <= now) return false;
    return now - atMs <= UNHEARD_MS || now - this.#heardMs <= SILENCE_MS;
  }

  #forget(all: boolean, [users, keys, sessions]: Set<string>[]): void {
    this.#heard += 1;
    for (const verdict of this.#verdicts.values()) {
      const { userId, apiKeyId, sessionId } = verdict.principal;
      verdict.over ||= all || users.has(userId) || keys.has(apiKeyId) || sessions.has(sessionId);
    }
  }
}

const refused = () => new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired');

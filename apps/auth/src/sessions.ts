import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Compare, MetaStore, Operation } from '@vectron/metastore';

/** A login, from the password to the logout or to its end in time. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** Of the account when it began, or was kept on; left out: 0. It is over when the account has another one. */
  readonly epoch?: number;
  /** Number of the refresh token that is good now. */
  readonly generation: number;
  /** When it ends unless it is refreshed before. */
  readonly expiresAtMs: number;
  /** When it ends however often it is refreshed; missing in older ones until they are refreshed. */
  readonly endsAtMs?: number;
  /** When the token that is good now replaced the one before. */
  readonly refreshedAtMs?: number;
}

export interface SessionLimits {
  /** How long a session lasts without a refresh. */
  readonly idleMs: number;
  /** How long a session lasts at most. */
  readonly longestMs: number;
  /** Sessions that one user may have; a new one ends the oldest. */
  readonly most: number;
}

/** What a new session needs of its account, and what else is written with it. */
export interface Beginning {
  readonly epoch: number;
  readonly compares: readonly Compare[];
  readonly operations: readonly Operation[];
}

/** What the list of a user's sessions has of each, so that nothing else is read to find the oldest. */
interface Owned {
  readonly beganAtMs: number;
  readonly expiresAtMs: number;
}

/** Two tabs of a browser, or a client that did not get the answer, send a token once more within that time. */
export const GRACE_MS = 10_000;
/** Another call was faster so often; each time the session is looked at again. */
const RACES = 5;
/** Sessions that one login ends at most, so that it costs the same whatever was left behind. */
const ENDED_AT_ONCE = 40;
const SHAPE = /^vr_([A-Za-z0-9_-]{16})_(\d{1,9})_([A-Za-z0-9_-]{43})$/;
const sessionKey = (id: string) => `/auth/sessions/${id}`;
const ownedKey = (userId: string, id: string) => `/auth/user-sessions/${userId}/${id}`;
const deletion = (userId: string, id: string): Operation[] => [
  { delete: sessionKey(id) },
  { delete: ownedKey(userId, id) },
];

/**
 * Logins in the MetaStore. A refresh token, `vr_<session>_<number>_<HMAC>`, is good once, and for some seconds more for
 * whoever sends it at the same time, who gets the same next one; one that is used later was stolen by somebody, so the
 * session ends for both (RFC 9700 section 4.14.2).
 */
export class SessionRepository {
  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
    private readonly limits: SessionLimits,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Ends the oldest sessions of the user when there are too many, and those whose time is over. `condition` is asked anew at
   * each attempt, and throws when there can be no session any more.
   */
  async begin(
    userId: string,
    condition: () => Promise<Beginning> = async () => ({ epoch: 0, compares: [], operations: [] }),
  ): Promise<{ session: Session; refreshToken: string }> {
    const id = randomBytes(12).toString('base64url');
    const nowMs = this.now();
    const endsAtMs = nowMs + this.limits.longestMs;
    const expiresAtMs = Math.min(endsAtMs, nowMs + this.limits.idleMs);
    for (;;) {
      const { epoch, compares, operations } = await condition();
      const session: Session = { id, userId, epoch, generation: 1, expiresAtMs, endsAtMs };
      const ended = (await this.#surplus(userId)).flatMap((old) => deletion(userId, old));
      const { succeeded } = await this.meta.txn(
        [...compares],
        [...ended, ...this.#puts(session, nowMs), ...operations],
      );
      if (succeeded) return { session, refreshToken: this.#token(session) };
    }
  }

  /** undefined when it was ended or has expired. */
  async byId(id: string): Promise<Session | undefined> {
    const entry = await this.meta.get(sessionKey(id));
    if (entry === undefined) return undefined;
    const session = JSON.parse(entry.value) as Session;
    return session.expiresAtMs > this.now() ? session : undefined;
  }

  /** Throws UNAUTHENTICATED for a token that is not good, and ends the session of one that was good before. */
  async refresh(token: string): Promise<{ session: Session; refreshToken: string }> {
    const [, id, number, mac] = SHAPE.exec(token) ?? [];
    if (id === undefined) throw refused();
    const generation = Number(number);
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(this.#mac(id, generation)))) throw refused();
    for (let race = 0; race < RACES; race++) {
      const entry = await this.meta.get(sessionKey(id));
      const session = entry && (JSON.parse(entry.value) as Session);
      const nowMs = this.now();
      if (entry === undefined || session === undefined || session.expiresAtMs <= nowMs) throw refused();
      if (isRepeated(session, generation, nowMs)) return { session, refreshToken: this.#token(session) };
      if (session.generation !== generation) {
        await this.end(session);
        throw refused();
      }
      const next = this.#refreshed(session, nowMs);
      const { succeeded } = await this.meta.txn(
        [{ key: sessionKey(id), revision: entry.revision }],
        this.#puts(next, (next.endsAtMs as number) - this.limits.longestMs),
      );
      if (succeeded) return { session: next, refreshToken: this.#token(next) };
    }
    throw new VectronError('CONFLICT', 'the session was changed at the same time; try again');
  }

  async end({ id, userId }: Pick<Session, 'id' | 'userId'>): Promise<void> {
    await this.meta.txn([], deletion(userId, id));
  }

  /**
   * Part of the transaction that counts the epoch of an account up, which ends its logins: all, or all but one. The records
   * of those that are over go with it, as far as a transaction can hold them; the others are refused by their epoch.
   */
  async ended(userId: string, epoch: number, exceptId = ''): Promise<Pick<Beginning, 'compares' | 'operations'>> {
    const others = (await this.#owned(userId)).filter(({ id }) => id !== exceptId).slice(0, ENDED_AT_ONCE);
    const gone = others.flatMap(({ id }) => deletion(userId, id));
    const kept = exceptId === '' ? undefined : await this.meta.get(sessionKey(exceptId));
    if (kept === undefined) return { compares: [], operations: gone };
    const session: Session = { ...(JSON.parse(kept.value) as Session), epoch };
    const { key, revision } = kept;
    return { compares: [{ key, revision }], operations: [...gone, { put: key, value: JSON.stringify(session) }] };
  }

  /** Ends the logins of a user but for the newest, and returns what ends those: no more than a transaction can hold. */
  async endMost(userId: string): Promise<Operation[]> {
    const all = (await this.#owned(userId)).sort((a, b) => b.beganAtMs - a.beganAtMs);
    for (const { id } of all.slice(ENDED_AT_ONCE)) await this.end({ id, userId });
    return all.slice(0, ENDED_AT_ONCE).flatMap(({ id }) => deletion(userId, id));
  }

  #refreshed(session: Session, nowMs: number): Session {
    const endsAtMs = session.endsAtMs ?? nowMs + this.limits.longestMs;
    return {
      ...session,
      generation: session.generation + 1,
      expiresAtMs: Math.min(endsAtMs, nowMs + this.limits.idleMs),
      endsAtMs,
      refreshedAtMs: nowMs,
    };
  }

  #puts(session: Session, beganAtMs: number): Operation[] {
    const owned: Owned = { beganAtMs, expiresAtMs: session.expiresAtMs };
    return [
      { put: sessionKey(session.id), value: JSON.stringify(session) },
      { put: ownedKey(session.userId, session.id), value: JSON.stringify(owned) },
    ];
  }

  /** Ids of sessions that are over, and of the oldest ones beyond those that may stay beside a new one. */
  async #surplus(userId: string): Promise<string[]> {
    const all = await this.#owned(userId);
    const nowMs = this.now();
    const over = all.filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
    const live = all.filter(({ expiresAtMs }) => expiresAtMs > nowMs).sort((a, b) => a.beganAtMs - b.beganAtMs);
    const oldest = live.slice(0, Math.max(0, live.length - this.limits.most + 1));
    return [...oldest, ...over].slice(0, ENDED_AT_ONCE).map(({ id }) => id);
  }

  /** Those that an older Vectron listed without a time count as the oldest. */
  async #owned(userId: string): Promise<(Owned & { id: string })[]> {
    const prefix = ownedKey(userId, '');
    const { entries } = await this.meta.range(prefix);
    return entries.map(({ key, value }) => {
      const known =
        value === '' ? { beganAtMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER } : (JSON.parse(value) as Owned);
      return { ...known, id: key.slice(prefix.length) };
    });
  }

  #token({ id, generation }: Session): string {
    return `vr_${id}_${generation}_${this.#mac(id, generation)}`;
  }

  #mac(id: string, generation: number): string {
    return createHmac('sha256', this.pepper).update(`refresh/${id}/${generation}`).digest('base64url');
  }
}

/** Whether a login of the account is not over. */
export const isOfEpoch = ({ epoch = 0 }: Session, accountEpoch: number): boolean => epoch === accountEpoch;

/** The token before the one that is good now, sent again within the grace. */
function isRepeated({ generation, refreshedAtMs }: Session, sent: number, nowMs: number): boolean {
  return sent === generation - 1 && refreshedAtMs !== undefined && nowMs - refreshedAtMs <= GRACE_MS;
}

export const refused = (): VectronError =>
  new VectronError('UNAUTHENTICATED', 'the refresh token is not valid or has expired; log in again');

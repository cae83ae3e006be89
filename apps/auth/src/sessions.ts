import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { MetaStore } from '@vectron/metastore';

/** A login, from the password to the logout or until it was not refreshed for `IDLE_MS`. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** Number of the refresh token that is good now. */
  readonly generation: number;
  readonly expiresAtMs: number;
}

/** How long a login lasts without a refresh. */
const IDLE_MS = 7 * 24 * 3_600_000;
const SHAPE = /^vr_([A-Za-z0-9_-]{16})_(\d{1,9})_([A-Za-z0-9_-]{43})$/;
const sessionKey = (id: string) => `/auth/sessions/${id}`;
const ownedKey = (userId: string, id: string) => `/auth/user-sessions/${userId}/${id}`;

/**
 * Logins in the MetaStore. A refresh token, `vr_<session>_<number>_<HMAC>`, is good once; one that is used again was
 * stolen by somebody, so the session ends for both (RFC 9700 section 4.14.2).
 */
export class SessionRepository {
  constructor(
    private readonly meta: MetaStore,
    private readonly pepper: string,
  ) {}

  async begin(userId: string): Promise<{ session: Session; refreshToken: string }> {
    await this.#removeExpired(userId);
    const id = randomBytes(12).toString('base64url');
    const session: Session = { id, userId, generation: 1, expiresAtMs: Date.now() + IDLE_MS };
    await this.meta.txn(
      [],
      [
        { put: sessionKey(id), value: JSON.stringify(session) },
        { put: ownedKey(userId, id), value: '' },
      ],
    );
    return { session, refreshToken: this.#token(session) };
  }

  /** undefined when it was ended or has expired. */
  async byId(id: string): Promise<Session | undefined> {
    const entry = await this.meta.get(sessionKey(id));
    if (entry === undefined) return undefined;
    const session = JSON.parse(entry.value) as Session;
    return session.expiresAtMs > Date.now() ? session : undefined;
  }

  /** Throws UNAUTHENTICATED for a token that is not good, and ends the session of one that was good before. */
  async refresh(token: string): Promise<{ session: Session; refreshToken: string }> {
    const [, id, number, mac] = SHAPE.exec(token) ?? [];
    if (id === undefined) throw refused();
    const generation = Number(number);
    const expected = this.#mac(id, generation);
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(expected))) throw refused();
    const entry = await this.meta.get(sessionKey(id));
    if (entry === undefined) throw refused();
    const session = JSON.parse(entry.value) as Session;
    if (session.expiresAtMs <= Date.now()) throw refused();
    const next: Session = { ...session, generation: generation + 1, expiresAtMs: Date.now() + IDLE_MS };
    const used = session.generation !== generation;
    const { succeeded } = used
      ? { succeeded: false }
      : await this.meta.txn(
          [{ key: sessionKey(id), revision: entry.revision }],
          [{ put: sessionKey(id), value: JSON.stringify(next) }],
        );
    if (!succeeded) {
      await this.end(session);
      throw refused();
    }
    return { session: next, refreshToken: this.#token(next) };
  }

  async end({ id, userId }: Pick<Session, 'id' | 'userId'>): Promise<void> {
    await this.meta.txn([], [{ delete: sessionKey(id) }, { delete: ownedKey(userId, id) }]);
  }

  /** Ends the logins of a user, but for one. */
  async endAll(userId: string, exceptId = ''): Promise<void> {
    for (const id of await this.#idsOf(userId)) if (id !== exceptId) await this.end({ id, userId });
  }

  async #removeExpired(userId: string): Promise<void> {
    for (const id of await this.#idsOf(userId)) {
      if ((await this.byId(id)) === undefined) await this.end({ id, userId });
    }
  }

  async #idsOf(userId: string): Promise<string[]> {
    const prefix = ownedKey(userId, '');
    const { entries } = await this.meta.range(prefix);
    return entries.map(({ key }) => key.slice(prefix.length));
  }

  #token({ id, generation }: Session): string {
    return `vr_${id}_${generation}_${this.#mac(id, generation)}`;
  }

  #mac(id: string, generation: number): string {
    return createHmac('sha256', this.pepper).update(`refresh/${id}/${generation}`).digest('base64url');
  }
}

const refused = () => new VectronError('UNAUTHENTICATED', 'the refresh token is not valid or has expired');

import { VectronError } from '@vectron/errors';
import type { Caller } from './callers.js';
import { clientNetwork } from './client-network.js';
import { normalizeEmail } from './email-address.js';
import type { Attempt, GuessLimits } from './guess-limits.js';
import { inLane } from './password-lanes.js';
import { checkPassword, hashPassword, isOutdatedHash, verifyPassword } from './passwords.js';
import { type Beginning, isOfEpoch, refused, type SessionRepository } from './sessions.js';
import type { TokenService } from './tokens.js';
import { epochOf, type User, type UserRepository, withoutLogins } from './users.js';

/** What a login or a refresh gives. */
export interface Credentials {
  /** Of the session: short-lived, for calls. */
  readonly accessToken: string;
  readonly expiresAtMs: number;
  /** For the next refresh. */
  readonly refreshToken: string;
}

/** From a password to a session and its tokens, and what a user does with the password. */
export class Logins {
  constructor(
    private readonly users: UserRepository,
    private readonly sessions: SessionRepository,
    private readonly tokens: TokenService,
    private readonly guesses: GuessLimits,
  ) {}

  /**
   * Who does not exist, whose password is wrong and who must wait all get the same answers after the same work. An attempt
   * is counted before the password is looked at, and one that must wait is refused at once; see docs/adr/0031.
   */
  async login(typedEmail: string, password: string, address: string): Promise<Credentials & { user: User }> {
    const email = normalizeEmail(typedEmail);
    const network = clientNetwork(address);
    this.guesses.refuseAtOnce(email, network);
    const found = await this.#byEmail(email);
    const attempt = await this.guesses.login(email, found?.id, network);
    if (!(await this.#guess(attempt, found?.passwordHash, password)) || found === undefined) throw wrong();
    // Only who has the password is told.
    if (found.disabled) {
      throw new VectronError('PERMISSION_DENIED', 'this account is disabled; an administrator can enable it');
    }
    const user = await this.#upgraded(found, password);
    await this.guesses.remember(user.id, network);
    const { session, refreshToken } = await this.sessions.begin(user.id, () => this.#beginning(user));
    return { user, refreshToken, ...(await this.#accessToken(user.id, session.id)) };
  }

  async refresh(token: string): Promise<Credentials> {
    const { session, refreshToken } = await this.sessions.refresh(token);
    const user = await this.users.byId(session.userId);
    if (user === undefined || !isOfEpoch(session, epochOf(user))) throw refused();
    return { refreshToken, ...(await this.#accessToken(session.userId, session.id)) };
  }

  async logout(userId: string, sessionId: string): Promise<void> {
    if (sessionId === '') {
      throw VectronError.invalid(
        'authorization',
        'only a login can be ended, but an API key was sent; delete the key instead',
      );
    }
    await this.sessions.end({ id: sessionId, userId });
  }

  /** Ends the other logins of the user, in the same transaction: with the password of before, it could not be repeated. */
  async changePassword(caller: Caller, current: string, next: string): Promise<void> {
    const { user, principal } = caller;
    await checkPassword(next, 'new_password');
    await this.checkOwnPassword(caller, current);
    if (next === current) {
      throw VectronError.invalid('new_password', 'the new password is the same as the current one; choose another');
    }
    const passwordHash = await inLane('own', user.id, () => hashPassword(next));
    await this.users.change(
      user.id,
      (now) => {
        if (now.passwordHash === user.passwordHash) {
          return withoutLogins({ ...now, passwordHash, mustChangePassword: false });
        }
        throw new VectronError('CONFLICT', 'the password was changed at the same time; log in with the new password');
      },
      (after) => this.sessions.ended(user.id, epochOf(after), principal.sessionId),
    );
  }

  /** Who has a token has not the password: guesses count as at a login. */
  async checkOwnPassword({ user, principal }: Caller, password: string): Promise<void> {
    const attempt = await this.guesses.ofOwn(principal.sessionId || principal.apiKeyId);
    if (await this.#guess(attempt, user.passwordHash, password)) return;
    throw new VectronError('PERMISSION_DENIED', 'wrong password; check it and try again');
  }

  /** Counted when its turn has come, so that attempts that still wait take nothing from those that were right. */
  #guess(attempt: Attempt, stored: string | undefined, password: string): Promise<boolean> {
    return inLane(attempt.lane, attempt.from, async () => {
      const succeeded = await this.guesses.count(attempt);
      const matches = await verifyPassword(stored, password);
      if (matches) await succeeded();
      return matches;
    });
  }

  /** With as many reads when there is no such user. */
  async #byEmail(email: string): Promise<User | undefined> {
    return (await this.users.byEmail(email)) ?? (await this.users.byId(''));
  }

  /** With a hash of today's kind. */
  async #upgraded(user: User, password: string): Promise<User> {
    if (!isOutdatedHash(user.passwordHash)) return user;
    const passwordHash = await hashPassword(password);
    const after = await this.users.change(user.id, (now) =>
      now.passwordHash === user.passwordHash ? { ...now, passwordHash } : now,
    );
    // Another login was faster, or the password is another one now.
    if (after.passwordHash === passwordHash || (await verifyPassword(after.passwordHash, password))) return after;
    throw wrong();
  }

  /** No session begins with the password of before, or of an account that was disabled meanwhile. */
  async #beginning(user: User): Promise<Beginning> {
    const now = await this.users.entry(user.id);
    if (now?.user.passwordHash !== user.passwordHash || now.user.disabled) throw wrong();
    return { epoch: epochOf(now.user), compares: [now.compare], operations: [this.users.loggedIn(user.id)] };
  }

  async #accessToken(userId: string, sessionId: string): Promise<Pick<Credentials, 'accessToken' | 'expiresAtMs'>> {
    const { token, expiresAtMs } = await this.tokens.sign('login', userId, sessionId);
    return { accessToken: token, expiresAtMs };
  }
}

const wrong = () => new VectronError('UNAUTHENTICATED', 'wrong e-mail address or password; check both and try again');

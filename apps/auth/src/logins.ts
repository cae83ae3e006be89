import { setTimeout as pause } from 'node:timers/promises';
import { VectronError } from '@vectron/errors';
import type { FailureCounter } from './failures.js';
import { checkPassword, hashPassword, isOutdatedHash, verifyPassword } from './passwords.js';
import type { SessionRepository } from './sessions.js';
import type { TokenService } from './tokens.js';
import { normalizeEmail, type User, type UserRepository } from './users.js';

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
    private readonly failures: FailureCounter,
  ) {}

  /** Who does not exist, whose password is wrong and who must wait all get the same answers after the same work. */
  async login(typedEmail: string, password: string, address: string): Promise<Credentials & { user: User }> {
    const email = normalizeEmail(typedEmail);
    await pause(await this.failures.check(email, address));
    const user = await this.users.byEmail(email);
    if (!(await verifyPassword(user?.passwordHash, password)) || user === undefined) {
      await this.failures.failed(email, address);
      throw new VectronError('UNAUTHENTICATED', 'wrong e-mail address or password');
    }
    await this.failures.succeeded(email);
    // Only who has the password is told.
    if (user.disabled) {
      throw new VectronError('PERMISSION_DENIED', 'this account is disabled; an administrator can enable it');
    }
    if (isOutdatedHash(user.passwordHash)) {
      await this.users.update(user.id, { passwordHash: await hashPassword(password) });
    }
    const { session, refreshToken } = await this.sessions.begin(user.id);
    await this.users.loggedIn(user.id);
    return { user, refreshToken, ...(await this.#accessToken(user.id, session.id)) };
  }

  async refresh(token: string): Promise<Credentials> {
    const { session, refreshToken } = await this.sessions.refresh(token);
    return { refreshToken, ...(await this.#accessToken(session.userId, session.id)) };
  }

  async logout(userId: string, sessionId: string): Promise<void> {
    if (sessionId === '') {
      throw VectronError.invalid('authorization', 'only a login can be ended; delete the key instead');
    }
    await this.sessions.end({ id: sessionId, userId });
  }

  /** Ends the other logins of the user. */
  async changePassword(
    user: User,
    sessionId: string,
    passwords: { current: string; next: string },
    address: string,
  ): Promise<void> {
    checkPassword(passwords.next, 'new_password');
    await this.checkOwnPassword(user, passwords.current, address);
    if (passwords.next === passwords.current) {
      throw VectronError.invalid('new_password', 'the new password is the current one; choose another');
    }
    await this.users.update(user.id, { passwordHash: await hashPassword(passwords.next), mustChangePassword: false });
    await this.sessions.endAll(user.id, sessionId);
  }

  /** Who has a token has not the password: guesses count as at a login. */
  async checkOwnPassword(user: User, password: string, address: string): Promise<void> {
    await pause(await this.failures.check(user.email, address));
    if (await verifyPassword(user.passwordHash, password)) return;
    await this.failures.failed(user.email, address);
    throw new VectronError('PERMISSION_DENIED', 'wrong password');
  }

  async #accessToken(userId: string, sessionId: string): Promise<Pick<Credentials, 'accessToken' | 'expiresAtMs'>> {
    const { token, expiresAtMs } = await this.tokens.sign('login', userId, sessionId);
    return { accessToken: token, expiresAtMs };
  }
}

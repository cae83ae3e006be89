import { VectronError } from '@vectron/errors';
import { clientNetwork } from './client-network.js';
import type { Attempt, GuessLimits } from './guess-limits.js';
import { inLane } from './password-lanes.js';
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

/** Who proves that it is the owner of an account, beside a token. */
export interface Owner {
  readonly user: User;
  /** Id of the session or the API key that the call came with. */
  readonly credentialId: string;
}

/** The time of the last login is kept to the minute, because each change of a user makes gateways ask about it again. */
const LAST_LOGIN_STEP_MS = 60_000;

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
    const user = await this.#byEmail(email);
    const attempt = await this.guesses.login(email, user?.id, network);
    if (!(await this.#guess(attempt, user?.passwordHash, password)) || user === undefined) {
      throw new VectronError('UNAUTHENTICATED', 'wrong e-mail address or password');
    }
    await this.guesses.remember(user.id, network);
    const updated = await this.#afterLogin(user, password);
    const { session, refreshToken } = await this.sessions.begin(user.id);
    return { user: updated, refreshToken, ...(await this.#accessToken(user.id, session.id)) };
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

  /** Ends the logins of the user but for `sessionId`. */
  async changePassword(owner: Owner, sessionId: string, current: string, next: string): Promise<void> {
    checkPassword(next, 'new_password');
    await this.checkOwnPassword(owner, current);
    const { user, credentialId } = owner;
    const passwordHash = await inLane('own', credentialId, () => hashPassword(next));
    await this.users.update(user.id, { passwordHash });
    await this.sessions.endAll(user.id, sessionId);
  }

  /** Who has a token has not the password: guesses count as at a login. */
  async checkOwnPassword({ user, credentialId }: Owner, password: string): Promise<void> {
    const attempt = await this.guesses.ofOwn(credentialId);
    if (await this.#guess(attempt, user.passwordHash, password)) return;
    throw new VectronError('PERMISSION_DENIED', 'wrong password');
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

  async #afterLogin(user: User, password: string): Promise<User> {
    const nowMs = Date.now();
    const lastLoginAtMs = nowMs - (user.lastLoginAtMs ?? 0) > LAST_LOGIN_STEP_MS ? nowMs : undefined;
    const passwordHash = isOutdatedHash(user.passwordHash) ? await hashPassword(password) : undefined;
    if (lastLoginAtMs === undefined && passwordHash === undefined) return user;
    const change = { ...(lastLoginAtMs && { lastLoginAtMs }), ...(passwordHash && { passwordHash }) };
    try {
      return await this.users.update(user.id, change);
    } catch (error) {
      // Somebody else changed the user at the same time, which is no reason to refuse the login.
      if (error instanceof VectronError && error.code === 'CONFLICT') return user;
      throw error;
    }
  }

  async #accessToken(userId: string, sessionId: string): Promise<Pick<Credentials, 'accessToken' | 'expiresAtMs'>> {
    const { token, expiresAtMs } = await this.tokens.sign('login', userId, sessionId);
    return { accessToken: token, expiresAtMs };
  }
}

import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { auth, type authInternal } from '@vectron/proto';
import { type Api, bearerToken, type CallContext, GrpcService } from '@vectron/rpc';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { type ApiKey, ApiKeyRepository } from './api-keys.js';
import { Authenticator } from './authenticator.js';
import { checkPassword, hashPassword, isOutdatedHash, verifyPassword } from './passwords.js';
import { TokenService } from './tokens.js';
import { normalizeEmail, type Role, type User, UserRepository } from './users.js';

/** Wrong passwords an account may have in 15 minutes. */
const MAX_FAILURES = 10;
const seconds = (ms: number) => BigInt(Math.floor(ms / 1000));

/** vectron.auth.v1. Calls about a user carry that user's own bearer token, passed on by the gateway. */
@Controller()
@GrpcService(auth.AuthServiceService)
export class AuthController implements Api<typeof auth.AuthServiceService> {
  readonly #failures = new RateLimiterMemory({ points: MAX_FAILURES, duration: 900 });

  constructor(
    @Inject(UserRepository) private readonly users: UserRepository,
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
  ) {}

  async registerUser(request: auth.RegisterUserRequest): Promise<auth.RegisterUserResponse> {
    const email = normalizeEmail(request.email);
    checkPassword(request.password);
    const passwordHash = await hashPassword(request.password);
    const user = await this.users.create({ email, passwordHash, role: 'write', plan: 'FREE' });
    return { user: profile(user) };
  }

  async login(request: auth.LoginRequest): Promise<auth.LoginResponse> {
    const email = normalizeEmail(request.email);
    const failures = await this.#failures.get(email);
    if (failures !== null && failures.consumedPoints >= MAX_FAILURES) {
      throw new VectronError('RATE_LIMITED', 'too many wrong passwords for this account', {
        details: { retryAfterMs: failures.msBeforeNext },
      });
    }
    const user = await this.users.byEmail(email);
    if (!(await verifyPassword(user?.passwordHash, request.password)) || user === undefined) {
      await this.#failures.penalty(email);
      throw new VectronError('UNAUTHENTICATED', 'wrong e-mail address or password');
    }
    await this.#failures.delete(email);
    if (isOutdatedHash(user.passwordHash)) {
      await this.users.update(user.id, { passwordHash: await hashPassword(request.password) });
    }
    const { token, expiresAtMs } = await this.tokens.sign('login', user.id);
    return { jwtToken: token, user: profile(user), expiresAt: seconds(expiresAtMs) };
  }

  async getUserProfile(_: auth.GetUserProfileRequest, context: CallContext): Promise<auth.GetUserProfileResponse> {
    return { user: profile(await this.#user(context)) };
  }

  async updateUserProfile(
    request: auth.UpdateUserProfileRequest,
    context: CallContext,
  ): Promise<auth.UpdateUserProfileResponse> {
    const { user } = await this.#login(context);
    if (request.plan !== auth.Plan.FREE && request.plan !== auth.Plan.PAID) {
      throw VectronError.invalid('plan', 'plan must be FREE or PAID');
    }
    if (request.plan === auth.Plan.PAID && user.plan !== 'PAID' && user.role !== 'admin') {
      throw new VectronError('PERMISSION_DENIED', 'only an administrator can grant the PAID plan');
    }
    const updated = await this.users.update(user.id, { plan: request.plan === auth.Plan.PAID ? 'PAID' : 'FREE' });
    const { token } = await this.tokens.sign('login', user.id);
    return { user: profile(updated), jwtToken: token };
  }

  async deleteUser(request: auth.DeleteUserRequest, context: CallContext): Promise<auth.DeleteUserResponse> {
    const { user } = await this.#login(context);
    if (!(await verifyPassword(user.passwordHash, request.password))) {
      throw new VectronError('PERMISSION_DENIED', 'wrong password');
    }
    for (const key of await this.keys.ofUser(user.id)) await this.keys.delete(user.id, key.id);
    await this.users.delete(user);
    return { success: true };
  }

  async refreshToken(_: auth.RefreshTokenRequest, context: CallContext): Promise<auth.RefreshTokenResponse> {
    const { user } = await this.#login(context);
    const { token, expiresAtMs } = await this.tokens.sign('login', user.id);
    return { jwtToken: token, expiresAt: seconds(expiresAtMs) };
  }

  async createApiKey(request: auth.CreateAPIKeyRequest, context: CallContext): Promise<auth.CreateAPIKeyResponse> {
    const { user } = await this.#login(context);
    const role = (request.role || 'write') as Role;
    if (!['read', 'write', 'admin'].includes(role))
      throw VectronError.invalid('role', 'role must be read, write or admin');
    if (role === 'admin' && user.role !== 'admin') {
      throw new VectronError('PERMISSION_DENIED', 'only an administrator can make an admin key');
    }
    if (request.name.length > 128) throw VectronError.invalid('name', 'a name has at most 128 characters');
    const expiresAtMs = Number(request.expiresAt) * 1000;
    if (expiresAtMs !== 0 && expiresAtMs <= Date.now())
      throw VectronError.invalid('expires_at', 'expires_at is in the past');
    const { collections, name } = request;
    const { full, key } = await this.keys.create({ userId: user.id, name, role, collections, expiresAtMs });
    return { fullKey: full, keyInfo: keyInfo(key) };
  }

  async listApiKeys(_: auth.ListAPIKeysRequest, context: CallContext): Promise<auth.ListAPIKeysResponse> {
    const { user } = await this.#login(context);
    return { keys: (await this.keys.ofUser(user.id)).map(keyInfo) };
  }

  async deleteApiKey(request: auth.DeleteAPIKeyRequest, context: CallContext): Promise<auth.DeleteAPIKeyResponse> {
    const { user } = await this.#login(context);
    await this.keys.delete(user.id, request.keyPrefix);
    return { success: true };
  }

  async validateApiKey(request: auth.ValidateAPIKeyRequest): Promise<auth.ValidateAPIKeyResponse> {
    const key = await this.keys.verify(request.fullKey);
    const user = key && (await this.users.byId(key.userId));
    if (key === undefined || user === undefined) return { valid: false, userId: '', plan: '', apiKeyId: '' };
    return { valid: true, userId: user.id, plan: user.plan, apiKeyId: key.id };
  }

  async createSdkjwt(request: auth.CreateSDKJWTRequest, context: CallContext): Promise<auth.CreateSDKJWTResponse> {
    const { user } = await this.#login(context);
    const key = await this.keys.byId(request.apiKeyId);
    if (key === undefined || key.userId !== user.id)
      throw new VectronError('NOT_FOUND', `no API key ${request.apiKeyId}`);
    return { sdkJwt: (await this.tokens.sign('sdk', key.id)).token };
  }

  async getAuthDetailsForSdk(request: auth.GetAuthDetailsForSDKRequest): Promise<auth.GetAuthDetailsForSDKResponse> {
    const key = await this.keys.byId(request.apiKeyId);
    const user = key && (await this.users.byId(key.userId));
    if (user === undefined) return { userId: '', plan: auth.Plan.PLAN_UNSPECIFIED, success: false };
    return { userId: user.id, plan: auth.Plan[user.plan], success: true };
  }

  async #principal(context: CallContext): Promise<authInternal.Principal> {
    const token = bearerToken(context.metadata.get('authorization')[0]?.toString());
    if (token === undefined) throw new VectronError('UNAUTHENTICATED', 'send authorization: Bearer <token>');
    return this.authenticator.authenticate(token);
  }

  async #user(context: CallContext): Promise<User> {
    const { userId } = await this.#principal(context);
    const user = await this.users.byId(userId);
    if (user === undefined) throw new VectronError('UNAUTHENTICATED', 'the user was deleted');
    return user;
  }

  /** Managing an account takes a login, or an admin's key: a leaked data key must not make more keys. */
  async #login(context: CallContext): Promise<{ user: User }> {
    const { apiKeyId, role } = await this.#principal(context);
    if (apiKeyId !== '' && role !== 'admin') {
      throw new VectronError('PERMISSION_DENIED', 'this takes a login token or an admin API key');
    }
    return { user: await this.#user(context) };
  }
}

function profile(user: User): auth.UserProfile {
  return {
    id: user.id,
    email: user.email,
    createdAt: seconds(user.createdAtMs),
    plan: auth.Plan[user.plan],
    subscriptionStatus: auth.SubscriptionStatus.ACTIVE,
    role: user.role,
  };
}

function keyInfo(key: ApiKey): auth.APIKey {
  return {
    keyPrefix: key.id,
    userId: key.userId,
    createdAt: seconds(key.createdAtMs),
    name: key.name,
    role: key.role,
    collections: key.collections,
    expiresAt: seconds(key.expiresAtMs),
  };
}

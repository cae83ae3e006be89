import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { auth, type authInternal } from '@vectron/proto';
import { type Api, bearerToken, type CallContext, GrpcService } from '@vectron/rpc';
import { type ApiKey, ApiKeyRepository } from './api-keys.js';
import { Authenticator } from './authenticator.js';
import { clientNetwork } from './client-network.js';
import { GuessLimits } from './guess-limits.js';
import { Logins, type Owner } from './logins.js';
import { inLane } from './password-lanes.js';
import { checkPassword, hashPassword } from './passwords.js';
import { SessionRepository } from './sessions.js';
import { TokenService } from './tokens.js';
import { normalizeEmail, type Role, type User, UserRepository } from './users.js';

const ROLES: readonly Role[] = ['read', 'write', 'admin'];
const seconds = (ms: number) => BigInt(Math.floor(ms / 1000));

/** vectron.auth.v1. Calls about a user carry that user's own bearer token, passed on by the gateway. */
@Controller()
@GrpcService(auth.AuthServiceService)
export class AuthController implements Api<typeof auth.AuthServiceService> {
  constructor(
    @Inject(UserRepository) private readonly users: UserRepository,
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(Logins) private readonly logins: Logins,
    @Inject(GuessLimits) private readonly guesses: GuessLimits,
  ) {}

  async registerUser(request: auth.RegisterUserRequest, context: CallContext): Promise<auth.RegisterUserResponse> {
    const email = normalizeEmail(request.email);
    checkPassword(request.password);
    const network = clientNetwork(clientAddress(context));
    const passwordHash = await inLane('registration', network, async () => {
      await this.guesses.countRegistration(network);
      return hashPassword(request.password);
    });
    const user = await this.users.create({ email, passwordHash, role: 'write', plan: 'FREE' });
    return { user: profile(user) };
  }

  async login(request: auth.LoginRequest, context: CallContext): Promise<auth.LoginResponse> {
    const login = await this.logins.login(request.email, request.password, clientAddress(context));
    const { user, accessToken, expiresAtMs, refreshToken } = login;
    return { jwtToken: accessToken, user: profile(user), expiresAt: seconds(expiresAtMs), refreshToken };
  }

  async logout(_: auth.LogoutRequest, context: CallContext): Promise<auth.LogoutResponse> {
    const { userId, sessionId } = await this.#principal(context);
    await this.logins.logout(userId, sessionId);
    return { success: true };
  }

  async changePassword(
    request: auth.ChangePasswordRequest,
    context: CallContext,
  ): Promise<auth.ChangePasswordResponse> {
    const { sessionId, ...owner } = await this.#login(context);
    await this.logins.changePassword(owner, sessionId, request.currentPassword, request.newPassword);
    return { success: true };
  }

  async setUserRole(request: auth.SetUserRoleRequest, context: CallContext): Promise<auth.SetUserRoleResponse> {
    const { user } = await this.#login(context);
    if (user.role !== 'admin') throw new VectronError('PERMISSION_DENIED', 'this takes an administrator');
    const role = request.role as Role;
    if (!ROLES.includes(role)) throw VectronError.invalid('role', 'role must be read, write or admin');
    if (request.userId === user.id) throw VectronError.invalid('user_id', 'your own role is for another administrator');
    return { user: profile(await this.users.update(request.userId, { role })) };
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
    return { user: profile(updated), jwtToken: '' };
  }

  async deleteUser(request: auth.DeleteUserRequest, context: CallContext): Promise<auth.DeleteUserResponse> {
    const owner = await this.#login(context);
    const { user } = owner;
    await this.logins.checkOwnPassword(owner, request.password);
    for (const key of await this.keys.ofUser(user.id)) await this.keys.delete(user.id, key.id);
    await this.sessions.endAll(user.id);
    await this.users.delete(user);
    return { success: true, deletedCollections: [], handedCollections: [], keptCollections: [], deletedKeys: 0 };
  }

  async refreshToken(request: auth.RefreshTokenRequest): Promise<auth.RefreshTokenResponse> {
    const { accessToken, expiresAtMs, refreshToken } = await this.logins.refresh(request.refreshToken);
    return { jwtToken: accessToken, expiresAt: seconds(expiresAtMs), refreshToken };
  }

  async createApiKey(request: auth.CreateAPIKeyRequest, context: CallContext): Promise<auth.CreateAPIKeyResponse> {
    const { user } = await this.#login(context);
    const role = (request.role || 'write') as Role;
    if (!ROLES.includes(role)) throw VectronError.invalid('role', 'role must be read, write or admin');
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

  async inviteUser(): Promise<never> {
    throw notBuilt('inviteUser');
  }

  async listInvitations(): Promise<never> {
    throw notBuilt('listInvitations');
  }

  async deleteInvitation(): Promise<never> {
    throw notBuilt('deleteInvitation');
  }

  async listUsers(): Promise<never> {
    throw notBuilt('listUsers');
  }

  async setUserDisabled(): Promise<never> {
    throw notBuilt('setUserDisabled');
  }

  async resetPassword(): Promise<never> {
    throw notBuilt('resetPassword');
  }

  async removeUser(): Promise<never> {
    throw notBuilt('removeUser');
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
  async #login(context: CallContext): Promise<Owner & { sessionId: string }> {
    const { apiKeyId, role, sessionId } = await this.#principal(context);
    if (apiKeyId !== '' && role !== 'admin') {
      throw new VectronError('PERMISSION_DENIED', 'this takes a login token or an admin API key');
    }
    return { user: await this.#user(context), sessionId, credentialId: sessionId || apiKeyId };
  }
}

/** IP address of the client, from the gateway; empty: the call did not come over one. */
const clientAddress = ({ metadata }: CallContext): string =>
  metadata.get('x-vectron-client-address')[0]?.toString() ?? '';

const notBuilt = (name: string) => new VectronError('UNIMPLEMENTED', `${name} is not built yet`);

function profile(user: User): auth.UserProfile {
  return {
    id: user.id,
    email: user.email,
    createdAt: seconds(user.createdAtMs),
    plan: auth.Plan[user.plan],
    subscriptionStatus: auth.SubscriptionStatus.ACTIVE,
    role: user.role,
    tenantId: user.id,
    disabled: false,
    mustChangePassword: false,
    lastLoginAt: seconds(user.lastLoginAtMs ?? 0),
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

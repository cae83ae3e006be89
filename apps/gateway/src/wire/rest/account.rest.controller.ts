import { Body, Controller, Inject, Param, Req } from '@nestjs/common';
import { auth } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { BACKENDS, type Backends } from '../../backends.js';
import { requireAdmin } from '../../edge/access.js';
import { clientAddress } from '../grpc/auth.grpc.controller.js';
import { type AuthenticatedRequest, authorizationOf } from './auth.guard.js';
import { parse } from './json-schema.js';
import { Rest } from './rest-route.js';
import * as schema from './rest-schemas.js';

const TIMEOUT_MS = 10_000;
const USER = {
  id: '7d9f…',
  email: 'you@example.org',
  createdAt: '1700000000',
  plan: 'FREE',
  subscriptionStatus: 'ACTIVE',
  role: 'write',
};
const KEY = {
  keyPrefix: 'vk_AbCdEfGhIjKl',
  userId: '7d9f…',
  createdAt: '1700000000',
  name: 'ci',
  role: 'write',
  collections: [],
  expiresAt: '0',
};

/** The REST form of vectron.auth.v1. */
@Controller()
export class AccountRestController {
  constructor(@Inject(BACKENDS) private readonly backends: Backends) {}

  @Rest({
    method: 'POST',
    path: 'v1/users/register',
    operationId: 'registerUser',
    tag: 'Account',
    summary: 'Make an account',
    open: true,
    body: schema.credentials,
    answer: { user: USER },
  })
  async register(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return auth.RegisterUserResponse.toJSON(
      await this.backends.auth.registerUser(parse(schema.credentials, body), by(request)),
    );
  }

  @Rest({
    method: 'POST',
    path: 'v1/users/login',
    operationId: 'login',
    tag: 'Account',
    summary: 'E-mail and password for a token',
    open: true,
    body: schema.credentials,
    answer: { jwtToken: 'eyJ…', user: USER, expiresAt: '1700000900', refreshToken: 'vr_…' },
  })
  async login(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return auth.LoginResponse.toJSON(await this.backends.auth.login(parse(schema.credentials, body), by(request)));
  }

  @Rest({
    method: 'GET',
    path: 'v1/user/profile',
    operationId: 'getUserProfile',
    tag: 'Account',
    summary: 'Who the token belongs to',
    answer: { user: USER },
  })
  async profile(@Req() request: AuthenticatedRequest) {
    return auth.GetUserProfileResponse.toJSON(await this.backends.auth.getUserProfile({}, by(request)));
  }

  @Rest({
    method: 'PUT',
    path: 'v1/user/profile',
    operationId: 'updateUserProfile',
    tag: 'Account',
    summary: 'Change the plan',
    body: schema.profile,
    answer: { user: USER, jwtToken: 'eyJ…' },
  })
  async update(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    const { plan } = parse(schema.profile, body);
    const message = { plan: typeof plan === 'number' ? plan : auth.Plan[plan] };
    return auth.UpdateUserProfileResponse.toJSON(await this.backends.auth.updateUserProfile(message, by(request)));
  }

  @Rest({
    method: 'POST',
    path: 'v1/user/delete',
    operationId: 'deleteUser',
    tag: 'Account',
    summary: 'Delete the account and its keys',
    body: schema.password,
    answer: { success: true },
  })
  async delete(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return this.backends.auth.deleteUser(parse(schema.password, body), by(request));
  }

  @Rest({
    method: 'POST',
    path: 'v1/auth/refresh',
    operationId: 'refreshToken',
    tag: 'Account',
    summary: 'A new token for a refresh token, which is good once, or for a token that is live',
    open: true,
    body: schema.refresh,
    answer: { jwtToken: 'eyJ…', expiresAt: '1700000900', refreshToken: 'vr_…' },
  })
  async refresh(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    const { refreshToken } = parse(schema.refresh, body ?? {});
    return auth.RefreshTokenResponse.toJSON(await this.backends.auth.refreshToken({ refreshToken }, by(request)));
  }

  @Rest({
    method: 'POST',
    path: 'v1/auth/logout',
    operationId: 'logout',
    tag: 'Account',
    summary: 'End this login: its tokens are refused from now on',
    body: schema.empty,
    answer: { success: true },
  })
  async logout(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    parse(schema.empty, body ?? {});
    return this.backends.auth.logout({}, by(request));
  }

  @Rest({
    method: 'POST',
    path: 'v1/user/password',
    operationId: 'changePassword',
    tag: 'Account',
    summary: 'Change the password; all other logins end',
    body: schema.newPassword,
    answer: { success: true },
  })
  async changePassword(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return this.backends.auth.changePassword(parse(schema.newPassword, body), by(request));
  }

  @Rest({
    method: 'PUT',
    path: 'v1/admin/users/:id/role',
    operationId: 'setUserRole',
    tag: 'Account',
    summary: "Change a user's role",
    body: schema.userRole,
    answer: { user: USER },
  })
  async setRole(@Req() request: AuthenticatedRequest, @Param('id') userId: string, @Body() body: unknown) {
    requireAdmin(request.principal);
    const { role } = parse(schema.userRole, body);
    return auth.SetUserRoleResponse.toJSON(await this.backends.auth.setUserRole({ userId, role }, by(request)));
  }

  @Rest({
    method: 'GET',
    path: '.well-known/jwks.json',
    operationId: 'jwks',
    tag: 'Account',
    summary: 'Public keys of login and SDK tokens (RFC 7517)',
    open: true,
    answer: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qY…', kid: 'k1', alg: 'EdDSA', use: 'sig' }] },
  })
  async jwks() {
    const { json } = await this.backends.authInternal.jwks({}, callContext({ timeoutMs: TIMEOUT_MS }));
    return JSON.parse(json) as object;
  }

  @Rest({
    method: 'POST',
    path: 'v1/admin/signing-keys/rotate',
    operationId: 'rotateSigningKey',
    tag: 'Account',
    summary: 'Sign tokens with a new key; those of the old one are good until they expire',
    body: schema.empty,
    answer: { kid: 'k2' },
  })
  async rotate(@Req() request: AuthenticatedRequest, @Body() body: unknown): Promise<{ kid: string }> {
    requireAdmin(request.principal);
    parse(schema.empty, body ?? {});
    return this.backends.authInternal.rotateSigningKey({}, callContext({ timeoutMs: TIMEOUT_MS }));
  }

  @Rest({
    method: 'POST',
    path: 'v1/keys',
    operationId: 'createApiKey',
    tag: 'API keys',
    summary: 'Make an API key; it is shown once',
    body: schema.createKey,
    answer: { fullKey: 'vk_AbCdEfGhIjKl_…', keyInfo: KEY },
  })
  async createKey(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    const made = await this.backends.auth.createApiKey(parse(schema.createKey, body), by(request));
    return { fullKey: made.fullKey, keyInfo: made.keyInfo && keyJson(made.keyInfo) };
  }

  @Rest({
    method: 'GET',
    path: 'v1/keys',
    operationId: 'listApiKeys',
    tag: 'API keys',
    summary: 'API keys of the account',
    answer: { keys: [KEY] },
  })
  async listKeys(@Req() request: AuthenticatedRequest) {
    const { keys } = await this.backends.auth.listApiKeys({}, by(request));
    return { keys: keys.map(keyJson) };
  }

  @Rest({
    method: 'DELETE',
    path: 'v1/keys/:key_prefix',
    operationId: 'deleteApiKey',
    tag: 'API keys',
    summary: 'Revoke an API key',
    answer: { success: true },
  })
  async deleteKey(@Req() request: AuthenticatedRequest, @Param('key_prefix') keyPrefix: string) {
    return this.backends.auth.deleteApiKey({ keyPrefix }, by(request));
  }

  @Rest({
    method: 'POST',
    path: 'v1/sdk-jwt',
    operationId: 'createSdkJwt',
    tag: 'API keys',
    summary: 'A day-long token for an API key',
    body: schema.sdkJwt,
    answer: { sdkJwt: 'eyJ…' },
  })
  async sdkJwt(@Req() request: AuthenticatedRequest, @Body() body: unknown) {
    return this.backends.auth.createSdkjwt(parse(schema.sdkJwt, body), by(request));
  }
}

const by = (request: AuthenticatedRequest) =>
  callContext({
    authorization: authorizationOf(request.headers),
    timeoutMs: TIMEOUT_MS,
    headers: clientAddress(request.ip),
  });

/** The generated mapping leaves empty lists out; here they are shown. */
const keyJson = (key: auth.APIKey) => ({ ...(auth.APIKey.toJSON(key) as object), collections: key.collections });

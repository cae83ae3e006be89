import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { auth } from '@vectron/proto';
import { type Api, type CallContext, GrpcService } from '@vectron/rpc';
import { Accounts } from './accounts/accounts.js';
import { ApiKeyRepository } from './api-keys.js';
import { Callers, clientAddress } from './callers.js';
import { KeyService } from './key-service.js';
import { Logins } from './logins.js';
import type { Role } from './rights.js';
import { invitationInfo, keyInfo, seconds } from './wire.js';

const DEFAULT_PAGE = 100;

/**
 * vectron.auth.v1. Calls about a user carry that user's own bearer token, passed on by the gateway, and are checked here
 * against the contract as they are there.
 */
@Controller()
@GrpcService(auth.AuthServiceService)
export class AuthController implements Api<typeof auth.AuthServiceService> {
  constructor(
    @Inject(Callers) private readonly callers: Callers,
    @Inject(Logins) private readonly logins: Logins,
    @Inject(KeyService) private readonly keyService: KeyService,
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
    @Inject(Accounts) private readonly accounts: Accounts,
  ) {}

  async registerUser(
    { email, password, invitation }: auth.RegisterUserRequest,
    context: CallContext,
  ): Promise<auth.RegisterUserResponse> {
    const user = await this.accounts.registration.register(email, password, invitation, clientAddress(context));
    return { user: await this.accounts.profiles.of(user) };
  }

  async login(request: auth.LoginRequest, context: CallContext): Promise<auth.LoginResponse> {
    const login = await this.logins.login(request.email, request.password, clientAddress(context));
    const { user, accessToken, expiresAtMs, refreshToken } = login;
    const profile = await this.accounts.profiles.of(user);
    return { jwtToken: accessToken, user: profile, expiresAt: seconds(expiresAtMs), refreshToken };
  }

  async logout(_: auth.LogoutRequest, context: CallContext): Promise<auth.LogoutResponse> {
    const { principal } = await this.callers.of(context, 'logout');
    await this.logins.logout(principal.userId, principal.sessionId);
    return { success: true };
  }

  async changePassword(
    request: auth.ChangePasswordRequest,
    context: CallContext,
  ): Promise<auth.ChangePasswordResponse> {
    const caller = await this.callers.of(context, 'changePassword');
    await this.logins.changePassword(caller, request.currentPassword, request.newPassword);
    return { success: true };
  }

  async refreshToken(request: auth.RefreshTokenRequest): Promise<auth.RefreshTokenResponse> {
    const { accessToken, expiresAtMs, refreshToken } = await this.logins.refresh(request.refreshToken);
    return { jwtToken: accessToken, expiresAt: seconds(expiresAtMs), refreshToken };
  }

  async getUserProfile(_: auth.GetUserProfileRequest, context: CallContext): Promise<auth.GetUserProfileResponse> {
    const { user } = await this.callers.of(context, 'getUserProfile');
    return { user: await this.accounts.profiles.of(user) };
  }

  async updateUserProfile(
    request: auth.UpdateUserProfileRequest,
    context: CallContext,
  ): Promise<auth.UpdateUserProfileResponse> {
    const caller = await this.callers.of(context, 'updateUserProfile');
    if (request.plan !== auth.Plan.FREE && request.plan !== auth.Plan.PAID) {
      throw VectronError.invalid('plan', 'plan must be FREE or PAID');
    }
    await this.accounts.administration.setPlan(caller, request.plan === auth.Plan.PAID ? 'PAID' : 'FREE');
    return { user: await this.accounts.profiles.of(caller.user), jwtToken: '' };
  }

  async createApiKey(request: auth.CreateAPIKeyRequest, context: CallContext): Promise<auth.CreateAPIKeyResponse> {
    const caller = await this.callers.of(context, 'createApiKey');
    const { name, role, collections, expiresAt } = request;
    const wanted = { role: (role || 'write') as Role, collections, expiresAtMs: Number(expiresAt) * 1000 };
    const { full, key } = await this.keyService.create(caller, name, wanted);
    return { fullKey: full, keyInfo: keyInfo(key) };
  }

  async listApiKeys(_: auth.ListAPIKeysRequest, context: CallContext): Promise<auth.ListAPIKeysResponse> {
    const caller = await this.callers.of(context, 'listApiKeys');
    return { keys: (await this.keyService.list(caller)).map(keyInfo) };
  }

  async deleteApiKey(request: auth.DeleteAPIKeyRequest, context: CallContext): Promise<auth.DeleteAPIKeyResponse> {
    const caller = await this.callers.of(context, 'deleteApiKey');
    await this.keyService.delete(caller, request.keyPrefix);
    return { success: true };
  }

  async createSdkjwt(request: auth.CreateSDKJWTRequest, context: CallContext): Promise<auth.CreateSDKJWTResponse> {
    const caller = await this.callers.of(context, 'createSdkjwt');
    return { sdkJwt: await this.keyService.token(caller, request.apiKeyId) };
  }

  async validateApiKey(request: auth.ValidateAPIKeyRequest): Promise<auth.ValidateAPIKeyResponse> {
    const key = await this.keys.verify(request.fullKey);
    const owner = key && (await this.accounts.ownerOf(key));
    if (key === undefined || owner === undefined) return { valid: false, userId: '', plan: '', apiKeyId: '' };
    return { valid: true, userId: owner.user.id, plan: owner.plan, apiKeyId: key.id };
  }

  async getAuthDetailsForSdk(request: auth.GetAuthDetailsForSDKRequest): Promise<auth.GetAuthDetailsForSDKResponse> {
    const key = await this.keys.byId(request.apiKeyId);
    const owner = key && (await this.accounts.ownerOf(key));
    if (owner === undefined) return { userId: '', plan: auth.Plan.PLAN_UNSPECIFIED, success: false };
    return { userId: owner.user.id, plan: auth.Plan[owner.plan], success: true };
  }

  async inviteUser(request: auth.InviteUserRequest, context: CallContext): Promise<auth.InviteUserResponse> {
    const caller = await this.callers.of(context, 'inviteUser');
    const { email, role, tenantId, newTenant, expiresAt } = request;
    const wish = { email, role: (role || 'write') as Role, tenantId, newTenant, expiresAtMs: Number(expiresAt) * 1000 };
    const { token, invitation } = await this.accounts.registration.invite(caller, wish);
    return { token, invitation: invitationInfo(invitation) };
  }

  async listInvitations(
    request: auth.ListInvitationsRequest,
    context: CallContext,
  ): Promise<auth.ListInvitationsResponse> {
    const caller = await this.callers.of(context, 'listInvitations');
    const size = request.pageSize || DEFAULT_PAGE;
    const found = await this.accounts.registration.list(caller, request.pageToken, size + 1);
    const { page, nextPageToken } = pageOf(found, size);
    return { invitations: page.map(invitationInfo), nextPageToken };
  }

  async deleteInvitation(
    request: auth.DeleteInvitationRequest,
    context: CallContext,
  ): Promise<auth.DeleteInvitationResponse> {
    const caller = await this.callers.of(context, 'deleteInvitation');
    await this.accounts.registration.withdraw(caller, request.id);
    return { success: true };
  }

  async listUsers(request: auth.ListUsersRequest, context: CallContext): Promise<auth.ListUsersResponse> {
    await this.callers.of(context, 'listUsers');
    const size = request.pageSize || DEFAULT_PAGE;
    const found = await this.accounts.administration.list(request.tenantId, request.pageToken, size + 1);
    const { page, nextPageToken } = pageOf(found, size);
    return { users: await Promise.all(page.map((user) => this.accounts.profiles.of(user))), nextPageToken };
  }

  async setUserRole(request: auth.SetUserRoleRequest, context: CallContext): Promise<auth.SetUserRoleResponse> {
    const caller = await this.callers.of(context, 'setUserRole');
    const user = await this.accounts.administration.setRole(caller, request.userId, request.role as Role);
    return { user: await this.accounts.profiles.of(user) };
  }

  async setUserDisabled(
    request: auth.SetUserDisabledRequest,
    context: CallContext,
  ): Promise<auth.SetUserDisabledResponse> {
    const caller = await this.callers.of(context, 'setUserDisabled');
    const user = await this.accounts.administration.setDisabled(caller, request.userId, request.disabled);
    return { user: await this.accounts.profiles.of(user) };
  }

  async resetPassword(request: auth.ResetPasswordRequest, context: CallContext): Promise<auth.ResetPasswordResponse> {
    await this.callers.of(context, 'resetPassword');
    return { password: await this.accounts.administration.resetPassword(request.userId) };
  }

  /** The gateway deletes accounts in steps, because it alone reaches the collections: BeginUserDeletion. */
  async deleteUser(): Promise<never> {
    throw throughGateway('DeleteUser');
  }

  async removeUser(): Promise<never> {
    throw throughGateway('RemoveUser');
  }
}

const throughGateway = (name: string) =>
  new VectronError('UNIMPLEMENTED', `${name} is only served by the gateway, which decides on the collections`);

/** The first `size` of what was found, of which one more was asked for. */
function pageOf<T extends { readonly id: string }>(found: readonly T[], size: number) {
  const page = found.slice(0, size);
  return { page, nextPageToken: found.length > size ? (page.at(-1)?.id ?? '') : '' };
}

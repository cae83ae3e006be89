import { Controller, Inject } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { auth } from '@vectron/proto';
import { type Api, type CallContext, callContext, GrpcService } from '@vectron/rpc';
import { UserDeletion } from '../../admin/user-deletion.js';
import { BACKENDS, type Backends } from '../../backends.js';
import { clientAddress } from '../../edge/client-address.js';

const TIMEOUT_MS = 10_000;

/** The caller's own token and nothing else of its metadata. */
export function passedOn(context: CallContext): CallContext {
  const authorization = context.metadata.get('authorization')[0]?.toString();
  return callContext({ authorization, timeoutMs: TIMEOUT_MS, headers: clientAddress(context.peer) });
}

/** vectron.auth.v1 on the public listener: passed on to the auth service, but for deletions and the two calls of gateways. */
@Controller()
@GrpcService(auth.AuthServiceService)
export class AuthGrpcController implements Api<typeof auth.AuthServiceService> {
  constructor(
    @Inject(BACKENDS) private readonly backends: Backends,
    @Inject(UserDeletion) private readonly deletion: UserDeletion,
  ) {}

  registerUser(request: auth.RegisterUserRequest, context: CallContext): Promise<auth.RegisterUserResponse> {
    return this.backends.auth.registerUser(request, passedOn(context));
  }

  login(request: auth.LoginRequest, context: CallContext): Promise<auth.LoginResponse> {
    return this.backends.auth.login(request, passedOn(context));
  }

  getUserProfile(request: auth.GetUserProfileRequest, context: CallContext): Promise<auth.GetUserProfileResponse> {
    return this.backends.auth.getUserProfile(request, passedOn(context));
  }

  updateUserProfile(
    request: auth.UpdateUserProfileRequest,
    context: CallContext,
  ): Promise<auth.UpdateUserProfileResponse> {
    return this.backends.auth.updateUserProfile(request, passedOn(context));
  }

  async deleteUser(request: auth.DeleteUserRequest, context: CallContext): Promise<auth.DeleteUserResponse> {
    return { success: true, ...(await this.deletion.run({ ...request, userId: '' }, passedOn(context))) };
  }

  refreshToken(request: auth.RefreshTokenRequest, context: CallContext): Promise<auth.RefreshTokenResponse> {
    return this.backends.auth.refreshToken(request, passedOn(context));
  }

  createApiKey(request: auth.CreateAPIKeyRequest, context: CallContext): Promise<auth.CreateAPIKeyResponse> {
    return this.backends.auth.createApiKey(request, passedOn(context));
  }

  listApiKeys(request: auth.ListAPIKeysRequest, context: CallContext): Promise<auth.ListAPIKeysResponse> {
    return this.backends.auth.listApiKeys(request, passedOn(context));
  }

  deleteApiKey(request: auth.DeleteAPIKeyRequest, context: CallContext): Promise<auth.DeleteAPIKeyResponse> {
    return this.backends.auth.deleteApiKey(request, passedOn(context));
  }

  createSdkjwt(request: auth.CreateSDKJWTRequest, context: CallContext): Promise<auth.CreateSDKJWTResponse> {
    return this.backends.auth.createSdkjwt(request, passedOn(context));
  }

  logout(request: auth.LogoutRequest, context: CallContext): Promise<auth.LogoutResponse> {
    return this.backends.auth.logout(request, passedOn(context));
  }

  changePassword(request: auth.ChangePasswordRequest, context: CallContext): Promise<auth.ChangePasswordResponse> {
    return this.backends.auth.changePassword(request, passedOn(context));
  }

  setUserRole(request: auth.SetUserRoleRequest, context: CallContext): Promise<auth.SetUserRoleResponse> {
    return this.backends.auth.setUserRole(request, passedOn(context));
  }

  inviteUser(request: auth.InviteUserRequest, context: CallContext): Promise<auth.InviteUserResponse> {
    return this.backends.auth.inviteUser(request, passedOn(context));
  }

  listInvitations(request: auth.ListInvitationsRequest, context: CallContext): Promise<auth.ListInvitationsResponse> {
    return this.backends.auth.listInvitations(request, passedOn(context));
  }

  deleteInvitation(
    request: auth.DeleteInvitationRequest,
    context: CallContext,
  ): Promise<auth.DeleteInvitationResponse> {
    return this.backends.auth.deleteInvitation(request, passedOn(context));
  }

  listUsers(request: auth.ListUsersRequest, context: CallContext): Promise<auth.ListUsersResponse> {
    return this.backends.auth.listUsers(request, passedOn(context));
  }

  setUserDisabled(request: auth.SetUserDisabledRequest, context: CallContext): Promise<auth.SetUserDisabledResponse> {
    return this.backends.auth.setUserDisabled(request, passedOn(context));
  }

  resetPassword(request: auth.ResetPasswordRequest, context: CallContext): Promise<auth.ResetPasswordResponse> {
    return this.backends.auth.resetPassword(request, passedOn(context));
  }

  removeUser(request: auth.RemoveUserRequest, context: CallContext): Promise<auth.RemoveUserResponse> {
    if (request.userId === '')
      throw VectronError.invalid('user_id', 'user_id is required: send the id of the account to remove');
    return this.deletion.run({ ...request, password: '' }, passedOn(context));
  }

  async validateApiKey(): Promise<never> {
    throw internalOnly('ValidateAPIKey');
  }

  async getAuthDetailsForSdk(): Promise<never> {
    throw internalOnly('GetAuthDetailsForSDK');
  }
}

const internalOnly = (name: string) => new VectronError('PERMISSION_DENIED', `${name} is for gateways only`);

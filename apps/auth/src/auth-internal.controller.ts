import { Controller, Inject } from '@nestjs/common';
import { authInternal } from '@vectron/proto';
import { type Api, GrpcService } from '@vectron/rpc';
import { ApiKeyRepository } from './api-keys.js';
import { Authenticator } from './authenticator.js';
import { UserRepository } from './users.js';

/** What the gateway asks; never on a public listener. */
@Controller()
@GrpcService(authInternal.AuthInternalServiceService)
export class AuthInternalController implements Api<typeof authInternal.AuthInternalServiceService> {
  constructor(
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(UserRepository) private readonly users: UserRepository,
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
  ) {}

  authenticate(request: authInternal.AuthenticateRequest): Promise<authInternal.Principal> {
    return this.authenticator.authenticate(request.token);
  }

  async stats(): Promise<authInternal.StatsResponse> {
    return { users: await this.users.count(), apiKeys: await this.keys.count() };
  }
}

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { bearerToken } from '@vectron/rpc';
import type { FastifyRequest } from 'fastify';
import { Authenticator, type Principal } from './access.js';
import { OPEN_ROUTE } from './rest-route.js';

export type AuthenticatedRequest = FastifyRequest & { principal: Principal };

/** Every REST route takes a token unless it is declared open. gRPC calls are authenticated by their server. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Authenticator) private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http' || Reflect.getMetadata(OPEN_ROUTE, context.getHandler()) === true) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    request.principal = await this.authenticator.authenticate(tokenOf(request.headers));
    return true;
  }
}

export function tokenOf(headers: Record<string, string | string[] | undefined>): string | undefined {
  const key = headers['x-api-key'];
  return bearerToken(headers.authorization as string | undefined) ?? (typeof key === 'string' ? key : undefined);
}

/** The token as the auth service expects it, whichever header brought it. */
export function authorizationOf(headers: Record<string, string | string[] | undefined>): string | undefined {
  const token = tokenOf(headers);
  return token && `Bearer ${token}`;
}

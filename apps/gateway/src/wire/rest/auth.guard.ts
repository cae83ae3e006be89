import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { bearerToken } from '@vectron/rpc';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../../edge/access.js';
import { OPEN_ROUTE } from './rest-route.js';

export type AuthenticatedRequest = FastifyRequest & { principal: Principal };

/** Set by the edge before the body is read; REST calls of routes that are not open do not get past here without it. */
@Injectable()
export class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http' || Reflect.getMetadata(OPEN_ROUTE, context.getHandler()) === true) return true;
    const { principal } = context.switchToHttp().getRequest<Partial<AuthenticatedRequest>>();
    if (principal === undefined) throw new VectronError('UNAUTHENTICATED', 'nobody has said who calls');
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

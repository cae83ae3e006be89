import { VectronError } from '@vectron/errors';
import { checkAccess, type Principal } from '@vectron/model';
import { auth, type MethodContract, methodOf } from '@vectron/proto';
import { bearerToken, type CallContext } from '@vectron/rpc';
import type { Authenticator } from './authenticator.js';
import type { User, UserRepository } from './users.js';

/** Who calls, and the account behind it. */
export interface Caller {
  readonly principal: Principal;
  readonly user: User;
}

export type AuthMethod = keyof typeof auth.AuthServiceService;

/** From the token of a call to who calls. The rules are those of the contract: the gateway's check is not trusted alone. */
export class Callers {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly users: UserRepository,
  ) {}

  /** Throws UNAUTHENTICATED, or PERMISSION_DENIED when the caller may not call the method. */
  async of(context: CallContext, method: AuthMethod): Promise<Caller> {
    const token = bearerToken(context.metadata.get('authorization')[0]?.toString());
    if (token === undefined) throw new VectronError('UNAUTHENTICATED', 'send authorization: Bearer <token>');
    const principal = await this.authenticator.authenticate(token);
    checkAccess(contractOf(method), principal);
    const user = await this.users.byId(principal.userId);
    if (user === undefined) throw new VectronError('UNAUTHENTICATED', 'the account was deleted; use another account');
    return { principal, user };
  }
}

const contractOf = (method: AuthMethod): MethodContract =>
  methodOf(auth.AuthServiceService[method].path) as MethodContract;

/** IP address of the client, from the gateway; empty: the call did not come over one. */
export const clientAddress = ({ metadata }: CallContext): string =>
  metadata.get('x-vectron-client-address')[0]?.toString() ?? '';

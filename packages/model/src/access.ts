import { VectronError } from '@vectron/errors';
import type { authInternal, MethodContract } from '@vectron/proto';

/** Who calls: what an access rule looks at. */
export type Principal = authInternal.Principal;

/**
 * Throws PERMISSION_DENIED unless the caller may call the method, as far as that can be known without the request. A role
 * that is not known here may do nothing. The gateway asks this at the door, and the auth service again for its own methods.
 */
export function checkAccess(method: MethodContract, principal: Principal): void {
  const { access, name, beforePasswordChange, unlimited, ownKey } = method;
  if (principal.mustChangePassword && access !== 'public' && access !== 'token' && !beforePasswordChange) {
    throw denied('the password of this account must be changed first: POST /v1/user/password (ChangePassword)');
  }
  if (unlimited && isLimited(principal)) {
    throw denied(
      `${name} takes a login, or an API key that is limited neither to some collections nor in time: what it does outlives the key`,
    );
  }
  switch (access) {
    case 'public':
    case 'token':
      return;
    case 'read':
      if (!['read', 'write', 'admin'].includes(principal.role))
        throw denied(`the role ${principal.role} reads no data`);
      return;
    case 'write':
      if (!['write', 'admin'].includes(principal.role)) throw denied(`the role ${principal.role} may not write`);
      return;
    case 'login':
      // The service checks that a key below admin names itself.
      if (ownKey && principal.apiKeyId !== '') return;
      if (principal.apiKeyId !== '' && principal.role !== 'admin') {
        throw denied('this takes a login token or an admin API key');
      }
      if (!['read', 'write', 'admin'].includes(principal.role) && !beforePasswordChange) {
        throw denied(`the role ${principal.role} manages nothing`);
      }
      return;
    case 'metrics':
      if (principal.role !== 'metrics') requireAdministrator(principal);
      else requireAllCollections(principal);
      return;
    case 'admin':
      requireAdministrator(principal);
      return;
    default:
      throw denied(`${name} is for services of the cluster only`);
  }
}

/** Whether it is an API key, or a token made of one, that is for some collections only or expires. A login is neither. */
export const isLimited = ({ apiKeyId, collections, expiresAtMs }: Principal): boolean =>
  apiKeyId !== '' && (collections.length > 0 || expiresAtMs !== 0);

function requireAdministrator(principal: Principal): void {
  if (principal.role !== 'admin') throw denied('this takes an administrator');
  requireAllCollections(principal);
}

/** What these methods show and change is not of some collections. */
function requireAllCollections({ collections }: Principal): void {
  if (collections.length > 0) throw denied('this takes a key that is not limited to some collections');
}

const denied = (message: string) => new VectronError('PERMISSION_DENIED', message);

import { bearerToken } from '@vectron/rpc';

type Headers = Record<string, string | string[] | undefined>;

/** The token of a request, from `authorization: Bearer` or `x-api-key`. */
export function tokenOf(headers: Headers): string | undefined {
  const key = headers['x-api-key'];
  return bearerToken(headers.authorization as string | undefined) ?? (typeof key === 'string' ? key : undefined);
}

/** The token as the auth service expects it, whichever header brought it. */
export function authorizationOf(headers: Headers): string | undefined {
  const token = tokenOf(headers);
  return token && `Bearer ${token}`;
}

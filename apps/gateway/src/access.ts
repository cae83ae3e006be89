import { createHash } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { authInternal } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { LRUCache } from 'lru-cache';
import type { Backends } from './backends.js';

export type Principal = authInternal.Principal;
/** How long a verdict on a token is believed: a revoked token works at most this long. */
const VERDICT_MS = 5_000;

/** Who a bearer token is, asked of the auth service and kept for a few seconds. */
export class Authenticator {
  readonly #verdicts: LRUCache<string, Principal, string>;

  constructor(backends: Backends) {
    this.#verdicts = new LRUCache({
      max: 10_000,
      ttl: VERDICT_MS,
      fetchMethod: (_key, _stale, { context: token }) =>
        backends.authInternal.authenticate({ token }, callContext({ timeoutMs: 5_000 })),
    });
  }

  /** Throws UNAUTHENTICATED; a failing auth service lets nobody in. */
  async authenticate(token: string | undefined): Promise<Principal> {
    if (token === undefined) {
      throw new VectronError('UNAUTHENTICATED', 'send authorization: Bearer <token or API key>');
    }
    const key = createHash('sha256').update(token).digest('base64');
    const principal = await this.#verdicts.fetch(key, { context: token });
    if (principal === undefined || (principal.expiresAtMs !== 0 && principal.expiresAtMs <= Date.now())) {
      throw new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired');
    }
    return principal;
  }
}

export function requireWrite(principal: Principal): void {
  if (principal.role === 'read') throw new VectronError('PERMISSION_DENIED', 'this key may only read');
}

export function requireAdmin(principal: Principal): void {
  if (principal.role !== 'admin') throw new VectronError('PERMISSION_DENIED', 'this takes an administrator');
}

/** A collection the key is not for is as good as none. */
export function requireCollection(principal: Principal, name: string): void {
  if (principal.collections.length > 0 && !principal.collections.includes(name)) {
    throw new VectronError('COLLECTION_NOT_FOUND', `no collection ${name}`);
  }
}

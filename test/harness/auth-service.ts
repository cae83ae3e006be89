import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryMetaStore } from '@vectron/metastore';
import { type CallContext, callContext } from '@vectron/rpc';
import {
  type AuthConfig,
  AuthController,
  AuthInternalController,
  authKnobs,
  authParts,
} from '../../apps/auth/src/index.js';

/** An auth service in this process, without a listener, on a store in memory; registration is open unless `settings` say else. */
export async function authService(settings: Partial<AuthConfig> = {}, meta = new MemoryMetaStore()) {
  const data = mkdtempSync(join(tmpdir(), 'vectron-auth-'));
  const config = authKnobs.load({ flags: { data, registration: 'open', 'token-minutes': '1' }, env: {} });
  const parts = await authParts({ ...config, ...settings }, meta);
  const { callers, logins, keyService, keys, accounts, deletions, revocations, counts, tokens, signing } = parts;
  const auth = new AuthController(callers, logins, keyService, keys, accounts);
  const internal = new AuthInternalController(
    parts.authenticator,
    counts,
    deletions,
    revocations,
    tokens,
    signing,
    parts.audits,
  );
  return { ...parts, meta, data, auth, internal };
}

export type AuthService = Awaited<ReturnType<typeof authService>>;

/** A call of somebody with a token; without one, of nobody. */
export const as = (token?: string): CallContext =>
  callContext(token === undefined ? {} : { authorization: `Bearer ${token}` });

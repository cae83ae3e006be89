import { VectronError } from '@vectron/errors';
import type { auth } from '@vectron/proto';
import { missing } from './answers.js';
import type * as api from './client.js';

/** What the interface gives of the answers of vectron.auth.v1, and how its options are written in requests. */

export function account(user: auth.UserProfile | undefined): api.Account {
  const { id, email, role, tenantId, disabled, mustChangePassword, createdAt, lastLoginAt } = user ?? missing('user');
  const times = { createdAt: date(createdAt), lastLoginAt: dateOrNever(lastLoginAt) };
  return { id, email, role, tenantId, disabled, mustChangePassword, ...times };
}

export const tokens = ({ jwtToken, expiresAt, refreshToken }: auth.RefreshTokenResponse): api.Tokens => ({
  token: jwtToken,
  expiresAt: date(expiresAt),
  refreshToken,
});

export function invitation(one: auth.Invitation | undefined): api.Invitation {
  const { id, email, role, tenantId, invitedBy, createdAt, expiresAt } = one ?? missing('invitation');
  const times = { createdAt: date(createdAt), expiresAt: date(expiresAt) };
  return { id, email, role, invitedBy, tenantId: tenantId || undefined, ...times };
}

export const removal = (answer: auth.RemoveUserResponse): api.AccountRemoval => ({
  deletedCollections: answer.deletedCollections,
  handedCollections: answer.handedCollections,
  keptCollections: answer.keptCollections,
  deletedKeys: answer.deletedKeys,
});

export function keyInfo(key: auth.APIKey | undefined): api.ApiKeyInfo {
  const { keyPrefix, name, role, collections, createdAt, expiresAt } = key ?? missing('key');
  const times = { createdAt: date(createdAt), expiresAt: dateOrNever(expiresAt) };
  return { prefix: keyPrefix, name, role, collections, ...times };
}

const date = (seconds: bigint) => new Date(Number(seconds) * 1_000);
/** undefined for 0, which stands for never. */
const dateOrNever = (seconds: bigint) => (seconds === 0n ? undefined : date(seconds));

/** Seconds since 1970, which a request has for a moment; 0n: none. */
export const toSeconds = (at: Date | undefined): bigint => {
  if (at === undefined) return 0n;
  const seconds = Math.floor(at.getTime() / 1_000);
  if (!Number.isInteger(seconds) || seconds <= 0) throw VectronError.invalid('expires_at', 'expiresAt must be a date');
  return BigInt(seconds);
};

export const inheritanceFields = ({ heir = '', deleteCollections = false }: api.Inheritance = {}) => ({
  heir,
  deleteCollections,
});

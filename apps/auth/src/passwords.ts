import { hash, verify } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import { VectronError } from '@vectron/errors';
import { dictionary } from '@zxcvbn-ts/language-common';
import pLimit from 'p-limit';

/** argon2id, 19 MiB, two passes (OWASP Password Storage Cheat Sheet). */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each hash takes 19 MiB and tens of milliseconds of a core. */
const twoAtOnce = pLimit(2);
/** Hashes that may wait; more are refused, so that a flood of logins does not become a queue of minutes. */
const MAX_WAITING = 100;
/** Verified when there is no such user, so that both answers take the same time. */
let decoy: Promise<string> | undefined;

/** What everybody tries first; names of the product are the next. */
const common = new Set([
  ...dictionary['passwords-common'].filter((password) => password.length >= 8),
  'vectron1',
  'vectrondb',
  'change_me_in_production',
]);

/** Throws INVALID_ARGUMENT. Length, and that it is none of the common ones; no rules of composition. */
export function checkPassword(password: string, field = 'password'): void {
  if (password.length < 8 || password.length > 128) {
    throw VectronError.invalid(field, 'a password has 8 to 128 characters');
  }
  if (common.has(password.toLowerCase())) {
    throw VectronError.invalid(field, 'this password is one of the most common ones; choose another');
  }
}

function oneOfTwo<T>(work: () => Promise<T>): Promise<T> {
  if (twoAtOnce.pendingCount >= MAX_WAITING) {
    return Promise.reject(
      new VectronError('OVERLOADED', 'too many logins at once', { details: { retryAfterMs: 2_000 } }),
    );
  }
  return twoAtOnce(work);
}

export function hashPassword(password: string): Promise<string> {
  return oneOfTwo(() => hash(password, PARAMETERS));
}

/** Verifies against an argon2id or bcrypt hash; `undefined`: against nothing, in the same time. */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('no user has this password');
  const against = stored ?? (await decoy);
  const matches = await oneOfTwo(() =>
    against.startsWith('$2') ? verifyBcrypt(password, against) : verify(against, password),
  );
  return matches && stored !== undefined;
}

/** Whether the hash should be replaced at the next successful login. */
export const isOutdatedHash = (stored: string): boolean => !stored.startsWith('$argon2id$');

import { hash, verify } from '@node-rs/argon2';
import { VectronError } from '@vectron/errors';
import { inTurn } from './password-lanes.js';

/** argon2id, 19 MiB, two passes (OWASP Password Storage Cheat Sheet). */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Verified when there is no such user, so that both answers take the same time. */
let decoy: Promise<string> | undefined;

let common: Promise<ReadonlySet<string>> | undefined;

/** What everybody tries first, and names of the product. Loaded when the first password is made. */
async function commonPasswords(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set([
    ...dictionary['passwords-common'].filter((password) => password.length >= 8),
    'vectron1',
    'vectrondb',
    'change_me_in_production',
  ]);
}

/** Throws INVALID_ARGUMENT. Length, and that it is none of the common ones; no rules of composition. */
export async function checkPassword(password: string, field = 'password'): Promise<void> {
  if (password.length < 8 || password.length > 128) {
    throw VectronError.invalid(field, 'a password must have 8 to 128 characters');
  }
  common ??= commonPasswords();
  if ((await common).has(password.toLowerCase())) {
    throw VectronError.invalid(field, 'this password is one of the most common ones; choose another');
  }
}

/** Hashes when its turn has come; who may wait for that is a matter of the lanes. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, PARAMETERS));
}

/** Verifies against an argon2id or bcrypt hash; `undefined`: against nothing, in the same time. */
export async function verifyPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= hashPassword('no user has this password');
  const against = stored ?? (await decoy);
  const matches = await inTurn(() =>
    against.startsWith('$2') ? verifyBcrypt(against, password) : verify(against, password),
  );
  return matches && stored !== undefined;
}

/** Of hashes that came from elsewhere: the library is loaded when there is one. */
async function verifyBcrypt(stored: string, password: string): Promise<boolean> {
  const bcrypt = await import('@node-rs/bcrypt');
  return bcrypt.verify(password, stored);
}

/** Whether the hash should be replaced at the next successful login. */
export const isOutdatedHash = (stored: string): boolean => !stored.startsWith('$argon2id$');

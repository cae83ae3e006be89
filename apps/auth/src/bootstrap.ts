import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiKeyRepository } from './api-keys.js';
import { hashPassword } from './passwords.js';
import type { UserRepository } from './users.js';

export interface Bootstrap {
  readonly email: string;
  readonly password: string;
  readonly apiKey: string;
}

const EMAIL = 'admin@vectron.local';

/**
 * At the first run: makes the administrator and an API key and writes them to `<data>/bootstrap.json` (0600). A run
 * that was cut off before the file was written is repeated, because nobody knows its password. `created` says whether
 * this call did it; later calls read the file, which the operator may have removed.
 */
export async function bootstrapAdmin(
  data: string,
  users: UserRepository,
  keys: ApiKeyRepository,
): Promise<{ bootstrap?: Bootstrap; created: boolean }> {
  const file = join(data, 'bootstrap.json');
  const created = await users.bootstrapped(async () => {
    const cutOff = await users.byEmail(EMAIL);
    if (cutOff !== undefined) {
      for (const key of await keys.ofUser(cutOff.id)) await keys.delete(cutOff.id, key.id);
      await users.delete(cutOff);
    }
    const password = randomBytes(15).toString('base64url');
    const passwordHash = await hashPassword(password);
    const { id: userId } = await users.create({ email: EMAIL, passwordHash, role: 'admin', plan: 'PAID' });
    const { full } = await keys.create({ userId, name: 'bootstrap', role: 'admin', collections: [], expiresAtMs: 0 });
    const bootstrap = { email: EMAIL, password, apiKey: full };
    writeFileSync(file, `${JSON.stringify(bootstrap, null, 2)}\n`, { mode: 0o600 });
  });
  const bootstrap = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Bootstrap) : undefined;
  return { bootstrap, created };
}

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

/**
 * At the first run: makes the administrator and an API key and writes them to `<data>/bootstrap.json` (0600).
 * `created` says whether this call did; later calls read the file, which the operator may have removed.
 */
export async function bootstrapAdmin(
  data: string,
  users: UserRepository,
  keys: ApiKeyRepository,
): Promise<{ bootstrap?: Bootstrap; created: boolean }> {
  const file = join(data, 'bootstrap.json');
  if ((await users.count()) > 0) {
    return {
      bootstrap: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Bootstrap) : undefined,
      created: false,
    };
  }
  const email = 'admin@vectron.local';
  const password = randomBytes(15).toString('base64url');
  const user = await users.create({ email, passwordHash: await hashPassword(password), role: 'admin', plan: 'PAID' });
  const { full } = await keys.create({
    userId: user.id,
    name: 'bootstrap',
    role: 'admin',
    collections: [],
    expiresAtMs: 0,
  });
  const bootstrap = { email, password, apiKey: full };
  writeFileSync(file, `${JSON.stringify(bootstrap, null, 2)}\n`, { mode: 0o600 });
  return { bootstrap, created: true };
}

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
 * At the first run: makes the administrator, whose password must be changed at the first login, and an API key, and writes
 * both to `<data>/bootstrap.json` (0600). A run that was cut off before the file was written is repeated, because nobody
 * knows its password. `created` says whether this call did it; later calls read the file, which the operator may have
 * removed. Accounts that an earlier version stored get what this one keeps of them.
 */
export async function bootstrapAdmin(
  data: string,
  users: UserRepository,
  keys: ApiKeyRepository,
): Promise<{ bootstrap?: Bootstrap; created: boolean }> {
  const file = join(data, 'bootstrap.json');
  const created = await users.bootstrapped(async () => {
    const password = randomBytes(15).toString('base64url');
    const given = { passwordHash: await hashPassword(password), role: 'admin', mustChangePassword: true } as const;
    const cutOff = await users.byEmail(EMAIL);
    const { id: userId } =
      cutOff === undefined
        ? await users.create({ ...given, email: EMAIL, plan: 'PAID' })
        : await users.update(cutOff.id, given);
    await keys.deleteAll(userId);
    const { full } = await keys.create({ userId, name: 'bootstrap', role: 'admin', collections: [], expiresAtMs: 0 });
    const bootstrap = { email: EMAIL, password, apiKey: full };
    writeFileSync(file, `${JSON.stringify(bootstrap, null, 2)}\n`, { mode: 0o600 });
  });
  await users.upgrade();
  const bootstrap = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Bootstrap) : undefined;
  return { bootstrap, created };
}

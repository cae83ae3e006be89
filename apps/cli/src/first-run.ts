import type { Bootstrap } from '@vectron/auth';

/**
 * What the first run says of the administrator. Secrets go to a terminal only: the output of a service or a container is
 * kept in logs, which others read. `file` has them, readable by its owner only.
 */
export function firstRunLines({ email, password, apiKey }: Bootstrap, file: string, isTerminal: boolean): string[] {
  if (!isTerminal) {
    return [`first run: an administrator was made; its password and an API key are in ${file}, readable by you only`];
  }
  return [
    `first run: an administrator was made (also in ${file}, readable by you only)`,
    `  e-mail    ${email}`,
    `  password  ${password}   (to be changed at the first login)`,
    `  API key   ${apiKey}`,
  ];
}

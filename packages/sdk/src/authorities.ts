import { createSecureContext } from 'node:tls';
import { VectronError } from '@vectron/errors';

/** The certificates of authorities in `ca`, PEM. Throws INVALID_ARGUMENT when there are none. */
export function authoritiesIn(ca: string): Buffer {
  try {
    createSecureContext({ ca });
  } catch (cause) {
    throw VectronError.invalid('ca', `ca must contain a PEM certificate: ${(cause as Error).message}`);
  }
  return Buffer.from(ca);
}

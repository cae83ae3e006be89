import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomSecret, secretFile } from '@vectron/auth';
import { setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import type { Metadata } from '@vectron/rpc';

/** The secret that services of one cluster share, from the file named or from the data directory. */
export async function clusterToken(file: string | undefined, data: string | undefined): Promise<string> {
  if (file !== undefined) return readFileSync(file, 'utf8').trim();
  if (data === undefined)
    throw new VectronError('INVALID_ARGUMENT', 'name the cluster token with --cluster-token-file');
  return secretFile(join(data, 'secrets', 'cluster.token'), randomSecret);
}

/** Refuses every call that does not show the token. Compared by hash, in constant time. */
export function requireClusterToken(token: string): (path: string, metadata: Metadata) => undefined {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (_path, metadata) => {
    const shown = metadata.get('x-vectron-cluster-token')[0]?.toString() ?? '';
    if (!timingSafeEqual(expected, digest(shown))) {
      throw new VectronError('UNAUTHENTICATED', 'this listener is for services of the cluster');
    }
    return undefined;
  };
}

/** Internal traffic is not encrypted yet, so it must not leave the machine. */
export function requireLoopback(host: string): void {
  if (!setting.isLoopback(host)) {
    throw new VectronError(
      'UNIMPLEMENTED',
      `an internal listener on ${host} needs mutual TLS, which is not built yet; use 127.0.0.1`,
    );
  }
}

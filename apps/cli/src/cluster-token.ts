import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { randomSecret, secretFile } from '@vectron/auth';
import { type ConfigOf, setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import type { TlsFiles } from '@vectron/rpc';
import type { clusterKnobs } from './config.js';

/** The secret that services of one cluster share, from the file named or from the data directory. */
async function clusterToken(file: string | undefined, data: string | undefined): Promise<string> {
  if (file !== undefined) return readFileSync(file, 'utf8').trim();
  if (data === undefined)
    throw new VectronError('INVALID_ARGUMENT', 'set --cluster-token-file to the file with the cluster token');
  return secretFile(join(data, 'secrets', 'cluster.token'), randomSecret);
}

/** Refuses every call that does not show the token. Compared by hash, in constant time. */
export function requireClusterToken(token: string): (path: string, headers: IncomingHttpHeaders) => true {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (_path, headers) => {
    const shown = String(headers['x-vectron-cluster-token'] ?? '');
    if (!timingSafeEqual(expected, digest(shown))) {
      throw new VectronError(
        'UNAUTHENTICATED',
        'this listener is for services of the cluster: send the cluster token, or use the address of a gateway',
      );
    }
    return true;
  };
}

/** How services of one cluster know each other. */
export interface ClusterLink {
  readonly token: string;
  readonly tls?: TlsFiles;
}

/** The link of one service from its settings: all three files of mutual TLS, or none. */
export async function clusterLink(
  { clusterTokenFile, clusterAuthority, clusterCertificate, clusterKey }: ConfigOf<typeof clusterKnobs.knobs>,
  data: string | undefined,
): Promise<ClusterLink> {
  const token = await clusterToken(clusterTokenFile, data);
  const files = [clusterAuthority, clusterCertificate, clusterKey].filter((file) => file !== undefined).length;
  if (files === 0) return { token };
  if (clusterAuthority === undefined || clusterCertificate === undefined || clusterKey === undefined) {
    throw VectronError.invalid(
      'cluster-tls',
      'mutual TLS requires --cluster-tls-ca, --cluster-tls-cert and --cluster-tls-key',
    );
  }
  return { token, tls: { authority: clusterAuthority, certificate: clusterCertificate, key: clusterKey } };
}

/** Without mutual TLS, what services say to each other must not leave the machine. */
export function requirePrivate(host: string, { tls }: ClusterLink): void {
  if (tls === undefined && !setting.isLoopback(host)) {
    throw VectronError.invalid(
      'listen',
      `an internal listener on ${host} requires mutual TLS: set --cluster-tls-ca, --cluster-tls-cert and --cluster-tls-key (vectron cluster certificates creates the files), or use 127.0.0.1`,
    );
  }
}

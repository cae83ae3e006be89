import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { CLUSTER_NAME } from '@vectron/rpc';

export interface CertificateFiles {
  /** PEM files. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const YEARS = 10;

/** Beside the hosts: what services of a cluster, and workers among each other, expect to be shown. */
const NAMES = [CLUSTER_NAME, 'vectron-worker'];

/** `scraper`: it reads metrics, and is nobody that a service would speak to. */
export type CertificateKind = 'service' | 'scraper' | 'other';

/**
 * A certificate authority of this cluster alone in `dir`, made at the first call, and a certificate of it for `hosts`
 * (names or IP addresses): for services of the cluster, for a Prometheus, or for something else such as the etcd of a local cluster.
 */
export async function clusterCertificate(
  dir: string,
  name: string,
  hosts: readonly string[],
  kind: CertificateKind,
  until?: Date,
): Promise<CertificateFiles> {
  x509.cryptoProvider.set(webcrypto as never);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const files = {
    authority: join(dir, 'ca.pem'),
    certificate: join(dir, `${name}.pem`),
    key: join(dir, `${name}.key`),
  };
  const authorityKey = join(dir, 'ca.key');
  if (!existsSync(authorityKey)) {
    const keys = await pair();
    const made = await x509.X509CertificateGenerator.createSelfSigned({
      ...validity(),
      name: 'CN=Vectron cluster',
      keys,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    writeFileSync(files.authority, made.toString('pem'));
    writeFileSync(authorityKey, await keyPem(keys.privateKey), { mode: 0o600 });
  }
  if (existsSync(files.key)) return files;
  const issuer = new x509.X509Certificate(readFileSync(files.authority, 'utf8'));
  const pkcs8 = x509.PemConverter.decode(readFileSync(authorityKey, 'utf8'))[0];
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, false, ['sign']);
  const keys = await pair();
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(until),
    subject: `CN=${name}`,
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.ExtendedKeyUsageExtension([
        ...(kind === 'scraper' ? [] : [x509.ExtendedKeyUsage.serverAuth]),
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension(
        [...hosts, ...(kind === 'service' ? NAMES : [])].map((host) => ({
          type: isIP(host) === 0 ? 'dns' : 'ip',
          value: host,
        })),
      ),
    ],
  });
  writeFileSync(files.certificate, certificate.toString('pem'));
  writeFileSync(files.key, await keyPem(keys.privateKey), { mode: 0o600 });
  return files;
}

function validity(until?: Date) {
  const notBefore = new Date(Date.now() - 3_600_000);
  const notAfter = until ?? new Date(notBefore);
  if (until === undefined) notAfter.setFullYear(notAfter.getFullYear() + YEARS);
  return { notBefore, notAfter, serialNumber: randomBytes(16).toString('hex') };
}

const pair = async () =>
  (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

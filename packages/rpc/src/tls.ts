import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { checkServerIdentity, type PeerCertificate, type SecureContextOptions, default as tls } from 'node:tls';
import { type ChannelCredentials, experimental } from '@grpc/grpc-js';
import { VectronError } from '@vectron/errors';

/** PEM files. They are read again when they change; connections that are open stay. */
export interface TlsFiles {
  /** Of the authority whose certificates the other end must show. */
  readonly authority?: string;
  readonly certificate: string;
  readonly key: string;
}

/** Every certificate of a service of a cluster is for this name: the authority, not the host, says who is of it. */
export const CLUSTER_NAME = 'vectron-cluster';
/** How soon a changed file is noticed. */
const REFRESH_MS = 1_000;

/** TLS 1.3 for everything that this process opens or listens on from now on; with `acceptOld`, 1.2 too. */
export function requireModernTls(acceptOld: boolean): void {
  tls.DEFAULT_MIN_VERSION = acceptOld ? 'TLSv1.2' : 'TLSv1.3';
}

/** What a TLS server is made of: the files as they are now. */
export interface ServerContext {
  readonly current: SecureContextOptions;
  close(): void;
}

/** Reads the files of a server; `changed` is given what they hold whenever they do. */
export function serverContext(files: TlsFiles, changed: (context: SecureContextOptions) => void): ServerContext {
  const provider = watched(files);
  const listener = () => changed(provider.context);
  provider.addIdentityCertificateListener(listener);
  return { current: provider.context, close: () => provider.removeIdentityCertificateListener(listener) };
}

/** For services of the cluster: both ends show a certificate of its authority. */
export function clusterTls(files: TlsFiles): ChannelCredentials {
  if (files.authority === undefined)
    throw VectronError.invalid('cluster-tls-ca', 'mutual TLS requires a certificate authority: set --cluster-tls-ca');
  const provider = watched(files);
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (_host: string, certificate: PeerCertificate) =>
      checkServerIdentity(CLUSTER_NAME, certificate),
  });
}

function watched(files: TlsFiles): WatchedFiles {
  const provider = new WatchedFiles(files);
  // Wrong paths, and a key that is another's, are told at the start and not when the first client comes.
  provider.read();
  return provider;
}

type CertificateListener = experimental.IdentityCertificateUpdateListener;
type AuthorityListener = experimental.CaCertificateUpdateListener;

/**
 * The files as grpc-js wants them, read again when they change. A certificate and its key are two files that are never
 * replaced at the same moment: what does not fit together is not used, and what was there before goes on being used.
 */
class WatchedFiles implements experimental.CertificateProvider {
  readonly #certificates = new Set<CertificateListener>();
  readonly #authorities = new Set<AuthorityListener>();
  readonly #paths: readonly string[];
  #latest: { readonly certificate: Buffer; readonly privateKey: Buffer; readonly caCertificate?: Buffer } | undefined;
  readonly #look = () => {
    try {
      this.read();
    } catch {
      // Half of a replacement, or a mistake: the next change of the files will tell.
    }
  };

  constructor(private readonly files: TlsFiles) {
    const { authority, certificate, key } = files;
    this.#paths = [certificate, key, ...(authority === undefined ? [] : [authority])];
  }

  /** Throws INVALID_ARGUMENT when the files are not there or do not fit together. */
  read(): void {
    const { authority, certificate, key } = this.files;
    try {
      const [cert, privateKey] = [readFileSync(certificate), readFileSync(key)];
      const caCertificate = authority === undefined ? undefined : readFileSync(authority);
      tls.createSecureContext({ cert, key: privateKey, ca: caCertificate });
      this.#latest = { certificate: cert, privateKey, caCertificate };
    } catch (cause) {
      throw VectronError.invalid('tls', `cannot use ${this.#paths.join(', ')}: ${(cause as Error).message}`);
    }
    for (const listener of this.#certificates) this.#tellCertificate(listener);
    for (const listener of this.#authorities) this.#tellAuthority(listener);
  }

  /** For a server, what was read last. */
  get context(): SecureContextOptions {
    if (this.#latest === undefined) throw new Error('the files were not read');
    const { certificate, privateKey, caCertificate } = this.#latest;
    return { cert: certificate, key: privateKey, ...(caCertificate && { ca: caCertificate }) };
  }

  addIdentityCertificateListener(listener: CertificateListener): void {
    this.#watch();
    this.#certificates.add(listener);
    process.nextTick(() => this.#tellCertificate(listener));
  }

  removeIdentityCertificateListener(listener: CertificateListener): void {
    this.#certificates.delete(listener);
    this.#unwatch();
  }

  addCaCertificateListener(listener: AuthorityListener): void {
    this.#watch();
    this.#authorities.add(listener);
    process.nextTick(() => this.#tellAuthority(listener));
  }

  removeCaCertificateListener(listener: AuthorityListener): void {
    this.#authorities.delete(listener);
    this.#unwatch();
  }

  #tellCertificate(listener: CertificateListener): void {
    if (this.#latest === undefined || !this.#certificates.has(listener)) return;
    const { certificate, privateKey } = this.#latest;
    listener({ certificate, privateKey });
  }

  #tellAuthority(listener: AuthorityListener): void {
    const caCertificate = this.#latest?.caCertificate;
    if (caCertificate !== undefined && this.#authorities.has(listener)) listener({ caCertificate });
  }

  #watch(): void {
    if (this.#certificates.size + this.#authorities.size > 0) return;
    for (const path of this.#paths) watchFile(path, { interval: REFRESH_MS, persistent: false }, this.#look);
  }

  #unwatch(): void {
    if (this.#certificates.size + this.#authorities.size > 0) return;
    for (const path of this.#paths) unwatchFile(path, this.#look);
  }
}

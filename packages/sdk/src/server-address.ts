import { VectronError } from '@vectron/errors';

/** Where a server is, and what it is spoken to in. */
export interface ServerAddress {
  readonly wire: 'rest' | 'grpc';
  /** Whether the connection is TLS. */
  readonly secure: boolean;
  /** `host` or `host:port`. */
  readonly host: string;
  /** Of REST: `http(s)://host:port/prefix`, before `/v1`. */
  readonly base: string;
}

const SCHEMES: Readonly<Record<string, Pick<ServerAddress, 'wire' | 'secure'>>> = {
  'http:': { wire: 'rest', secure: false },
  'https:': { wire: 'rest', secure: true },
  'grpc:': { wire: 'grpc', secure: false },
  'grpcs:': { wire: 'grpc', secure: true },
};

/**
 * The server at `url`. A path of REST is where a proxy has the server, and is kept; the `/v1` that the server prints behind its
 * address may stand at its end. Throws INVALID_ARGUMENT, which does not repeat what may be a secret.
 */
export function serverAddress(url: string): ServerAddress {
  const refuse = (what: string): never => {
    throw VectronError.invalid('url', `the URL of a server ${what}`);
  };
  if (typeof url !== 'string' || !URL.canParse(url)) return refuse('must be a URL such as http://127.0.0.1:8080');
  const { protocol, host, hostname, pathname, search, hash, username, password } = new URL(url);
  const scheme = SCHEMES[protocol];
  if (scheme === undefined)
    return refuse(`must begin with http://, https://, grpc:// or grpcs://, not with ${protocol}//`);
  if (hostname === '') return refuse('must contain a host');
  if (username !== '' || password !== '')
    return refuse('must not contain a user or a password; pass the API key as apiKey');
  if (search !== '' || hash !== '' || /[?#]/.test(url)) return refuse('must not contain a query or a fragment');
  const path = pathname.replace(/\/+$/, '').replace(/\/v1$/, '');
  if (scheme.wire === 'grpc' && path !== '') return refuse('must not contain a path over gRPC');
  return { ...scheme, host, base: `${protocol}//${host}${path}` };
}

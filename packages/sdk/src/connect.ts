import { VectronError } from '@vectron/errors';
import type { VectronClient } from './client.js';
import { fetchTrusting } from './fetch-trusting.js';
import { firstReachable } from './first-reachable.js';
import { grpcTransport } from './grpc-transport.js';
import { remoteClient } from './remote-client.js';
import { restTransport } from './rest-transport.js';
import { retrying } from './retrying.js';
import type { Transport } from './transport.js';

export interface ConnectOptions {
  /** API key, login token or SDK token. */
  readonly apiKey?: string;
  /** Milliseconds a call may take, retries apart; default 30,000. */
  readonly timeoutMs?: number;
  /** Retries of a call that failed for a passing reason, with jittered exponential back-off; default 4, 0: none. */
  readonly retries?: number;
  /** PEM of the authorities that a server's certificate must be of, for `https://` and `grpcs://`; default: the system's. */
  readonly ca?: string;
  /** What carries a request of REST; default: the platform's `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * A client of the server at `url`: `http://` and `https://` speak REST, `grpc://` and `grpcs://` (with TLS) speak gRPC. Several
 * gateways of one cluster, as a list or with commas between them: one that cannot be reached is passed over. Connects lazily.
 */
export function connect(url: string | readonly string[], options: ConnectOptions = {}): VectronClient {
  const urls = typeof url === 'string' ? url.split(',') : url;
  const transports = urls.map((one) => transportTo(one.trim(), options));
  if (transports.length === 0) throw VectronError.invalid('url', 'name at least one server');
  const transport = transports.length === 1 ? transports[0] : firstReachable(transports);
  return remoteClient(retrying(transport, options.retries ?? 4));
}

function transportTo(url: string, options: ConnectOptions): Transport {
  const { apiKey, timeoutMs = 30_000, ca } = options;
  const { protocol, host } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') {
    const fetch = options.fetch ?? (ca === undefined || protocol === 'http:' ? undefined : fetchTrusting(ca));
    return restTransport(`${protocol}//${host}`, apiKey, timeoutMs, fetch);
  }
  if (protocol === 'grpc:') return grpcTransport(host, apiKey, timeoutMs);
  if (protocol === 'grpcs:') {
    return grpcTransport(host, apiKey, timeoutMs, ca === undefined ? 'system' : Buffer.from(ca));
  }
  throw VectronError.invalid('url', `cannot connect to ${protocol}//: use http://, https://, grpc:// or grpcs://`);
}

import { VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import { authoritiesIn } from './authorities.js';
import type { VectronClient } from './client.js';
import { fetchTrusting } from './fetch-trusting.js';
import { firstReachable } from './first-reachable.js';
import { remoteClient } from './remote-client.js';
import { restTransport } from './rest-transport.js';
import { retrying } from './retrying.js';
import { serverAddress } from './server-address.js';
import type { Transport } from './transport.js';
import { transportOnDemand } from './transport-on-demand.js';

export interface ConnectOptions {
  /** API key, login token or SDK token. */
  readonly apiKey?: string;
  /** Milliseconds a call may take, with its retries: a whole number of any size, or Infinity; default 30,000. */
  readonly timeoutMs?: number;
  /**
   * Retries of a call that failed for a passing reason, with jittered exponential back-off and no sooner than the server asks for, at
   * most 1,000; default 4, 0: none. All calls of a client may be followed by a fifth as many retries, beyond a hundred.
   */
  readonly retries?: number;
  /** PEM of the authorities that a server's certificate must be of, for `https://` and `grpcs://`; default: the system's. */
  readonly ca?: string;
  /** What carries a request of REST; default: the platform's `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

const MAX_RETRIES = 1_000;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * A client of the server at `url`: `http://` and `https://` speak REST, `grpc://` and `grpcs://` (with TLS) speak gRPC. A path of
 * REST is kept: `https://example.org/vectors` asks `/vectors/v1/...`. Several gateways of one cluster, as a list or with commas
 * between them: one that cannot be reached is passed over. Connects lazily. Throws INVALID_ARGUMENT.
 */
export function connect(url: string | readonly string[], options: ConnectOptions = {}): VectronClient {
  const { retries = 4, timeoutMs = DEFAULT_TIMEOUT_MS } = checked(options);
  const urls = typeof url === 'string' ? url.split(',').map((one) => one.trim()) : url;
  if (!Array.isArray(urls) || urls.length === 0) throw VectronError.invalid('url', 'name at least one server');
  const transports = urls.map((one) => transportTo(one, options));
  const transport = transports.length === 1 ? transports[0] : firstReachable(transports);
  return remoteClient(retrying(transport, { retries, timeoutMs }));
}

function checked(options: ConnectOptions): ConnectOptions {
  checkOptions(options, ['apiKey', 'timeoutMs', 'retries', 'ca', 'fetch']);
  const { apiKey, timeoutMs = 1, retries = 0, ca, fetch } = options;
  checkWhole('timeoutMs', timeoutMs, 1, Number.POSITIVE_INFINITY);
  checkWhole('retries', retries, 0, MAX_RETRIES);
  for (const [name, value] of Object.entries({ apiKey, ca })) {
    if (value !== undefined && typeof value !== 'string') throw VectronError.invalid(name, `${name} must be a string`);
  }
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw VectronError.invalid('apiKey', 'apiKey must be the key and nothing else: it has characters that no key has');
  }
  if (fetch !== undefined && typeof fetch !== 'function')
    throw VectronError.invalid('fetch', 'fetch must be a function');
  return options;
}

function transportTo(url: string, options: ConnectOptions): Transport {
  const { apiKey, timeoutMs = DEFAULT_TIMEOUT_MS, ca } = options;
  const { wire, secure, host, base } = serverAddress(url);
  if (wire === 'rest') {
    const fetch = options.fetch ?? (ca === undefined || !secure ? undefined : fetchTrusting(authoritiesIn(ca)));
    return restTransport(base, apiKey, timeoutMs, fetch);
  }
  const authorities = !secure ? undefined : ca === undefined ? 'system' : authoritiesIn(ca);
  return transportOnDemand(async () => {
    const { grpcTransport } = await import('./grpc-transport.js');
    return grpcTransport(host, apiKey, timeoutMs, authorities);
  });
}

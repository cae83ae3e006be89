import { VectronError } from '@vectron/errors';
import { checkOptions, checkWhole } from '@vectron/model';
import type { VectronClient } from './client.js';
import { firstReachable } from './first-reachable.js';
import { remoteClient } from './remote-client.js';
import { retrying } from './retrying.js';
import { type ServerAddress, serverAddress } from './server-address.js';
import type { Transport } from './transport.js';
import type { UpsertOver } from './upsert-stream.js';

/** Options of `connect`. */
export interface ConnectOptions {
  /** The API key, or the token of a login. */
  readonly apiKey?: string;
  /** Time limit of a call with its retries, in milliseconds: an integer or Infinity; default 30,000. */
  readonly timeoutMs?: number;
  /**
   * Retries of a call that failed for a passing reason, with jittered exponential back-off and no sooner than the server asks for, at
   * most 1,000; default 4, 0: none. All calls of a client may be followed by a fifth as many retries, beyond a hundred.
   */
  readonly retries?: number;
  /** PEM text of the certificate authorities to trust, for `https://` and `grpcs://`; default: those of the system. */
  readonly ca?: string;
  /** The function that sends REST requests; default: Node's own client of HTTP, and in browsers `fetch`. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** Options of one client, checked, with the defaults that transports need. */
export type TransportOptions = ConnectOptions & { readonly timeoutMs: number };

/**
 * Makes a client of one server, or of several gateways of one cluster; it asks nothing. Throws INVALID_ARGUMENT when an
 * address or an option is wrong.
 */
export type Connect = (url: string | readonly string[], options?: ConnectOptions) => VectronClient;

const MAX_RETRIES = 1_000;
const DEFAULT_TIMEOUT_MS = 30_000;

/** A `connect` whose clients reach each server by what `transportTo` makes; `upsertOver` as in `remoteClient`. */
export const connectBy =
  (transportTo: (address: ServerAddress, options: TransportOptions) => Transport, upsertOver?: UpsertOver): Connect =>
  (url, options = {}) => {
    const { retries = 4, timeoutMs = DEFAULT_TIMEOUT_MS } = checked(options);
    const urls = typeof url === 'string' ? url.split(',').map((one) => one.trim()) : url;
    if (!Array.isArray(urls) || urls.length === 0)
      throw VectronError.invalid('url', 'pass the URL of at least one server');
    const transports = urls.map((one) => transportTo(serverAddress(one), { ...options, timeoutMs }));
    const transport = transports.length === 1 ? transports[0] : firstReachable(transports);
    return remoteClient(retrying(transport, { retries, timeoutMs }), upsertOver);
  };

function checked(options: ConnectOptions): ConnectOptions {
  checkOptions(options, ['apiKey', 'timeoutMs', 'retries', 'ca', 'fetch']);
  const { apiKey, timeoutMs = 1, retries = 0, ca, fetch } = options;
  checkWhole('timeoutMs', timeoutMs, 1, Number.POSITIVE_INFINITY);
  checkWhole('retries', retries, 0, MAX_RETRIES);
  for (const [name, value] of Object.entries({ apiKey, ca })) {
    if (value !== undefined && typeof value !== 'string') throw VectronError.invalid(name, `${name} must be a string`);
  }
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw VectronError.invalid(
      'apiKey',
      'apiKey must contain only the key; it has characters that a key cannot contain',
    );
  }
  if (fetch !== undefined && typeof fetch !== 'function')
    throw VectronError.invalid('fetch', 'fetch must be a function');
  return options;
}

import { VectronError } from '@vectron/errors';
import type { VectronClient } from './client.js';
import { firstReachable } from './first-reachable.js';
import { grpcClient } from './grpc-client.js';
import { restClient } from './rest-client.js';
import { retrying } from './retrying.js';

export interface ConnectOptions {
  /** API key, login token or SDK token. */
  readonly apiKey?: string;
  /** Milliseconds a call may take, retries apart; default 30,000. */
  readonly timeoutMs?: number;
  /** Retries of a call that failed for a passing reason, with jittered exponential back-off; default 4, 0: none. */
  readonly retries?: number;
}

/**
 * A client of the server at `url`: `http://` and `https://` speak REST, `grpc://` speaks gRPC. Several gateways of one
 * cluster, as a list or with commas between them: one that cannot be reached is passed over. Connects lazily.
 */
export function connect(url: string | readonly string[], options: ConnectOptions = {}): VectronClient {
  const urls = typeof url === 'string' ? url.split(',') : url;
  const clients = urls.map((one) => clientOf(one.trim(), options));
  if (clients.length === 0) throw VectronError.invalid('url', 'name at least one server');
  return retrying(clients.length === 1 ? clients[0] : firstReachable(clients), options.retries ?? 4);
}

function clientOf(url: string, { apiKey, timeoutMs = 30_000 }: ConnectOptions): VectronClient {
  const { protocol, host } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return restClient(`${protocol}//${host}`, apiKey, timeoutMs);
  if (protocol === 'grpc:') return grpcClient(host, apiKey, timeoutMs);
  throw VectronError.invalid('url', `cannot connect to ${protocol}//: use http://, https:// or grpc://`);
}

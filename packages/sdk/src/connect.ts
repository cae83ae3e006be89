import { VectronError } from '@vectron/errors';
import type { VectronClient } from './client.js';
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

/** A client of the server at `url`: `http://` and `https://` speak REST, `grpc://` speaks gRPC. Connects lazily. */
export function connect(url: string, options: ConnectOptions = {}): VectronClient {
  const { protocol, host } = new URL(url);
  const timeoutMs = options.timeoutMs ?? 30_000;
  const retries = options.retries ?? 4;
  if (protocol === 'http:' || protocol === 'https:') {
    return retrying(restClient(`${protocol}//${host}`, options.apiKey, timeoutMs), retries);
  }
  if (protocol === 'grpc:') return retrying(grpcClient(host, options.apiKey, timeoutMs), retries);
  throw VectronError.invalid('url', `cannot connect to ${protocol}//: use http://, https:// or grpc://`);
}

import { VectronError } from '@vectron/errors';
import { authoritiesIn } from './authorities.js';
import { connectBy, type TransportOptions } from './connecting.js';
import type { ServerAddress } from './server-address.js';
import type { Transport } from './transport.js';
import { transportOnDemand } from './transport-on-demand.js';
import { upsertOver } from './upsert-stream.js';

/** gRPC, with TLS for `grpcs://`; loaded by the first call. */
export function grpcTo({ host, secure }: ServerAddress, { apiKey, timeoutMs, ca }: TransportOptions): Transport {
  const authorities = !secure ? undefined : ca === undefined ? 'system' : authoritiesIn(ca);
  return transportOnDemand(async () => {
    const { grpcTransport } = await import('./grpc-transport.js');
    return grpcTransport(host, apiKey, timeoutMs, authorities);
  });
}

/** `connect` of `@vectron/sdk` for `grpc://` and `grpcs://` alone. Throws INVALID_ARGUMENT. */
export const connect = connectBy((address, options) => {
  if (address.wire === 'grpc') return grpcTo(address, options);
  throw VectronError.invalid(
    'url',
    'this entry point only supports gRPC: use grpc://, grpcs:// or import @vectron/sdk',
  );
}, upsertOver);

import { authoritiesIn } from './authorities.js';
import { grpcTo } from './connect-grpc.js';
import { type Connect, connectBy } from './connecting.js';
import { httpSend } from './http-send.js';
import { restTransport } from './rest-transport.js';
import { upsertOver } from './upsert-stream.js';

/**
 * Creates a client of the server at `url`: `http://` and `https://` use REST, `grpc://` and `grpcs://` (with TLS) use gRPC. A path is
 * kept over REST: `https://example.org/vectors` calls `/vectors/v1/...`. Several gateways of one cluster can be given as a list or
 * separated by commas; one that cannot be reached is skipped. Connects lazily. Throws INVALID_ARGUMENT for invalid options.
 */
export const connect: Connect = connectBy((address, options) => {
  if (address.wire === 'grpc') return grpcTo(address, options);
  const { apiKey, timeoutMs, ca, fetch } = options;
  const authorities = ca === undefined || !address.secure ? undefined : authoritiesIn(ca);
  const carrier = fetch === undefined ? httpSend(address.base, authorities) : { fetch };
  return restTransport(address.base, apiKey, timeoutMs, carrier);
}, upsertOver);

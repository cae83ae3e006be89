import { authoritiesIn } from './authorities.js';
import { grpcTo } from './connect-grpc.js';
import { type Connect, connectBy } from './connecting.js';
import { fetchTrusting } from './fetch-trusting.js';
import { restTransport } from './rest-transport.js';
import { upsertOver } from './upsert-stream.js';

/**
 * A client of the server at `url`: `http://` and `https://` speak REST, `grpc://` and `grpcs://` (with TLS) speak gRPC. A path of
 * REST is kept: `https://example.org/vectors` asks `/vectors/v1/...`. Several gateways of one cluster, as a list or with commas
 * between them: one that cannot be reached is passed over. Connects lazily. Throws INVALID_ARGUMENT.
 */
export const connect: Connect = connectBy((address, options) => {
  if (address.wire === 'grpc') return grpcTo(address, options);
  const { apiKey, timeoutMs, ca } = options;
  const fetch = options.fetch ?? (ca === undefined || !address.secure ? undefined : fetchTrusting(authoritiesIn(ca)));
  return restTransport(address.base, apiKey, timeoutMs, fetch);
}, upsertOver);

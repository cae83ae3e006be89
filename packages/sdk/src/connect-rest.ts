import { VectronError } from '@vectron/errors';
import { connectBy } from './connecting.js';
import { restTransport } from './rest-transport.js';

/**
 * `connect` of `@vectron/sdk` for `http://` and `https://` alone, in browsers and wherever there is `fetch`; it trusts the
 * authorities that the platform's `fetch` trusts. Throws INVALID_ARGUMENT.
 */
export const connect = connectBy(({ wire, base }, { apiKey, timeoutMs, ca, fetch }) => {
  if (wire !== 'rest') {
    throw VectronError.invalid(
      'url',
      'this entry point only supports REST: use http://, https:// or import @vectron/sdk',
    );
  }
  if (ca !== undefined) {
    throw VectronError.invalid(
      'ca',
      'this entry point uses the certificate authorities of fetch: pass another fetch, or import @vectron/sdk',
    );
  }
  return restTransport(base, apiKey, timeoutMs, { fetch });
});

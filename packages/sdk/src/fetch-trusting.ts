import { createSecureContext } from 'node:tls';
import { VectronError } from '@vectron/errors';
import { Agent, fetch } from 'undici';

/** A `fetch` that believes servers whose certificate is of the authorities in `ca` (PEM), and no others. */
export function fetchTrusting(ca: string): (request: Request) => Promise<Response> {
  try {
    createSecureContext({ ca });
  } catch (cause) {
    throw VectronError.invalid('ca', `ca holds no certificate in PEM: ${(cause as Error).message}`);
  }
  const dispatcher = new Agent({ connect: { ca } });
  return async (request) => {
    // The platform's Request is none of undici's, whatever they have in common.
    const { method, url, signal } = request;
    const body = request.body === null ? undefined : await request.text();
    const answer = await fetch(url, { method, body, signal, headers: [...request.headers], dispatcher });
    return answer as unknown as Response;
  };
}

import type { Dispatcher, fetch as Fetch } from 'undici';

/** A `fetch` that believes servers whose certificate is of the authorities in `ca` (PEM), and no others. */
export function fetchTrusting(ca: Buffer): (request: Request) => Promise<Response> {
  let loading: Promise<{ fetch: typeof Fetch; dispatcher: Dispatcher }> | undefined;
  const load = async () => {
    const { Agent, fetch } = await import('undici');
    return { fetch, dispatcher: new Agent({ connect: { ca } }) };
  };
  return async (request) => {
    loading ??= load();
    const { fetch, dispatcher } = await loading;
    // The platform's Request is none of undici's, whatever they have in common.
    const { method, url, signal } = request;
    const body = request.body === null ? undefined : await request.text();
    const answer = await fetch(url, { method, body, signal, headers: [...request.headers], dispatcher });
    return answer as unknown as Response;
  };
}

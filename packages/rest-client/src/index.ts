import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './generated/schema.js';

export type { components, paths };

/** Calls of the REST API whose paths, parameters, bodies and answers the compiler knows from the OpenAPI document. */
export type RestClient = Client<paths>;

/**
 * A client of the server at `url` (`http(s)://HOST:PORT`), with a login token, an SDK token or an API key. A call resolves
 * with `data` or `error`, a google.rpc.Status; it throws only when the server is not reached.
 */
export function createRestClient(url: string, token?: string): RestClient {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return createClient<paths>({ baseUrl: url, headers });
}

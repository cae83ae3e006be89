import { parseTrustedJson, stringifyJson } from '@vectron/model/exact-json';
import { type Answer, createRestClient, type RestClient } from '@vectron/rest-client';
import { watchedFetch } from './frame/connection';
import { session } from './session';

/** A request that is not answered for so long has failed; a call that may take longer says so itself. */
const TIMEOUT_MS = 30_000;
const json = { parse: parseTrustedJson, stringify: stringifyJson };

/** The gateway's REST API for the login of this tab; a login that has ended leads to the login page. */
export const api = createRestClient({
  url: '',
  token: () => session.token ?? undefined,
  json,
  fetch: send,
  timeoutMs: TIMEOUT_MS,
});

/** The same for answers that are plain text. */
export const textApi = createRestClient({
  url: '',
  token: () => session.token ?? undefined,
  json: { ...json, parse: (text) => text },
  fetch: send,
  timeoutMs: TIMEOUT_MS,
});

/** The same for a login that is not the one of this tab yet. */
export const apiOf = (token: string): RestClient =>
  createRestClient({ url: '', token, json, fetch: watchedFetch, timeoutMs: TIMEOUT_MS });

export type CollectionStatus = Answer<'get', '/v1/collections/{name}/status'>;
export type SearchAnswer = Answer<'post', '/v1/collections/{collection}/points/search'>;
export type User = NonNullable<Answer<'get', '/v1/user/profile'>['user']>;
export type Removal = Answer<'delete', '/v1/admin/users/{user_id}'>;

/** A token that has expired, as in a machine that slept, is renewed and the request sent again. */
async function send(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await watchedFetch(request);
  if (response.status !== 401 || session.token === null) return response;
  try {
    if (await session.renew()) {
      again.headers.set('authorization', `Bearer ${session.token}`);
      return await watchedFetch(again);
    }
  } catch {
    // Nobody knows whether the login has ended: the answer is the one to the request.
    return response;
  }
  session.end();
  return response;
}

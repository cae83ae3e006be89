import { parseTrustedJson, stringifyJson } from '@vectron/model/exact-json';
import { type Answer, createRestClient } from '@vectron/rest-client';

const TOKEN = 'vectron-token';
/** For this tab only: a closed tab is logged out. */
export const session = {
  get token(): string | null {
    return sessionStorage.getItem(TOKEN);
  },
  start(token: string): void {
    sessionStorage.setItem(TOKEN, token);
  },
  end(): void {
    sessionStorage.removeItem(TOKEN);
    window.location.assign('/console/login');
  },
};

/** The gateway's REST API; an expired session leads to the login page. */
export const api = createRestClient({
  url: '',
  token: () => session.token ?? undefined,
  json: { parse: parseTrustedJson, stringify: stringifyJson },
  async fetch(request) {
    const response = await fetch(request);
    if (response.status === 401 && session.token) session.end();
    return response;
  },
});

export type CollectionStatus = Answer<'get', '/v1/collections/{name}/status'>;
export type SearchAnswer = Answer<'post', '/v1/collections/{collection}/points/search'>;

/** A login token lives minutes: a new one is fetched while the console is open. */
export function keepSessionAlive(): () => void {
  const timer = setInterval(
    () => {
      if (!session.token) return;
      api.POST('/v1/auth/refresh', { body: {} }).then(
        ({ jwtToken }) => session.start(jwtToken),
        () => undefined,
      );
    },
    5 * 60 * 1000,
  );
  return () => clearInterval(timer);
}

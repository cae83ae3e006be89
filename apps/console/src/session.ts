import type { Answer } from '@vectron/rest-client';
import { placeAfterLogin } from './frame/place-after-login';

const TOKEN = 'vectron-token';
/** A token is renewed so long before it expires. */
const MARGIN_MS = 120_000;
const SHORTEST_MS = 30_000;

type Tokens = Pick<Answer<'post', '/v1/auth/refresh'>, 'jwtToken' | 'refreshToken' | 'expiresAt'>;

/** Good for weeks, so it is kept nowhere but here: a page that is loaded again goes on with its token until that expires. */
let refreshToken = '';
let renewal: Promise<boolean> | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The login of this tab: a closed tab has none. */
export const session = {
  get token(): string | null {
    return sessionStorage.getItem(TOKEN);
  },
  start(tokens: Tokens): void {
    sessionStorage.setItem(TOKEN, tokens.jwtToken);
    refreshToken = tokens.refreshToken;
    clearTimeout(timer);
    const restMs = Number(tokens.expiresAt) * 1_000 - Date.now();
    timer = setTimeout(() => void session.renew().catch(() => undefined), Math.max(SHORTEST_MS, restMs - MARGIN_MS));
  },
  /** New tokens for the refresh token, once for all who ask at a time. `false`: the login has ended. */
  renew(): Promise<boolean> {
    renewal ??= renewed().finally(() => {
      renewal = undefined;
    });
    return renewal;
  },
  /** Forgets a login that has ended, and leads to the login page, and after it back to the page that is open. */
  end(): void {
    const { pathname, search, hash } = window.location;
    session.forget(placeAfterLogin(`${pathname.replace(/^\/console/, '') || '/'}${search}${hash}`).to);
  },
  /** Forgets the login, and leads to the login page. `to`: the page after the next login. */
  forget(to?: string): void {
    clearTimeout(timer);
    refreshToken = '';
    sessionStorage.removeItem(TOKEN);
    window.location.assign(`/console/login${to === undefined ? '' : `?to=${encodeURIComponent(to)}`}`);
  },
};

/** Throws when the server does not say whether the login has ended. */
async function renewed(): Promise<boolean> {
  if (refreshToken === '') return false;
  const response = await fetch('/v1/auth/refresh', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken }),
  });
  if (response.status === 401) return false;
  if (!response.ok) throw new Error(`the login was not renewed: the server answered ${response.status}`);
  session.start((await response.json()) as Tokens);
  return true;
}

/**
 * The search parameter of the login page that says which page was asked for; none for the first page. Only a path of the
 * console is taken: an address of another site would have the login lead away.
 */
export function placeAfterLogin(to: unknown): { to?: string } {
  if (typeof to !== 'string' || !/^\/(?![/\\])/.test(to)) return {};
  return /^\/(?:login|register)?(?:[?#]|$)/.test(to) ? {} : { to };
}

import { escapeControls } from '@vectron/model';
import { type MethodContract, messageOf } from '@vectron/proto';

/** Fields that name what a request is about where its route and its collections do not. */
const NAMES = ['email', 'name', 'role', 'heir', 'apiKeyId', 'plan', 'from', 'to', 'tenantId'];
const MAX_VALUE = 128;
const MAX_TARGET = 512;
const MAX_VALUES = 16;
const MAX_COLLECTIONS = 4;
/** More of a text is not looked at. */
const LOOKED_AT = 1_024;

/** API keys, refresh tokens, invitations and tickets, with what is public of an API key; and JSON Web Tokens. */
const SECRETS =
  /\b(v[kirt]_)([A-Za-z0-9_-]{12})[A-Za-z0-9_-]+|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g;

const paths = new Map<MethodContract, readonly (readonly string[])[]>();

/**
 * What a request is about, for the audit log, the same on every wire: the fields of its route, the collections and aliases
 * that it names, and what else names a thing in it. Secrets in places of names are masked; no field that is write-only is
 * read. `request` may be undefined or hold only some of its fields: what was refused early was never read.
 */
export function targetOf(method: MethodContract, request: object | undefined): string {
  if (request === undefined) return '';
  const found = new Set<string>();
  for (const path of pathsOf(method)) {
    for (const value of valuesAt(request, path)) {
      if (value === '' || found.size >= MAX_VALUES) continue;
      // A password typed in the wrong place is no name.
      found.add(
        path[0] === 'email' && !value.includes('@') ? `(${value.length} characters, no e-mail address)` : value,
      );
    }
  }
  return [...found]
    .map((value) => printable(value))
    .join(' ')
    .slice(0, MAX_TARGET);
}

/** The collections that a request names, for the log of requests; of many the first ones. */
export function collectionsOf(method: MethodContract, request: object | undefined): string {
  if (request === undefined) return '';
  const names = new Set(method.scope.flatMap((path) => valuesAt(request, path.split('.'))));
  names.delete('');
  const shown = [...names].slice(0, MAX_COLLECTIONS).map((name) => printable(name));
  return names.size <= shown.length ? shown.join(' ') : `${shown.join(' ')} and ${names.size - shown.length} more`;
}

/** The request with nothing but the parameters of its route, as REST knows it before the body. */
export function fromRoute(method: MethodContract, parameters: Record<string, string>): object {
  const { fields } = messageOf(method.request);
  const known = fields.filter(({ name }) => parameters[name] !== undefined);
  return Object.fromEntries(known.map(({ name, json }) => [json, parameters[name]]));
}

/** Text of a stranger for a log: no secrets, no characters that a terminal acts on, not too long. */
export function printable(text: string, length = MAX_VALUE): string {
  // Masked before it is cut to size, so that no secret loses what it is known by.
  const clear = masked(text.slice(0, LOOKED_AT));
  const cut = clear.length <= length ? clear : `${clear.slice(0, length)}…`;
  return escapeControls(cut);
}

/** Secrets within a text replaced by as much of them as is public. */
export function masked(text: string): string {
  return text.replace(SECRETS, (_whole, prefix?: string, id?: string) => {
    if (prefix === 'vk_') return `vk_${id}_…`;
    return prefix === undefined ? '(a token)' : `${prefix}…`;
  });
}

function pathsOf(method: MethodContract): readonly (readonly string[])[] {
  const known = paths.get(method);
  if (known !== undefined) return known;
  const { fields } = messageOf(method.request);
  const jsonOf = (name: string) => fields.find((field) => field.name === name)?.json ?? name;
  const inRoutes = method.http.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => jsonOf(name)));
  const named = fields.filter(({ json, rest, type }) => type === 'string' && NAMES.includes(json) && !rest?.writeOnly);
  const all = [...inRoutes, ...method.scope, ...named.map(({ json }) => json)];
  const found = [...new Set(all)].map((path) => path.split('.'));
  paths.set(method, found);
  return found;
}

/** Strings and numbers at a path through messages and lists. */
function valuesAt(value: unknown, [field, ...rest]: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesAt(one, field === undefined ? [] : [field, ...rest]));
  if (field !== undefined) {
    return typeof value === 'object' && value !== null ? valuesAt((value as Record<string, unknown>)[field], rest) : [];
  }
  if (typeof value === 'string') return [value];
  return typeof value === 'number' && value !== 0 ? [String(value)] : [];
}

import { parseTrustedJson, stringifyJson } from '@vectron/model';
import { type HttpBinding, type MethodContract, methodOf } from '@vectron/proto';
import { createRestClient, type Json, type Send } from '@vectron/rest-client';
import { camel, fromJson, toJson, toQuery } from './rest-json.js';
import type { Transport } from './transport.js';

/** How bodies are written and read: integers of 64 bits in payloads and filters stay exact. */
const EXACT: Json = { stringify: stringifyJson, parse: parseTrustedJson };

/** What sends the requests, and is closed with the transport; default: the platform's `fetch`. */
export interface Carrier {
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly send?: Send;
  close?(): void;
}

/** REST at `url` (`http(s)://host:port`): each message as JSON, on the route that the contract gives its method. */
export function restTransport(
  url: string,
  apiKey: string | undefined,
  defaultMs: number,
  { fetch, send, close = () => {} }: Carrier = {},
): Transport {
  const rest = createRestClient({ url, token: apiKey, json: EXACT, fetch, send });
  return {
    async call({ path: method }, request, { waitMs = 0, timeoutMs = defaultMs + waitMs, signal } = {}) {
      const { request: name, response, http } = methodOf(method) as MethodContract;
      const fields = toJson(name, request);
      const { verb, path, body } = bindingOf(http, fields);
      const named: Record<string, unknown> = {};
      for (const parameter of parametersOf(path)) {
        named[parameter] = fields[camel(parameter)] ?? '';
        delete fields[camel(parameter)];
      }
      const others = body ? { body: fields } : { params: { path: named, query: toQuery(name, fields) } };
      const limits = { signal, timeoutMs };
      const answer = await rest.request(verb, path, { params: { path: named }, ...others, ...limits });
      return fromJson(response, answer) as never;
    },
    close,
  };
}

const parametersOf = (path: string): string[] => Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);

/**
 * The first route whose path can carry the fields: URLs resolve the segments `.` and `..`, encoded or not
 * (https://url.spec.whatwg.org/#double-dot-path-segment). Lists are asked for by the route that takes every field.
 */
function bindingOf(bindings: readonly HttpBinding[], fields: Record<string, unknown>): HttpBinding {
  const [first, ...others] = bindings;
  const resolved = parametersOf(first.path).some((name) => ['.', '..'].includes(String(fields[camel(name)])));
  const whole = others.find(({ body }) => body);
  if (whole === undefined) return first;
  return resolved || (first.verb === 'GET' && 'filter' in fields) || 'orderBy' in fields ? whole : first;
}

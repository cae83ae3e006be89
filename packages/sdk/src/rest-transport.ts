import { parseTrustedJson, stringifyJson } from '@vectron/model';
import { createRestClient, type Json } from '@vectron/rest-client';
import { answerOf, bodyOf } from './rest-json.js';
import { routeOf } from './rest-routes.js';
import type { Transport } from './transport.js';

/** How bodies are written and read: with integers beyond 2^53 as `bigint`. */
const JSON_TEXT: Json = {
  parse: (text) => parseTrustedJson(text, 'answer'),
  stringify: (value) => stringifyJson(value),
};

/** REST at `url` (`http(s)://host:port`): every message as its JSON form, on the route of its method. */
export function restTransport(url: string, apiKey: string | undefined, timeoutMs: number): Transport {
  const rest = createRestClient({ url, token: apiKey, json: JSON_TEXT });
  return {
    async call(method, request, { waitMs = 0, signal } = {}) {
      const { verb, path, answer } = routeOf(method);
      const fields = bodyOf(request);
      const named: Record<string, unknown> = {};
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
        const field = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        named[name] = fields[field];
        delete fields[field];
      }
      const init =
        verb === 'POST' || verb === 'PUT'
          ? { params: { path: named }, body: fields }
          : { params: { path: named, query: parametersOf(fields) } };
      const found = await rest.request(verb, path, { ...init, signal, timeoutMs: timeoutMs + waitMs });
      return answer.fromJSON(answerOf(found));
    },
    close() {},
  };
}

/** Fields of a request without a body, `a.b` for those of the messages in it. */
function parametersOf(fields: Readonly<Record<string, unknown>>, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(parametersOf(value as Record<string, unknown>, `${prefix}${name}.`))
        : [[prefix + name, value]],
    ),
  );
}

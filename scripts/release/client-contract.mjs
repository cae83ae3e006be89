// The contract (packages/proto/src/generated/contract.ts) as a client needs it, in a form that is short when it is compressed:
// what a server alone reads is left out, and what follows from the rest is made when the module is loaded.
import { CONTRACT } from '@vectron/proto';

const snake = (json) => json.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Of a field, what most of them have. */
const usualType = ({ ref }) => (ref === undefined ? 'string' : 'message');
/** Of a method of a service, what most of them have. */
const usual = (service, name) => {
  const message = service.replace(/[^.]*$/, name);
  return { path: `/${service}/${name}`, request: `${message}Request`, response: `${message}Response` };
};

/** Whether a call of this verb has a body, mostly. */
const usualBody = (verb) => /^P/.test(verb);

/** Those of `all` that `names` lead to, through their fields. */
function reached(all, names) {
  const known = new Set();
  const look = (name) => {
    if (known.has(name) || !Object.hasOwn(all, name)) return;
    known.add(name);
    for (const { ref } of all[name].fields) if (ref !== undefined) look(ref);
  };
  for (const name of names) look(name);
  const kept = Object.entries(all).filter(([name]) => known.has(name));
  return Object.fromEntries(
    kept.map(([name, message]) => [name, name.startsWith(CHECKED) ? message : unchecked(message)]),
  );
}

/** Messages that a client checks before it sends them (packages/sdk/src/requests.ts); rules of the others are for servers to read. */
const CHECKED = 'vectron.v1.';
const unchecked = ({ fields, ...message }) => ({ ...message, fields: fields.map(({ rules: _, ...field }) => field) });

/** Methods with routes that packages/sdk does not call: probes, metrics, and what services and the console ask. */
export const NOT_CALLED = new Set([
  ...['GetLiveness', 'GetReadiness', 'GetMetrics', 'GetJwks'],
  ...['UpdateUserProfile', 'ValidateAPIKey', 'CreateSDKJWT'],
]);

/** What a client over REST reads of the contract: the methods that have routes and are called, and their messages. */
export function clientContract({ services, messages, enums } = CONTRACT) {
  const routes = (http) => http.map(({ verb, path, body }) => ({ verb, path, body }));
  const method = ({ name, path, request, response, http }) => ({ name, path, request, response, http: routes(http) });
  const routed = (methods) => methods.filter(({ name, http }) => http.length > 0 && !NOT_CALLED.has(name)).map(method);
  const entries = Object.entries(services).map(([service, methods]) => [service, routed(methods)]);
  const named = entries.flatMap(([, methods]) => methods.flatMap(({ request, response }) => [request, response]));
  return { services: Object.fromEntries(entries), messages: reached(messages, named), enums };
}

/** The text of a module that exports `contract` as CONTRACT. */
export function contractModule(contract = clientContract()) {
  const short = structuredClone(contract);
  for (const { fields } of Object.values(short.messages)) {
    for (const field of fields) {
      if (field.name === snake(field.json)) delete field.name;
      if (field.type === usualType(field)) delete field.type;
    }
  }
  for (const [service, methods] of Object.entries(short.services)) {
    for (const method of methods) {
      for (const [key, value] of Object.entries(usual(service, method.name)))
        if (method[key] === value) delete method[key];
      for (const route of method.http) if (route.body === usualBody(route.verb)) delete route.body;
    }
  }
  for (const [name, message] of Object.entries(short.messages))
    if (Object.keys(message).length === 1) short.messages[name] = message.fields;
  return `const snake = ${snake.toString()};
const usual = ${usual.toString()};
const usualType = ${usualType.toString()};
const usualBody = ${usualBody.toString()};
const C = ${JSON.stringify(short)};
for (const [name, message] of Object.entries(C.messages)) {
  if (Array.isArray(message)) C.messages[name] = { fields: message };
}
for (const { fields } of Object.values(C.messages)) {
  for (const field of fields) Object.assign(field, { name: snake(field.json), type: usualType(field), ...field });
}
for (const [service, methods] of Object.entries(C.services)) {
  for (const method of methods) {
    Object.assign(method, { ...usual(service, method.name), ...method });
    for (const route of method.http) route.body ??= usualBody(route.verb);
  }
}
export const CONTRACT = C;
`;
}

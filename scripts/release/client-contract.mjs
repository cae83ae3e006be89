// The contract (packages/proto/src/generated/contract.ts) as a client needs it, in a form that is short when it is compressed:
// what a server alone reads is left out, and what follows from the rest is made when the module is loaded.
import { CONTRACT } from '@vectron/proto';

const snake = (json) => json.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Of a method of a service, what most of them have. */
const usual = (service, name) => {
  const message = service.replace(/[^.]*$/, name);
  return { path: `/${service}/${name}`, request: `${message}Request`, response: `${message}Response` };
};

/** What a client reads of the contract. */
export function clientContract({ services, messages, enums } = CONTRACT) {
  const routes = (http) => http.map(({ verb, path, body }) => ({ verb, path, body }));
  const method = ({ name, path, request, response, http }) => ({ name, path, request, response, http: routes(http) });
  const entries = Object.entries(services).map(([service, methods]) => [service, methods.map(method)]);
  return { services: Object.fromEntries(entries), messages, enums };
}

/** The text of a module that exports `contract` as CONTRACT. */
export function contractModule(contract = clientContract()) {
  const short = structuredClone(contract);
  for (const { fields } of Object.values(short.messages)) {
    for (const field of fields) {
      if (field.name === snake(field.json)) delete field.name;
      if (field.type === 'string') delete field.type;
    }
  }
  for (const [service, methods] of Object.entries(short.services)) {
    for (const method of methods) {
      for (const [key, value] of Object.entries(usual(service, method.name)))
        if (method[key] === value) delete method[key];
    }
  }
  return `const snake = ${snake.toString()};
const usual = ${usual.toString()};
const C = ${JSON.stringify(short)};
for (const { fields } of Object.values(C.messages)) {
  for (const field of fields) Object.assign(field, { name: snake(field.json), type: 'string', ...field });
}
for (const [service, methods] of Object.entries(C.services)) {
  for (const method of methods) Object.assign(method, { ...usual(service, method.name), ...method });
}
export const CONTRACT = C;
`;
}

// The contract (packages/proto/src/generated/contract.ts) as a client needs it, in a form that is short when it is compressed:
// what a server alone reads is left out, and names that follow from others are made when the module is loaded.
import { CONTRACT } from '@vectron/proto';

const snake = (json) => json.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

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
    for (const field of fields) if (field.name === snake(field.json)) delete field.name;
  }
  return `const snake = ${snake.toString()};
export const CONTRACT = ${JSON.stringify(short)};
for (const { fields } of Object.values(CONTRACT.messages)) for (const field of fields) field.name ??= snake(field.json);
`;
}

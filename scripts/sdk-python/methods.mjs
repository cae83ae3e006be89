import { constantOf, quoted } from './python.mjs';

/** Methods that clients call, by name, as Python. */
export function methodsSource({ services, messages }) {
  const methods = Object.values(services)
    .flat()
    .filter(
      ({ access, http, name, response }) =>
        access !== 'internal' && !response.startsWith('google.') && (http.length > 0 || name === 'UpsertStream'),
    );
  const lines = methods.map(({ name, path, request, response, http }) => {
    const routes = http.map(
      ({ verb, path: at, body }) => `Route(${quoted(verb)}, ${quoted(at)}, ${body ? 'True' : 'False'})`,
    );
    const named = messages[request].fields.some(({ ref }) => ref === 'vectron.v1.WriteOrigin');
    const tuple = `(${routes.join(', ')}${routes.length === 1 ? ',' : ''})`;
    const types = [path, request, response].map((one) => `    ${quoted(one)},\n`).join('');
    return `${constantOf(name)} = Method(\n${types}    ${tuple},\n    named=${named ? 'True' : 'False'},\n)\n`;
  });
  return `"""Methods of the public services and their routes. Made from proto/ by scripts/sdk-python-protos.mjs."""

from typing import NamedTuple


class Route(NamedTuple):
    """One way to a method over REST; \`body\`: the request is the JSON body."""

    verb: str
    path: str
    body: bool


class Method(NamedTuple):
    """\`path\` on gRPC, full names of its messages, and its routes; \`named\`: its requests carry a WriteOrigin."""

    path: str
    request: str
    response: str
    routes: tuple[Route, ...]
    named: bool


${lines.join('')}`;
}

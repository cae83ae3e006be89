import { ERROR_CODES } from '@vectron/errors';
import { z } from 'zod';
import { type RestRoute, ROUTES } from './rest-route.js';

/** The REST API as OpenAPI 3.1, from the routes' own declarations and schemas. */
export function openApiDocument() {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    const path = `/${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vectron',
      version: '0.1.0',
      description:
        'A distributed vector database. Field names are accepted in camelCase and snake_case. SearchStream is a WebSocket at /v1/collections/{collection}/points/search/stream: each message is a search body, the answers come as shards answer.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: ['Collections', 'Points', 'Search', 'Account', 'API keys', 'Cluster', 'System'].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'a login token, an SDK token or an API key' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      schemas: {
        Error: {
          type: 'object',
          description: `google.rpc.Status; the ErrorInfo detail's reason is one of ${Object.keys(ERROR_CODES).join(', ')}`,
          required: ['code', 'message', 'details'],
          properties: {
            code: { type: 'integer' },
            message: { type: 'string' },
            details: { type: 'array', items: { type: 'object', additionalProperties: true } },
          },
        },
      },
      responses: {
        Error: {
          description: 'The call failed.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
    },
  };
}

const PATH_EXAMPLES: Record<string, string> = {
  name: 'papers',
  collection: 'papers',
  id: 'mail-1',
  key_prefix: 'vk_AbCdEfGhIjKl',
  rule: 'disk',
};

function operation(route: RestRoute) {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    example: PATH_EXAMPLES[name] ?? '1',
  }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, description]) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'string' },
  }));
  const media = typeof route.answer === 'string' ? 'text/plain' : 'application/json';
  return {
    operationId: route.operationId,
    summary: route.summary,
    description: `${route.summary}. ${route.open ? 'Needs no token.' : 'Takes a login token, an SDK token or an API key.'}`,
    tags: [route.tag],
    ...(route.open ? { security: [] } : {}),
    ...(inPath.length + inQuery.length > 0 ? { parameters: [...inPath, ...inQuery] } : {}),
    ...(route.body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(route.body), ...exampleOf(route) } },
          },
        }
      : {}),
    responses: {
      200: { description: 'OK', content: { [media]: { schema: exampleSchema(route.answer), example: route.answer } } },
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

const exampleOf = ({ example }: RestRoute) => (example === undefined ? {} : { example });

function jsonSchema(schema: z.ZodType) {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'any',
  });
  return plain;
}

/** The shape of an example answer. */
function exampleSchema(example: unknown): unknown {
  if (example === null) return {};
  if (Array.isArray(example)) return { type: 'array', items: example.length > 0 ? exampleSchema(example[0]) : {} };
  if (typeof example !== 'object') return { type: typeof example };
  const properties = Object.entries(example).map(([name, value]) => [name, exampleSchema(value)]);
  return { type: 'object', properties: Object.fromEntries(properties) };
}

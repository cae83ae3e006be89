// The OpenAPI 3.1 document of the REST API, from the descriptors of proto/ and their options.
import { execFileSync } from 'node:child_process';
import { ERROR_CODES } from '../packages/errors/dist/index.js';
import { queryParameters } from '../packages/model/dist/index.js';
import { contractOf, optionOf, registryOf } from './contract.mjs';
import { isRequired, Schemas } from './openapi-schemas.mjs';

const TAGS = {
  Collections: 'Collections of the tenant, with their indexes and aliases.',
  Points: 'Points of a collection: write, read, list, change, count and delete them.',
  Search: 'Search for nearest neighbours, for words, or for both.',
  Account: "Logins, tokens and the caller's account.",
  'API keys': 'API keys of an account.',
  Accounts: 'Accounts of a team: invitations and administration.',
  Cluster: 'Placement of shards on workers, and its changes. Only for administrators.',
  System: 'Health, totals, alerts, audit log and metrics.',
};
const ACCESS = {
  public: 'Requires no token.',
  token: 'Requires a login token, an SDK token or an API key of any role.',
  read: 'Requires a token with the role read, write or admin.',
  write: 'Requires a token with the role write or admin.',
  login: 'Requires a login token, or an API key with the role admin.',
  metrics: 'Requires a token with the role metrics or admin.',
  admin: 'Requires a token with the role admin.',
};
const OWN_KEY = ' An API key of any other role can only name itself.';
const EXAMPLE_DEPTH = 5;

/** Needs packages/model and packages/errors built. */
export function openApiDocument() {
  const build = ['build', '--as-file-descriptor-set', '-o', '-#format=binpb'];
  const set = execFileSync('node_modules/.bin/buf', build, { maxBuffer: 1 << 26 });
  const registry = registryOf(set);
  const contract = contractOf(registry);
  const schemas = new Schemas(registry, contract);
  const methods = Object.entries(contract.services).flatMap(([service, all]) =>
    all
      .filter(({ http, access }) => http.length > 0 && access !== 'internal')
      .map((method) => ({ service, ...method })),
  );
  for (const { request, response } of methods) {
    schemas.asks(request);
    schemas.answers(response);
  }
  const paths = {};
  for (const method of methods) {
    for (const binding of method.http) {
      paths[binding.path] ??= {};
      paths[binding.path][binding.verb.toLowerCase()] = operation(registry, contract, schemas, method, binding);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vectron',
      version: '0.1.0',
      description:
        'A distributed vector database. Bodies follow the proto3 JSON mapping: field names are accepted in lowerCamelCase and snake_case, 64-bit integers are returned as strings and accepted as strings or numbers, and bytes are base64. SearchStream is a WebSocket at /v1/collections/{collection}/points/search/stream: each message is the body of a search, and the server sends an answer after each batch of shards that has answered.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: '{scheme}://{address}',
        description: 'A Vectron server.',
        variables: {
          scheme: { default: 'http', enum: ['http', 'https'] },
          address: { default: '127.0.0.1:8080', description: 'Host and port of the REST listener.' },
        },
      },
    ],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A login token, an SDK token or an API key.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'An API key.' },
      },
      schemas: { ...schemas.all(), ...ERROR_SCHEMAS },
      responses: errorResponses(),
    },
  };
}

function operation(registry, contract, schemas, method, binding) {
  const desc = registry.getService(method.service).methods.find(({ name }) => name === method.name);
  const about = schemas.describe(desc);
  if (about === '') throw new Error(`${method.path} has no comment`);
  const summary = /^.*?[.](?=\s|$)/s.exec(about)?.[0].slice(0, -1) ?? about;
  const inPath = [...binding.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = parametersOf(registry, contract, schemas, method, binding, inPath);
  return {
    operationId: binding.operation,
    summary,
    description: `${about}\n\n${ACCESS[method.access]}${method.ownKey ? OWN_KEY : ''}`,
    tags: [method.tag],
    ...(method.access === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(binding.body ? { requestBody: bodyOf(registry, contract, schemas, method, inPath) } : {}),
    responses: {
      200: { description: 'The call succeeded.', content: answerOf(registry, contract, schemas, method) },
      ...Object.fromEntries(statusesOf(method, binding).map((status) => [status, responseRef(status)])),
      default: { $ref: '#/components/responses/Error' },
    },
  };
}

function parametersOf(registry, contract, schemas, method, binding, inPath) {
  const { fields } = contract.messages[method.request];
  const examples = registry.getMessage(method.request);
  const path = inPath.map((name) => {
    const field = fields.find((one) => one.name === name);
    const description = schemas.descriptionOf(method.request, field) || `The ${name.replaceAll('_', ' ')}.`;
    const example = exampleOption(registry, examples, field) ?? (field.type === 'string' ? '1' : 1);
    return { name, in: 'path', required: true, description, schema: schemas.parameter(field), example };
  });
  if (binding.body) return path;
  const query = new Map();
  for (const [spelling, parameter] of queryParameters(method.request)) {
    if (parameter.within.length === 0 && inPath.includes(parameter.field.name)) continue;
    const known = query.get(parameter.field);
    // The shortest name in lowerCamelCase; the others are accepted, too.
    if (
      spelling.includes('_') ||
      (known !== undefined && known.spelling.split('.').length <= spelling.split('.').length)
    ) {
      continue;
    }
    query.set(parameter.field, { spelling, within: parameter.within });
  }
  const inQuery = [...query].map(([field, { spelling, within }]) => {
    const owner = within.at(-1)?.ref ?? method.request;
    const json = field.type === 'message';
    const about = schemas.descriptionOf(owner, field);
    const description = `${about}${json ? ' As JSON text.' : ''}`.trim() || `The ${field.name.replaceAll('_', ' ')}.`;
    const schema = json ? { type: 'string' } : schemas.parameter(field);
    return { name: spelling, in: 'query', required: isRequired(field) && within.length === 0, description, schema };
  });
  return [...path, ...inQuery];
}

function bodyOf(registry, contract, schemas, method, inPath) {
  const fields = contract.messages[method.request].fields.filter(
    ({ name, rest }) => !inPath.includes(name) && !rest?.hidden,
  );
  const desc = registry.getMessage(method.request);
  const example = {};
  for (const field of fields) {
    const value = exampleOption(registry, desc, field);
    if (value !== undefined) example[field.json] = value;
  }
  const schema = schemas.body(method.name, method.request, inPath);
  return {
    // Who sends a body that may be empty sends {}.
    required: fields.some(isRequired) || Object.keys(example).length > 0,
    content: { 'application/json': { schema, example } },
  };
}

function answerOf(registry, contract, schemas, { response }) {
  if (response === 'google.api.HttpBody') return { 'text/plain': { schema: { type: 'string' }, example: '# HELP' } };
  const example = exampleAnswer(registry, contract, response, EXAMPLE_DEPTH);
  return { 'application/json': { schema: schemas.message(response), example } };
}

function exampleOption(registry, desc, field) {
  const one = desc.fields.find(({ name }) => name === field.name);
  const text = optionOf(registry, one, 'vectron.options.v1.rest')?.example;
  return text === undefined ? undefined : JSON.parse(text);
}

/** What an answer looks like: declared examples, otherwise defaults. */
function exampleAnswer(registry, contract, name, depth) {
  const { form, fields } = contract.messages[name];
  if (form === 'vector') return [0.1, 0.2];
  const desc = registry.getMessage(name);
  const answer = {};
  for (const field of fields) {
    const { rest = {}, type, list, key, optional, ref } = field;
    if (rest.hidden || rest.writeOnly) continue;
    const declared = exampleOption(registry, desc, field);
    if (declared !== undefined) answer[field.json] = declared;
    else if (optional || rest.omitEmpty) continue;
    else if (key !== undefined) answer[field.json] = {};
    else if (type === 'message') {
      if (ref.startsWith('google.') || (depth === 0 && !list)) continue;
      const one = depth === 0 ? undefined : exampleAnswer(registry, contract, ref, depth - 1);
      if (list) answer[field.json] = one === undefined ? [] : [one];
      else answer[field.json] = one;
    } else if (list) answer[field.json] = [];
    else answer[field.json] = defaultExample(contract, field);
  }
  return answer;
}

function defaultExample(contract, { type, ref, rules }) {
  if (type === 'enum') return Object.keys(contract.enums[ref])[0];
  if (type === 'string' || type === 'bytes') return '';
  if (type === 'bool') return false;
  return /64$/.test(type) ? '0' : (rules?.gte ?? 0);
}

/** Statuses that a call may end with, besides 200. */
function statusesOf({ access, scope, name }, { verb, body, path }) {
  const changes = verb !== 'GET' && !['Search', 'Query', 'QueryBatch', 'CountPoints', 'FacetPoints'].includes(name);
  return [
    400,
    ...(access === 'public' ? [] : [401]),
    ...(['write', 'login', 'admin'].includes(access) ? [403] : []),
    ...(scope.length > 0 || path.includes('{') ? [404] : []),
    ...(changes ? [409] : []),
    ...(['ListChanges', 'ListPoints'].includes(name) ? [410] : []),
    ...(changes && access === 'write' ? [412] : []),
    ...(body ? [413, 415] : []),
    ...[429, 500, 503, 504],
  ];
}

const responseRef = (status) => ({ $ref: `#/components/responses/Status${status}` });

const REASONS = Object.keys(ERROR_CODES).join(', ');
const ERROR_SCHEMAS = {
  Status: {
    type: 'object',
    description: 'A google.rpc.Status, which describes the failure of a call.',
    required: ['code', 'message', 'details'],
    properties: {
      code: { type: 'integer', format: 'int32', description: 'Number of the gRPC status code.' },
      message: { type: 'string', description: 'A message that says what is wrong, where, and what to do.' },
      details: { type: 'array', items: { $ref: '#/components/schemas/StatusDetail' } },
    },
  },
  StatusDetail: {
    type: 'object',
    description: 'A google.rpc.ErrorInfo, which is always present; or a google.rpc.BadRequest.',
    required: ['@type'],
    properties: {
      '@type': { type: 'string' },
      reason: { type: 'string', description: `For an ErrorInfo: the stable code of the error, one of ${REASONS}.` },
      domain: { type: 'string' },
      metadata: { type: 'object', additionalProperties: { type: 'string' } },
      fieldViolations: {
        type: 'array',
        description: 'For a BadRequest: the invalid fields.',
        items: { $ref: '#/components/schemas/FieldViolation' },
      },
    },
  },
  FieldViolation: {
    type: 'object',
    required: ['field', 'description'],
    properties: { field: { type: 'string' }, description: { type: 'string' } },
  },
};

function errorResponses() {
  const media = (example) => ({
    'application/json': { schema: { $ref: '#/components/schemas/Status' }, ...(example ? { example } : {}) },
  });
  // 405, 499 and 501 are answered by the frame, not by an operation: they are among the others.
  const known = Object.values(ERROR_CODES).map(({ http }) => http);
  const statuses = [...new Set(known)].filter((http) => ![405, 499, 501].includes(http)).sort((a, b) => a - b);
  const responses = { Error: { description: 'The call failed.', content: media() } };
  for (const status of statuses) {
    const reasons = Object.keys(ERROR_CODES).filter((code) => ERROR_CODES[code].http === status);
    const detail = {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: reasons[0],
      domain: 'vectron',
      metadata: {},
    };
    responses[`Status${status}`] = {
      description: `The call failed: ${reasons.join(', ')}.`,
      content: media({ code: 0, message: 'what is wrong, where, and what to do', details: [detail] }),
    };
  }
  return responses;
}

import { VectronError } from '@vectron/errors';
import { type Message, newMessage, readMessage, readQuery, textValue, writeMessage } from '@vectron/model';
import { CONTRACT, type HttpBinding, type HttpBody, type MethodContract, messageOf } from '@vectron/proto';
import type { CallContext } from '@vectron/rpc';
import type { FastifyInstance, FastifyReply, HTTPMethods, RouteShorthandOptions } from 'fastify';
import { whileAllowed } from '../../edge/hold.js';
import { checkRequest } from '../../edge/policy.js';
import { type AuthenticatedRequest, RestContext } from './rest-context.js';

/** A method of a gRPC controller. */
export type Call = (request: never, context: CallContext) => Promise<unknown>;
/** What serves a method over REST: a gRPC method, or its own way to the text of the answer. */
export interface Served {
  readonly call: Call;
  /** JSON text of what `call` gives; missing: by the contract. */
  readonly write?: (answer: never) => string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const VERBS: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];

/**
 * Registers a route for every google.api.http binding of the services: the message is built from path, query and body by
 * the proto3 JSON mapping (https://google.aip.dev/127), checked, given to the method that gRPC calls too, and its answer
 * is written by the same mapping. `serving` has the method at each gRPC path; `maxBody` bytes are the longest body where the
 * proto names no smaller one.
 */
export function transcode(
  fastify: FastifyInstance,
  services: readonly string[],
  serving: (path: string) => Served,
  maxBody: number,
): void {
  const verbs = new Map<string, Set<string>>();
  for (const method of services.flatMap((name) => CONTRACT.services[name])) {
    for (const binding of method.http) {
      const url = routeOf(binding.path);
      // Not for clients: what is there for services of the cluster is no different from what is not there.
      if (method.access === 'internal') {
        fastify.all(url, async () => {
          throw new VectronError('NOT_FOUND', 'there is no such path; see /docs for all paths');
        });
        continue;
      }
      verbs.set(url, (verbs.get(url) ?? new Set()).add(binding.verb));
      const read = readerOf(method, binding);
      const options: RouteShorthandOptions = {
        config: { contract: method, read },
        bodyLimit: Math.min(method.maxBody ?? maxBody, maxBody),
      };
      fastify.route({
        method: binding.verb,
        url,
        ...options,
        exposeHeadRoute: binding.verb === 'GET',
        handler: handlerOf(method, read, serving(method.path)),
      });
    }
  }
  for (const [url, known] of verbs) refuseOthers(fastify, url, known);
}

/** `/v1/keys/{key_prefix}` as Fastify writes it, which takes one colon for the start of a parameter. */
const routeOf = (path: string) => path.replaceAll(':', '::').replace(/\{(\w+)\}/g, ':$1');

function readerOf(method: MethodContract, binding: HttpBinding): (request: AuthenticatedRequest) => Message {
  const { request: requestName } = method;
  const fields = new Map(messageOf(requestName).fields.map((field) => [field.name, field]));
  const inPath = [...binding.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`${method.path}: ${requestName} has no field ${name}`);
    return field;
  });
  return (request) => {
    const message =
      binding.body && request.body !== undefined ? readMessage(requestName, request.body) : newMessage(requestName);
    if (!binding.body && request.body !== undefined) {
      throw VectronError.invalid('body', `${binding.verb} ${binding.path} accepts no body; omit it`);
    }
    const start = request.url.indexOf('?');
    const query = start === -1 ? '' : request.url.slice(start + 1);
    if (query !== '') {
      if (binding.body) throw unknownParameter(query);
      readQuery(requestName, message, parametersOf(query));
    }
    for (const field of inPath) {
      const value = textValue(field, (request.params as Record<string, string>)[field.name], field.name);
      const sent = message[field.json];
      if (sent !== value && sent !== '' && sent !== 0 && sent !== 0n) {
        throw VectronError.invalid(
          field.name,
          `${field.name} differs between the path and the request; omit it from the request`,
        );
      }
      message[field.json] = value;
    }
    return message;
  };
}

function handlerOf(method: MethodContract, read: (request: AuthenticatedRequest) => Message, { call, write }: Served) {
  const { response: responseName } = method;
  return async (request: AuthenticatedRequest, reply: FastifyReply): Promise<unknown> => {
    const message = (request.message as Message | undefined) ?? read(request);
    request.message = message;
    checkRequest(method, message, request.principal);
    const answer = await whileAllowed(method, request.hold, () =>
      call(message as never, new RestContext(request, reply)),
    );
    if (responseName === 'google.api.HttpBody') return sendRaw(reply, answer as HttpBody);
    reply.header('content-type', JSON_TYPE);
    return write === undefined ? writeMessage(responseName, answer as Message) : write(answer as never);
  };
}

/** URLSearchParams puts U+FFFD in the place of bytes that are no UTF-8; here they are refused, as in paths. */
function parametersOf(query: string): URLSearchParams {
  try {
    decodeURIComponent(query);
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', 'the query string must be percent-encoded UTF-8', { cause });
  }
  return new URLSearchParams(query);
}

function unknownParameter(query: string): VectronError {
  const [name] = new URLSearchParams(query).keys();
  return VectronError.invalid(name, `unknown query parameter ${name}: the fields of this call are in its body`);
}

function sendRaw(reply: FastifyReply, { contentType, data }: HttpBody): FastifyReply {
  return reply.header('content-type', contentType).send(data);
}

/** Other verbs of a path that there is: 405 with Allow, and OPTIONS tells the same (RFC 9110, 15.5.6 and 9.3.7). */
function refuseOthers(fastify: FastifyInstance, url: string, known: ReadonlySet<string>): void {
  const allow = [...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  fastify.route({
    method: 'OPTIONS',
    url,
    handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
  });
  fastify.route({
    method: [...VERBS.filter((verb) => !known.has(verb as string)), ...(known.has('GET') ? [] : ['HEAD'])],
    url,
    // The body is of no use to anybody.
    onRequest: async (request, reply) => {
      reply.header('allow', allow);
      throw new VectronError(
        'METHOD_NOT_ALLOWED',
        `the path does not accept the method ${request.method}; use ${allow}`,
      );
    },
    handler: () => undefined,
  });
}

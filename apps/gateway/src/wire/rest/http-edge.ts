import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server as TlsServer } from 'node:tls';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkAccess } from '@vectron/model';
import { inSpan, isTracing, type Logger, outgoingTrace, type requestMeter } from '@vectron/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { fromRoute, targetOf } from '../../edge/audit-target.js';
import type { Edge } from '../../edge/edge.js';
import { logFault, sendError } from './http-error.filter.js';
import { codeOf } from './reply-code.js';
import type { AuthenticatedRequest } from './rest-context.js';
import { tokenOf } from './tokens.js';

const WATCH_MS = 1_000;

/**
 * Who calls, whether there is room, and what became of it: decided by the route that matched and before the body is read,
 * so that what is refused costs as little as it can.
 */
export function guardRequests(
  fastify: FastifyInstance,
  edge: Edge,
  measure: ReturnType<typeof requestMeter>,
  logger: Logger,
): void {
  const releases = new WeakMap<FastifyRequest, () => void>();
  fastify.addHook('onRequest', async (request: AuthenticatedRequest, reply) => {
    const { contract } = request.routeOptions.config;
    // Pages, and what matched nothing: neither has anything to say about anybody.
    if (contract === undefined) return;
    // Tokens, keys, and what is nobody's business: no cache keeps any answer.
    reply.header('cache-control', 'no-store');
    if (contract.access === 'public') return;
    try {
      const entered = edge.enter(tokenOf(request.headers));
      const principal = entered instanceof Promise ? await entered : entered;
      request.principal = principal;
      checkAccess(contract, principal);
      const release = edge.admit(contract, principal);
      const hold = edge.hold(principal);
      request.hold = hold;
      releases.set(request, () => {
        hold.release();
        release();
      });
      // Whose body is still coming when the token is revoked is told so now; what has begun answers for itself.
      hold.signal.addEventListener('abort', () => {
        if (request.raw.complete || reply.sent || hold.refusal === undefined) return;
        reply.header('connection', 'close');
        sendError(reply, hold.refusal);
      });
    } catch (error) {
      // A body that is still coming is not worth waiting for.
      const known = toVectronError(error);
      logFault(logger, known, request);
      sendError(reply, known);
      return reply;
    }
  });
  fastify.addHook('onRequestAbort', async (request) => releases.get(request)?.());
  fastify.addHook('onResponse', async (request: AuthenticatedRequest, reply) => {
    releases.get(request)?.();
    const { contract } = request.routeOptions.config;
    const code = codeOf(reply);
    measure(
      contract?.name ?? `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
      code,
      reply.elapsedTime / 1000,
    );
    if (contract === undefined) return;
    const { principal, ip: address, id: requestId, message, params } = request;
    const target = () => targetOf(contract, message ?? fromRoute(contract, (params ?? {}) as Record<string, string>));
    edge.leave(contract, code, { principal, address, target, requestId });
  });
}

/** Lets pages of these origins, and no others, call the API (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  if (origins.includes('*')) throw VectronError.invalid('origins', 'name the origins: * would be every page there is');
  const allowed = new Set(origins);
  fastify.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) return;
    reply.header('access-control-allow-origin', origin).header('vary', 'origin');
    if (request.method !== 'OPTIONS') return;
    // A page asks before the real request: what any route takes is fine, the request itself is judged on its own.
    reply
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', 'authorization, content-type, x-api-key, traceparent, tracestate')
      .header('access-control-max-age', '600');
    return reply.code(204).send();
  });
}

/** Continues the caller's W3C trace context, and names the trace in the answer. */
export function traceRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!isTracing()) return done();
    const { traceparent, tracestate } = request.headers as Record<string, string | undefined>;
    const route = request.routeOptions.url ?? 'unknown';
    const ended = new Promise<void>((resolve) => reply.raw.once('close', resolve));
    const attributes = { 'http.request.method': request.method, 'http.route': route };
    const work = () => {
      for (const [name, value] of Object.entries(outgoingTrace())) if (value !== undefined) reply.header(name, value);
      // What comes after this hook runs within the span.
      done();
      return ended;
    };
    void inSpan(`${request.method} ${route}`, attributes, work, { traceparent, tracestate });
  });
}

/** New handshakes use what the files hold now; returns what stops looking. */
export function reloadCertificate(
  server: TlsServer,
  files: { readonly certificate: string; readonly key: string },
  logger: Logger,
): () => void {
  const load = () => {
    try {
      server.setSecureContext({ cert: readFileSync(files.certificate), key: readFileSync(files.key) });
      logger.info({ file: files.certificate }, 'the certificate was read again');
    } catch (err) {
      logger.error({ err, file: files.certificate }, 'the new certificate cannot be used; the old one stays');
    }
  };
  const watched = [files.certificate, files.key];
  for (const file of watched) watchFile(file, { interval: WATCH_MS, persistent: false }, load);
  return () => {
    for (const file of watched) unwatchFile(file, load);
  };
}

import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server as TlsServer } from 'node:tls';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkAccess } from '@vectron/model';
import { inSpan, isTracing, type Logger, outgoingTrace, type requestMeter } from '@vectron/observability';
import type { Arrivals } from '@vectron/rpc';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fromRoute, targetOf } from '../../edge/audit-target.js';
import { addressOfRequest } from '../../edge/client-address.js';
import type { Edge } from '../../edge/edge.js';
import type { RequestLog } from '../../edge/request-log.js';
import { endAfterAnswer } from './http-connections.js';
import { logFault, sendError } from './http-error.filter.js';
import { codeOf } from './reply-code.js';
import type { AuthenticatedRequest } from './rest-context.js';
import { tokenOf } from './tokens.js';

/** What requests are counted and written down by. */
export interface Watched {
  readonly measure: ReturnType<typeof requestMeter>;
  readonly requests: RequestLog;
  readonly logger: Logger;
}

const WATCH_MS = 1_000;
/** Larger reads are let in without a look at what they ask. */
const LOOKED_AT_BYTES = 64 << 10;

/**
 * Who calls, and whether there is room, is decided by the route that matched and before the body is read, so that what is
 * refused costs as little as it can. Room is taken when the body is there: a body that comes slowly takes nobody else's.
 */
export function guardRequests(
  fastify: FastifyInstance,
  edge: Edge,
  arrivals: Arrivals,
  { measure, requests, logger }: Watched,
): void {
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    const known = toVectronError(error);
    logFault(logger, known, request);
    sendError(reply, known);
    return reply;
  };
  const receive = (request: AuthenticatedRequest, reply: FastifyReply) => {
    const { raw, principal } = request;
    if (raw.complete) return;
    const { contract } = request.routeOptions.config;
    const received = contract && principal && edge.receive(contract, principal);
    const { socket } = raw;
    const before = socket.bytesRead;
    const owner = principal?.tenantId ?? addressOfRequest(request);
    const arrived = arrivals.begin({
      owner,
      startedMs: Date.now(),
      bytes: () => socket.bytesRead - before,
      cut: (error) => (reply.sent ? socket.destroy() : refuse(request, reply, error)),
    });
    const end = () => {
      arrived();
      received?.(raw.complete);
    };
    request.arrived = end;
    raw.once('end', end);
    raw.once('close', end);
  };
  fastify.addHook('onRequest', async (request: AuthenticatedRequest, reply) => {
    const { contract } = request.routeOptions.config;
    try {
      // Before the body of what nobody serves is read.
      if (request.is404) throw new VectronError('NOT_FOUND', 'there is no such path; see /docs for all paths');
      // Tokens, keys, and what is nobody's business: no cache keeps any answer. Pages say themselves what may be kept.
      if (contract !== undefined) reply.header('cache-control', 'no-store');
      // Pages, and what is for everybody: neither has anything to say about anybody.
      if (contract !== undefined && contract.access !== 'public') {
        const token = tokenOf(request.headers);
        const entered = edge.enter(token, addressOfRequest(request));
        const principal = entered instanceof Promise ? await entered : entered;
        request.principal = principal;
        checkAccess(contract, principal);
        const full = request.raw.complete ? undefined : edge.shed(contract, token);
        if (full !== undefined) throw full;
        const hold = edge.hold(principal);
        request.hold = hold;
        request.release = () => hold.release();
        // Whose body is still coming when the token is revoked is told so now; what has begun answers for itself.
        hold.signal.addEventListener('abort', () => {
          if (request.raw.complete || reply.sent || hold.refusal === undefined) return;
          refuse(request, reply, hold.refusal);
        });
      }
      receive(request, reply);
    } catch (error) {
      return refuse(request, reply, error);
    }
  });
  fastify.addHook('preValidation', async (request: AuthenticatedRequest, reply) => {
    const { contract, read } = request.routeOptions.config;
    request.arrived?.();
    if (contract === undefined || request.principal === undefined) return;
    try {
      const work = { isLong: false, cpuUs: 0 };
      request.arrivedMs = Date.now();
      request.work = work;
      const { bodyBytes: bytes = 0 } = request;
      // What a read asks tells which lane is its own.
      if (contract.admission === 'read' && bytes <= LOOKED_AT_BYTES) request.message = read?.(request);
      const admitted = edge.admit(contract, request.principal, {
        bytes,
        isGone: () => request.raw.socket.destroyed,
        request: request.message,
        work,
      });
      const release = admitted instanceof Promise ? await admitted : admitted;
      if (request.raw.socket.destroyed) release();
      request.release = () => {
        request.hold?.release();
        release();
      };
    } catch (error) {
      return refuse(request, reply, error);
    }
  });
  // A body that is not there yet is not waited for: the client gets its answer, and the connection ends.
  fastify.addHook('onSend', async (request, reply) => {
    if (!request.raw.complete) endAfterAnswer(request.raw, reply);
  });
  fastify.addHook('onRequestAbort', async (request: AuthenticatedRequest) => request.release?.());
  fastify.addHook('onResponse', async (request: AuthenticatedRequest, reply) => {
    request.release?.();
    const { contract } = request.routeOptions.config;
    const code = codeOf(reply);
    const operation = contract?.name ?? `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    const seconds = reply.elapsedTime / 1_000;
    measure(operation, code, seconds);
    const { principal, id: requestId, message, params, work } = request;
    const address = () => addressOfRequest(request);
    const read = () => message ?? (contract && fromRoute(contract, (params ?? {}) as Record<string, string>));
    if (contract !== undefined) {
      const target = () => targetOf(contract, read());
      edge.leave(contract, code, { principal, address, target, requestId });
    }
    if (!requests.wants(code, seconds)) return;
    const known = { method: contract, operation, code, seconds, requestId, principal, work, address, request: read };
    requests.ended({ wire: 'rest', ...known });
  });
}

/** Lets pages of these origins, and no others, call the API (https://fetch.spec.whatwg.org/#http-cors-protocol). */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  if (origins.includes('*'))
    throw VectronError.invalid('origins', 'list the origins explicitly: * would allow every web page');
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

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { retryAfterOf, toVectronError, VectronError } from '@vectron/errors';
import { errorBody, logFault } from '../errors.js';
import { mcpServer } from '../server.js';
import type { McpSettings } from '../settings.js';
import type { Callers } from './callers.js';
import { type GuardOptions, RequestGuard } from './request-guard.js';

export interface HttpOptions extends GuardOptions {
  readonly host: string;
  /** TCP port to listen at, 0 to 65535; 0: one that is free. */
  readonly port: number;
  /** PEM of certificate and key: HTTPS with TLS 1.3. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly callers: Callers;
  /** Requests at once; more get 503. */
  readonly maxRequests: number;
  /** Bytes of the body of one request. */
  readonly maxBodyBytes: number;
}

export interface HttpListener {
  /** `http://127.0.0.1:8090/mcp` */
  readonly url: string;
  /** Accepts no more requests, and resolves when those in progress have ended, or were ended after ten seconds. */
  close(): Promise<void>;
}

const PATH = '/mcp';
/** No names of a server; a page may name the first one to reach this machine. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);
/** Connections at once for each request that may be answered at once: most of them are idle. */
const CONNECTIONS_PER_REQUEST = 8;
const HEADERS_MS = 10_000;
const BODY_MS = 30_000;
const CLOSE_MS = 10_000;

/**
 * Listens for the streamable HTTP transport of the protocol. Each request stands for itself and shows its token: there are no sessions,
 * which others could take over and which would take room, and no stream that the server opens. Throws FAILED_PRECONDITION when it cannot
 * listen at the address.
 */
export async function serveHttp(options: HttpOptions, settings: McpSettings): Promise<HttpListener> {
  const { host, port, tls, maxRequests } = options;
  const guard = new RequestGuard({
    hosts: [...(ANY_ADDRESS.has(host) ? [] : [host]), ...options.hosts],
    origins: options.origins,
  });
  let busy = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    busy += 1;
    try {
      if (busy > maxRequests)
        throw new VectronError(
          'OVERLOADED',
          `${maxRequests} requests are in progress, which is the limit; try again later`,
        );
      await respond(request, response, guard, options, settings);
    } catch (cause) {
      refuse(response, toVectronError(cause), settings);
    } finally {
      busy -= 1;
    }
  };
  const limits = { requestTimeout: BODY_MS, headersTimeout: HEADERS_MS, connectionsCheckingInterval: 1_000 };
  const server: Server =
    tls === undefined ? createServer(limits) : createTlsServer({ ...limits, ...tls, minVersion: 'TLSv1.3' });
  server.maxConnections = maxRequests * CONNECTIONS_PER_REQUEST;
  server.on('request', (request, response) => void answer(request, response));
  await listening(server, host, port);
  const { port: bound } = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${shown}:${bound}${PATH}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
      await closed;
      clearTimeout(late);
      await options.callers.close();
    },
  };
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new VectronError('FAILED_PRECONDITION', `cannot listen on ${host}:${port}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  guard: RequestGuard,
  { callers, maxBodyBytes }: HttpOptions,
  settings: McpSettings,
): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  const refusal = guard.refusal(request);
  if (refusal !== undefined) throw new VectronError('PERMISSION_DENIED', refusal);
  allowOrigin(request, response);
  // Browsers ask without a token whether they may send one.
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const { client, release } = await callers.admit(tokenOf(request));
  try {
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== PATH)
      return void plain(response, 404, `the protocol is served at ${PATH}`);
    if (request.method !== 'POST')
      return void plain(response, 405, 'there are no sessions and no streams: POST alone', { allow: 'POST' });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: true,
      maxRequestBodySize: maxBodyBytes,
    });
    const server = mcpServer(client, settings);
    try {
      await server.connect(transport as Parameters<typeof server.connect>[0]);
      // Who has gone away waits for nothing: closing the server ends what it does.
      await Promise.race([transport.handleRequest(request, response), ended]);
      await ended;
    } finally {
      await server.close();
    }
  } finally {
    release();
  }
}

/** Throws UNAUTHENTICATED when there is none. */
function tokenOf({ headers }: IncomingMessage): string {
  const [, token] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new VectronError('UNAUTHENTICATED', 'every request must send a token: authorization: Bearer ...');
}

function allowOrigin({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers.origin === undefined) return;
  response.setHeader('access-control-allow-origin', headers.origin);
  response.setHeader('vary', 'origin');
  response.setHeader('access-control-allow-methods', 'POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, accept, mcp-protocol-version');
}

function refuse(response: ServerResponse, error: VectronError, { log }: McpSettings): void {
  logFault('HTTP', error, log);
  if (response.headersSent) return void response.destroy();
  const headers: Record<string, string> = {};
  if (error.code === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer realm="vectron"';
  const wait = retryAfterOf(error);
  if (wait !== undefined) headers['retry-after'] = String(Math.ceil(wait / 1_000));
  plain(response, error.spec.http, `${error.code}: ${error.message}`, headers, errorBody(error));
}

/** An error as the protocol has it. What of the request was not read is not waited for. */
function plain(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
  data?: object,
): void {
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message, data }, id: null });
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers });
  response.end(body);
}

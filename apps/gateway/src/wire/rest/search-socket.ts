import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { toVectronError, VectronError } from '@vectron/errors';
import { checkAccess, type Message, parseJson, readMessage, textOf } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { plainAddress, Stop } from '@vectron/rpc';
import { WebSocket, WebSocketServer } from 'ws';
import type { SearchService } from '../../data/search.service.js';
import type { Principal } from '../../edge/access.js';
import { printable } from '../../edge/audit-target.js';
import type { Edge } from '../../edge/edge.js';
import type { EndedRequest } from '../../edge/ended-request.js';
import type { Hold } from '../../edge/hold.js';
import { checkRequest, publicMethod } from '../../edge/policy.js';
import { searchInput } from '../grpc/grpc-messages.js';
import { searchAnswerJson } from './fast-answers.js';
import type { Watched } from './http-edge.js';
import { errorBody, logFault, retryAfterSeconds } from './http-error.filter.js';
import { tokenOf } from './tokens.js';

const METHOD = publicMethod('/vectron.v1.VectronService/SearchStream');
const PATH = /^\/v1\/collections\/([^/?]+)\/points\/search\/stream$/;
/** A browser cannot set headers on a WebSocket: it offers the token as a second subprotocol, `bearer.<token>`. */
const BEARER = /^bearer\.(\S+)$/;
/** How long a client whose token was revoked may take to close its end. */
const CLOSING_MS = 1_000;
/** Of the close codes of WebSockets that IANA has registered. */
const TRY_AGAIN_LATER = 1013;
const MAX_UNREAD_BYTES = 1 << 20;
/** A client that does not answer a ping within this time is gone. */
const PING_MS = 30_000;
/** How long a refused upgrade may take to read its answer. */
const REFUSED_MS = 2_000;
/** Messages that came in one packet with others are read whether there is room or not; so many, and the socket is ended. */
const MOST_AT_ONCE = 16;

/**
 * SearchStream over WebSocket: each message from the client is a search body, each answer `{"result": ...}`, the
 * last of a search with `complete` decided and `"last": true`; a failed search is `{"error": google.rpc.Status}`.
 * The token is checked at the start and with every message; the connection is held on it and ends when it is revoked. An
 * open socket counts as a request that is held open.
 */
export function serveSearchSocket(
  http: Server,
  edge: Edge,
  searches: SearchService,
  { measure, requests, logger }: Watched,
  {
    maxBytes,
    maxSearches,
    origins,
    isProxy,
  }: {
    readonly maxBytes: number;
    readonly maxSearches: number;
    readonly origins: readonly string[];
    readonly isProxy: (address: string) => boolean;
  },
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: Math.min(METHOD.maxBody ?? maxBytes, maxBytes),
    handleProtocols: (offered) => (offered.has('vectron') ? 'vectron' : false),
  });
  http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // HTTP has given the socket up, and WebSocket does not have it yet: a reset now is nobody's but ours.
    stream.on('error', () => stream.destroy());
    const [path, query] = (request.url ?? '').split('?', 2);
    const collection = PATH.exec(path)?.[1];
    const address = plainAddress(request.socket.remoteAddress);
    const token = tokenOf(request.headers) ?? protocolToken(request);
    const origin = request.headers.origin;
    const begunMs = performance.now();
    void (async () => {
      try {
        if (collection === undefined)
          throw new VectronError('NOT_FOUND', 'there is no such path; see /docs for all paths');
        if (origin !== undefined && !origins.includes(origin) && hostOf(origin) !== request.headers.host) {
          throw new VectronError(
            'PERMISSION_DENIED',
            'this origin is not allowed to open a WebSocket; add it with --origins',
          );
        }
        // Proxies and browsers write URLs down: a token is never taken from one.
        if (query !== undefined)
          throw new VectronError('INVALID_ARGUMENT', 'this path accepts no query parameters; omit them');
        const name = decoded(collection);
        const principal = await edge.enter(token, isProxy(address) ? '' : address);
        checkAccess(METHOD, principal);
        if (stream.destroyed) return;
        const hold = edge.hold(principal);
        stream.once('close', () => hold.release());
        sockets.handleUpgrade(request, stream, head, (socket) =>
          serve(socket, name, token, { principal, hold, address }),
        );
      } catch (error) {
        const known = toVectronError(error);
        const requestId = randomUUID();
        const target = () => printable(collection ?? '');
        edge.leave(METHOD, known.code, { address: () => address, target, requestId });
        ended(known.code, begunMs, { requestId, address: () => address, request: () => ({ collection }) });
        refuse(stream, known, requestId);
      }
    })();
  });

  function serve(
    socket: WebSocket,
    collection: string,
    token: string | undefined,
    { principal, hold, address }: { principal: Principal; hold: Hold; address: string },
  ): void {
    socket.on('error', () => socket.terminate());
    const full = (refused: unknown) => socket.close(TRY_AGAIN_LATER, toVectronError(refused).message);
    try {
      // Here, where it is sure that there is a socket whose end gives the room back.
      const kept = edge.keepOpen(principal);
      if (kept instanceof Promise) readOnceKept(socket, kept).catch(full);
      else socket.once('close', kept);
    } catch (refused) {
      full(refused);
      return;
    }
    const end = () => {
      socket.close(1008, 'the token is no longer valid, or allows something else now');
      setTimeout(() => socket.terminate(), CLOSING_MS).unref();
    };
    hold.signal.addEventListener('abort', end);
    if (hold.signal.aborted) end();
    let alive = true;
    const ping = setInterval(() => {
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    }, PING_MS);
    socket.on('pong', () => {
      alive = true;
    });
    socket.on('close', () => clearInterval(ping));
    let running = 0;
    socket.on('message', (data) => {
      running += 1;
      if (running > maxSearches + MOST_AT_ONCE)
        return socket.close(1008, 'too many searches at once on this WebSocket');
      // What the client sends next waits in its own buffers.
      if (running >= maxSearches) socket.pause();
      void answer(socket, collection, token, data as Buffer, address).finally(() => {
        running -= 1;
        if (running < maxSearches && socket.isPaused) socket.resume();
      });
    });
  }

  /** One search, or an upgrade that was refused, is counted and written down as on the other wires. */
  function ended(
    code: string,
    begunMs: number,
    known: Pick<EndedRequest, 'requestId' | 'address' | 'request'> & Partial<Pick<EndedRequest, 'principal' | 'work'>>,
  ): void {
    const seconds = (performance.now() - begunMs) / 1_000;
    measure(METHOD.name, code, seconds);
    if (!requests.wants(code, seconds)) return;
    const { principal, work } = known;
    const one = { operation: METHOD.name, method: METHOD, code, seconds, ...known, principal, work };
    requests.ended({ wire: 'websocket', ...one });
  }

  async function answer(
    socket: WebSocket,
    collection: string,
    token: string | undefined,
    data: Buffer,
    address: string,
  ): Promise<void> {
    const send = (message: string) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      // Who does not read is not waited for.
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
      else socket.send(message);
    };
    const gone = new Stop();
    const leave = () => gone.abort();
    socket.once('close', leave);
    let release: (() => void) | undefined;
    const begunMs = performance.now();
    const work = { isLong: false, cpuUs: 0 };
    const requestId = randomUUID();
    let code = 'OK';
    let principal: Principal | undefined;
    let request: Message | undefined;
    try {
      principal = await edge.enter(token, '');
      checkAccess(METHOD, principal);
      const isGone = () => socket.readyState !== WebSocket.OPEN;
      const arrivedMs = Date.now();
      request = readMessage(METHOD.request, parseJson(textOf(data, 'message'), 'message'));
      request.collection = collection;
      release = await edge.admit(METHOD, principal, { bytes: data.length, isGone, request, work });
      checkRequest(METHOD, request, principal);
      const input = { ...searchInput(request as unknown as gateway.SearchRequest), payloadFields: false };
      for await (const found of searches.searchStream(principal, input, { signal: gone, arrivedMs, work })) {
        const last =
          found.shardsAnswered + found.shards.filter((shard) => shard.errorCode !== '').length === found.shardsAsked;
        send(`{"result":${searchAnswerJson(found)},"last":${last}}`);
      }
    } catch (error) {
      const known = toVectronError(error);
      code = known.code;
      logFault(logger, known, { id: requestId, url: '' });
      const sent = () => [collection, data.toString()];
      send(JSON.stringify({ error: errorBody(known, { name: METHOD.request, sent }) }));
    } finally {
      socket.off('close', leave);
      release?.();
      const read = () => request ?? { collection };
      ended(code, begunMs, { requestId, address: () => address, request: read, principal, work });
    }
  }
  return sockets;
}

/** Reads nothing of a socket before there is room for it; its end gives the room back. */
async function readOnceKept(socket: WebSocket, kept: Promise<() => void>): Promise<void> {
  socket.pause();
  try {
    const release = await kept;
    if (socket.readyState === WebSocket.CLOSED) release();
    else socket.once('close', release);
  } finally {
    socket.resume();
  }
}

function protocolToken(request: IncomingMessage): string | undefined {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  return offered.map((one) => BEARER.exec(one)?.[1]).find((token) => token !== undefined);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new VectronError('INVALID_ARGUMENT', 'the collection name must be URL-encoded', { cause });
  }
}

function refuse(stream: Duplex, error: VectronError, requestId: string): void {
  if (stream.destroyed || !stream.writable) {
    stream.destroy();
    return;
  }
  // Who does not take the answer, or goes on sending, is cut off.
  const late = setTimeout(() => stream.destroy(), REFUSED_MS).unref();
  stream.once('close', () => clearTimeout(late));
  stream.resume();
  const body = JSON.stringify(errorBody(error));
  const after = retryAfterSeconds(error);
  const retry = after === undefined ? '' : `retry-after: ${after}\r\n`;
  stream.end(
    `HTTP/1.1 ${error.spec.http} ${error.spec.grpc}\r\ncontent-type: application/json\r\nx-request-id: ${requestId}\r\n${retry}connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

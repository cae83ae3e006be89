import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectionLimits, Connections, type CutReason } from '@vectron/rpc';
import type { FastifyReply } from 'fastify';
import { Pipelines } from './pipelines.js';

const LOOK_MS = 1_000;
/** How long, and how much, is read and thrown away after an answer to a client that is still sending. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 1 << 20;

/**
 * Limits the connections of the REST listener, WebSockets included, and gives each socket an owner for its errors from its
 * first byte to its last. Returns what ends that.
 */
export function guardConnections(
  server: Server,
  limits: ConnectionLimits,
  onCut: (reason: CutReason) => void,
): () => void {
  const connections = new Connections(limits, onCut);
  between(server, 'connection', (go, socket: Socket) => connections.accept(socket, go));
  const pipelines = new Pipelines((socket) => connections.punish(socket, 'pipelined'));
  between(server, 'request', (go, request: IncomingMessage, response: ServerResponse) =>
    pipelines.take(request.socket, response, go),
  );
  server.on('secureConnection', (socket: Socket) => socket.on('error', ignore));
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  // Without a listener, a server that has one for upgrades would leave the socket to nobody.
  server.on('connect', (_request: IncomingMessage, socket: Socket) => socket.destroy());
  const timer = setInterval(() => connections.check(Date.now()), LOOK_MS).unref();
  return () => clearInterval(timer);
}

/**
 * For a server that does not listen itself, so that its own `close` waits for nothing. What is returned resolves when no request is
 * under way; every connection ends with its answer from then on, and those that wait for a request at once.
 */
export function drainRequests(server: Server): () => Promise<void> {
  /** Of each connection: what is cut off with it has no end of its own. */
  const underWay = new Map<Socket, number>();
  const watched = new WeakSet<Socket>();
  let draining = false;
  let drained = () => {};
  const ended = (socket: Socket, left: number) => {
    if (left > 0) underWay.set(socket, left);
    else underWay.delete(socket);
    if (!draining) return;
    // Its connection is idle once all that hear of the end have heard of it.
    setImmediate(() => server.closeIdleConnections());
    if (underWay.size === 0) drained();
  };
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (socket.destroyed) return;
    if (draining) response.setHeader('connection', 'close');
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    if (!watched.has(socket)) {
      watched.add(socket);
      socket.once('close', () => ended(socket, 0));
    }
    response.once('close', () => {
      const open = underWay.get(socket);
      if (open !== undefined) ended(socket, open - 1);
    });
  });
  return async () => {
    draining = true;
    server.closeIdleConnections();
    if (underWay.size === 0) return;
    await new Promise<void>((resolve) => {
      drained = resolve;
    });
  };
}

/**
 * Ends the connection after the answer that is about to be sent, such that a client that is still sending gets to see it:
 * closed with unread bytes, TCP would answer with a reset, which takes the answer away. So the answer is sent, then the end of
 * what is written, and for a moment what comes is thrown away (RFC 9112, 9.6).
 */
export function endAfterAnswer(request: IncomingMessage, reply: FastifyReply): void {
  reply.header('connection', 'close');
  const { socket } = request;
  const before = socket.bytesRead;
  socket.destroySoon = () => {
    socket.end();
    const over = () => {
      clearInterval(looking);
      clearTimeout(late);
      socket.destroy();
    };
    const looking = setInterval(() => {
      if (socket.bytesRead - before > LINGER_BYTES || request.complete) over();
    }, LINGER_MS / 20).unref();
    const late = setTimeout(over, LINGER_MS).unref();
    socket.once('close', over);
  };
}

/** Puts `guard` between an event and those who listen to it now: it decides when, and whether, they hear of it. */
function between<T extends unknown[]>(
  server: Server,
  event: string,
  guard: (go: () => void, ...given: T) => void,
): void {
  const listeners = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (...given: unknown[]) =>
    guard(
      () => {
        for (const listener of listeners) listener.apply(server, given);
      },
      ...(given as T),
    ),
  );
}

const ignore = () => {};

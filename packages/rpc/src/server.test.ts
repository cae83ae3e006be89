import { once } from 'node:events';
import { connect as http2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { type GrpcLimits, GrpcServer } from './server.js';

const PING_MS = 100;
const servers: GrpcServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server that has nothing but health and reflection. */
async function serving(limits: Partial<GrpcLimits>): Promise<GrpcServer> {
  const server = new GrpcServer({
    host: '127.0.0.1',
    port: 0,
    services: {},
    authorize: () => undefined,
    logger: createLogger('test', 'fatal'),
    maxMessageBytes: 1 << 20,
    limits,
    closeMs: 0,
  });
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error) : resolve())));
  return server;
}

async function opened({ address }: GrpcServer): Promise<Socket> {
  const socket = connect(Number(address.split(':')[1]), '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** A HEADERS frame of stream 1 whose block is no HPACK: nghttp2 ends the session for it by itself. */
const NOISE = Buffer.from([0, 0, 4, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);

describe('connections without life are ended', () => {
  it.each([
    ['a session that broke on its headers', NOISE],
    ['a client that answers no ping', Buffer.alloc(0)],
  ])('%s', async (_what, frames) => {
    const socket = await opened(await serving({ pingMs: PING_MS }));
    socket.write(Buffer.concat([PREFACE, SETTINGS, frames]));
    await once(socket, 'close');
  });

  it('a client that answers stays', async () => {
    const { address } = await serving({ pingMs: PING_MS });
    const session = http2(`http://${address}`);
    for (let pings = 0; pings < 4; pings += 1) await once(session, 'ping');
    expect(session.destroyed).toBe(false);
    session.destroy();
  });
});

describe('a listener has so many connections and no more', () => {
  const QUIET = { pingMs: 60_000 };
  /** An open HTTP/2 session: what the server answers first has come. */
  const joined = async (server: GrpcServer) => {
    const socket = await opened(server);
    const answered = once(socket, 'data');
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
    await answered;
    return socket;
  };

  it.each([
    ['of all addresses', { maxConnections: 2, maxPerAddress: 0 }],
    ['of one address', { maxConnections: 0, maxPerAddress: 2 }],
  ])('%s: the next is ended, and one that ends makes room', async (_whose, limits) => {
    const server = await serving({ ...QUIET, ...limits });
    const first = await joined(server);
    const second = await joined(server);
    await once(await opened(server), 'close');
    expect([first.destroyed, second.destroyed]).toEqual([false, false]);
    first.destroy();
    await once(first, 'close');
    // The server hears of that end a moment later.
    let third: Socket | undefined;
    while (third === undefined) {
      const socket = await opened(server);
      socket.write(Buffer.concat([PREFACE, SETTINGS]));
      const answered = await Promise.race([
        once(socket, 'data').then(
          () => true,
          () => false,
        ),
        new Promise<false>((resolve) => socket.once('close', () => resolve(false))),
      ]);
      if (answered) third = socket;
    }
    for (const socket of [second, third]) socket.destroy();
  });

  it('those of a trusted proxy are not counted by its address', async () => {
    const server = await serving({ ...QUIET, maxPerAddress: 1, isProxy: (address) => address === '127.0.0.1' });
    for (const socket of [await joined(server), await joined(server)]) socket.destroy();
  });

  it('one without a call is ended after the time that it may be idle', async () => {
    await once(await joined(await serving({ ...QUIET, idleMs: PING_MS })), 'close');
  });
});

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

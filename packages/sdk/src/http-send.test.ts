import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { until } from '../../../test/harness/waiting.js';
import { connect } from './connect.js';

const BODY = '{"aliases":[{"alias":"current","collection":"pâpers"}]}';
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`;

/** Of IPv6, where this machine has it. */
const LOOPBACK = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  ? '::1'
  : '127.0.0.1';

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  await (server && once(server, 'close'));
  server = undefined;
});

/** A server that does `answer` with each request, whose head it is given; its URL. */
async function serving(answer: (socket: Socket, head: string) => void, host = '127.0.0.1'): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined));
    socket.setEncoding('utf8').on('data', (text: string) => answer(socket, text));
  }).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

it('fails with UNAVAILABLE wherever the answer breaks off, and does not wait for more', async () => {
  let length = 0;
  const url = await serving((socket) => socket.write(ANSWER.slice(0, length), () => socket.destroy()));
  const db = connect(url, { retries: 0 });
  for (; length < ANSWER.length; length++) {
    await expect(db.listAliases()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
  await db.close();
});

it('reads an answer that comes byte by byte, and characters that are cut in two', async () => {
  const url = await serving(async (socket) => {
    socket.setNoDelay(true);
    for (const byte of Buffer.from(ANSWER)) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  });
  const db = connect(url);
  expect(await db.listAliases()).toEqual([{ alias: 'current', collection: 'pâpers' }]);
  await db.close();
});

it('uses one connection for calls one after the other, also below a path', async () => {
  const heads: string[] = [];
  const used = new Set<Socket>();
  const url = await serving((socket, head) => {
    heads.push(head);
    used.add(socket);
    socket.write(ANSWER);
  }, LOOPBACK);
  const db = connect(`${url}/vectors`, { apiKey: 'secret' });
  for (let at = 0; at < 3; at++) await db.listAliases();
  expect(used.size).toBe(1);
  expect(heads[0]).toMatch(/^GET \/vectors\/v1\/aliases HTTP\/1\.1\r\n/);
  expect(heads[0]).toMatch(/\r\nauthorization: Bearer secret\r\n/i);
  expect(heads[0]).toContain(`\r\nHost: ${url.replace('http://', '')}\r\n`);
  await db.close();
});

it('ends a call that gets no answer, or half of one, by its deadline and by its signal', async () => {
  const asked: Socket[] = [];
  const url = await serving((socket) => {
    asked.push(socket);
    socket.write(ANSWER.slice(0, ANSWER.length - 5));
  });
  const db = connect(url, { retries: 0 });
  await expect(db.with({ timeoutMs: 50 }).listAliases()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const stop = new AbortController();
  const call = db.with({ signal: stop.signal }).listAliases();
  await until('the server has the request', () => asked.length === 2);
  stop.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
  await until('both connections are gone', () => sockets.size === 0);
  await db.close();
});

it('completes the calls that are under way when the client is closed, and leaves no connection', async () => {
  const waiting: Socket[] = [];
  const url = await serving((socket) => void waiting.push(socket));
  const db = connect(url);
  const call = db.listAliases();
  await until('the server has the request', () => waiting.length === 1);
  await db.close();
  waiting[0].write(ANSWER);
  expect(await call).toHaveLength(1);
  await until('no connection is left', () => sockets.size === 0);
});

it('names where a server redirects to, and sends nothing there', async () => {
  const heads: string[] = [];
  const url = await serving((socket, head) => {
    heads.push(head);
    socket.write(
      `HTTP/1.1 308 Permanent Redirect\r\nlocation: https://example.org/v1/aliases\r\ncontent-length: 0\r\n\r\n`,
    );
  });
  const db = connect(url, { apiKey: 'secret' });
  await expect(db.listAliases()).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `${url} redirects to https://example.org/v1/aliases; use the URL of the server itself`,
    details: { field: 'url' },
  });
  expect(heads).toHaveLength(1);
  await db.close();
});

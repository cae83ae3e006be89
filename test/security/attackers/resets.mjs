import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { callHeaders, FLAG, flagsOf, frame, opened, preface, report, TYPE } from './attacker.mjs';

/**
 * Connections that end with a TCP reset, in every phase of a protocol:
 *
 *   node test/security/attackers/resets.mjs --port 8080 --protocol upgrade --count 400
 *
 * Protocols: upgrade (WebSocket), http, http2, tls (a handshake that is cut off, on a port with TLS or without).
 */
const flags = flagsOf({ protocol: 'upgrade', count: 400, parallel: 20, path: '', token: '' });
const authorization = flags.token === '' ? '' : `authorization: Bearer ${flags.token}\r\n`;
const UPGRADE = flags.path || '/v1/collections/some/points/search/stream';
const handshake = (path = UPGRADE) =>
  `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n${authorization}sec-websocket-key: ${randomBytes(16).toString('base64')}\r\n\r\n`;
const request = (path, body, length = body.length) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${authorization}content-length: ${length}\r\n\r\n${body}`;
/** A masked text frame of which so much is sent. */
const text = Buffer.concat([Buffer.from([0x81, 0xfe, 0x10, 0, 1, 2, 3, 4]), Buffer.alloc(100)]);
/** The first bytes of a ClientHello of TLS 1.2 and 1.3. */
const hello = Buffer.from('16030100f8010000f40303', 'hex');

/** Each phase: what is written, and whether an answer is awaited before the reset. */
const PHASES = {
  upgrade: [
    ['nothing sent', ''],
    ['half of the head', () => handshake().slice(0, 60)],
    ['the whole head', handshake],
    ['the whole head of no route', () => handshake('/nowhere')],
    ['the head, and half-closed', handshake, { end: true }],
    ['after the answer', handshake, { answer: true }],
    ['within a frame', handshake, { answer: true, last: text }],
    ['frames with the head', () => Buffer.concat([Buffer.from(handshake()), text])],
  ],
  http: [
    ['nothing sent', ''],
    ['half of the head', () => request('/v1/users/login', '{}').slice(0, 40)],
    ['half of the body', () => request('/v1/users/login', '{"email":', 200)],
    ['the whole request', () => request('/v1/users/login', '{}')],
    ['no HTTP', () => randomBytes(200)],
    ['a bad chunk', 'POST /v1/users/login HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['after the answer', () => request('/v1/users/login', '{}'), { answer: true }],
    ['many requests at once', () => 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50)],
    ['expect', 'POST /v1/users/login HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n'],
  ],
  http2: [
    ['nothing sent', ''],
    ['half of the preface', 'PRI * HTTP/2.0\r\n'],
    ['the preface', preface],
    ['after the settings', preface, { answer: true }],
    [
      'an open call',
      () =>
        Buffer.concat([
          preface(),
          frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders('/grpc.health.v1.Health/Check')),
        ]),
    ],
    [
      'half of a message',
      () =>
        Buffer.concat([
          preface(),
          frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders('/grpc.health.v1.Health/Watch')),
          frame(TYPE.data, FLAG.none, 1, Buffer.from([0, 0, 0, 0, 9, 1])),
        ]),
    ],
    [
      'while it is answered',
      () =>
        Buffer.concat([
          preface(),
          frame(TYPE.headers, FLAG.endHeaders, 1, callHeaders('/grpc.health.v1.Health/Watch')),
          frame(TYPE.data, FLAG.endStream, 1, Buffer.from([0, 0, 0, 0, 0])),
        ]),
      { answer: true },
    ],
    ['half of a frame', () => Buffer.concat([preface(), Buffer.from([0, 1, 0, 1])])],
    ['no HTTP/2', () => randomBytes(300)],
    ['a frame of no stream', () => Buffer.concat([preface(), frame(TYPE.data, FLAG.none, 0, Buffer.alloc(5))])],
    ['HTTP/1', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
  ],
  tls: [
    ['nothing sent', ''],
    ['half of a hello', hello],
    ['no TLS', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a bad hello', () => Buffer.concat([hello, randomBytes(400)])],
    ['an alert', Buffer.from('15030300020228', 'hex')],
    ['after the handshake', '', { tls: true }],
    ['half of a request', () => handshake().slice(0, 60), { tls: true }],
    ['an upgrade', handshake, { tls: true }],
  ],
};

const phases = PHASES[flags.protocol];
if (phases === undefined) throw new Error(`--protocol ${flags.protocol} is not known`);
let sent = 0;
let refused = 0;
const each = {};

async function one([
  name,
  bytes,
  { end = false, answer = false, last, tls = flags.tls && flags.protocol !== 'tls' } = {},
]) {
  const socket = await (tls ? openedTls() : opened({ ...flags, tls: false }));
  if (socket === undefined) {
    refused += 1;
    return;
  }
  const [raw, through] = tls ? [socket.raw, socket.through] : [socket, socket];
  const what = typeof bytes === 'function' ? bytes() : bytes;
  if (what.length > 0) through.write(what);
  if (end) through.end();
  if (answer) {
    const gone = new Promise((resolve) => raw.once('close', resolve));
    await Promise.race([
      once(through, 'data').catch(() => undefined),
      gone,
      once(through, 'end').catch(() => undefined),
    ]);
  }
  if (last !== undefined) through.write(last);
  // Long enough that what was written has been sent, on half of them.
  if (sent % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  raw.resetAndDestroy();
  sent += 1;
  each[name] = (each[name] ?? 0) + 1;
}

/** TLS on a socket of its own, which can be reset beneath it. */
async function openedTls() {
  const { connect: tls } = await import('node:tls');
  const raw = connect({ host: flags.host, port: flags.port });
  raw.on('error', () => {});
  const through = tls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
  through.on('error', () => {});
  const ready = await new Promise((resolve) => {
    through.once('secureConnect', () => resolve(true));
    raw.once('close', () => resolve(false));
  });
  return ready ? { raw, through } : undefined;
}

const queue = Array.from({ length: flags.count }, (_, at) => phases[at % phases.length]);
await Promise.all(
  Array.from({ length: flags.parallel }, async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) await one(next);
  }),
);
report({ sent, refused, each });

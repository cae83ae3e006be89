import { setTimeout as pause } from 'node:timers/promises';
import { callHeaders, FLAG, flagsOf, frame, onConnections, preface, report, TYPE, written } from './attacker.mjs';

/**
 * Requests whose bodies come a byte at a time:
 *
 *   node test/security/attackers/slow-bodies.mjs --port 8080 --connections 180 --token KEY --seconds 20
 *
 * --protocol http (REST), http2 (gRPC), head (the head of a request itself comes that slowly), or nothing (connections
 * that send nothing at all).
 */
const flags = flagsOf({
  protocol: 'http',
  connections: 180,
  path: '',
  verb: 'POST',
  token: '',
  everyMs: 1_000,
  length: 1_000_000,
});
const path =
  flags.path || (flags.protocol === 'http2' ? '/vectron.v1.VectronService/Upsert' : '/v1/collections/x/points');
const authorization = flags.token === '' ? '' : `authorization: Bearer ${flags.token}\r\n`;

const FIRST = {
  http: () =>
    Buffer.from(
      `${flags.verb} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${authorization}content-length: ${flags.length}\r\n\r\n{`,
    ),
  http2: () =>
    Buffer.concat([
      preface(),
      frame(
        TYPE.headers,
        FLAG.endHeaders,
        1,
        callHeaders(path, flags.token === '' ? {} : { authorization: `Bearer ${flags.token}` }),
      ),
      frame(TYPE.data, FLAG.none, 1, Buffer.from([0, 0, 0x10, 0, 0])),
    ]),
  head: () => Buffer.from(`${flags.verb} ${path} HTTP/1.1\r\nhost: x\r\nx-slow: `),
  nothing: () => Buffer.alloc(0),
};
const NEXT = {
  http: () => Buffer.from(' '),
  http2: () => frame(TYPE.data, FLAG.none, 1, Buffer.from([0])),
  head: () => Buffer.from('a'),
  nothing: () => Buffer.alloc(0),
};
if (FIRST[flags.protocol] === undefined) throw new Error(`--protocol ${flags.protocol} is not known`);

report(
  await onConnections(flags, async (socket, over) => {
    let sent = 0;
    for (let bytes = FIRST[flags.protocol](); !over(); bytes = NEXT[flags.protocol]()) {
      if (bytes.length > 0 && !(await written(socket, bytes))) break;
      if (socket.destroyed) break;
      sent += bytes.length;
      await pause(flags.everyMs);
    }
    return sent;
  }),
);

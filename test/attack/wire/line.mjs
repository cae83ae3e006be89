import { once } from 'node:events';
import { connect as tcpConnect } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as tlsConnect } from 'node:tls';
import { requireLoopback } from './loopback.mjs';

/** As much of what the server sends is kept to be looked at; the rest is counted. */
const KEPT_BYTES = 64 << 10;
/** A peer that takes nothing for so long is not waited for. */
const DRAIN_MS = 250;

/** A stream over a socket that stays one's own: TLS would take the socket itself, and a reset beneath it ends this process. */
function streamOver(raw) {
  const stream = new Duplex({
    read: () => raw.resume(),
    write: (bytes, _encoding, done) => raw.write(bytes, done),
    final: (done) => raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  stream.on('error', () => {});
  raw.on('data', (bytes) => stream.push(bytes) || raw.pause());
  raw.once('end', () => stream.push(null));
  raw.once('close', () => stream.destroy());
  return stream;
}

/** One connection of an attacker. Errors of the connection are no errors of the attack: they end the line. */
export class Line {
  /** Bytes that the server sent. */
  received = 0;
  /** The beginning of what the server sent. */
  head = Buffer.alloc(0);
  closed = false;
  /** Code of the error that ended the line, such as ECONNRESET. */
  fault = '';
  #socket;
  #raw;

  constructor(socket, raw) {
    this.#socket = socket;
    this.#raw = raw;
    for (const one of new Set([socket, raw])) one.on('error', ({ code }) => this.#failed(code));
    this.gone = new Promise((resolve) => {
      socket.once('close', () => {
        this.closed = true;
        resolve();
      });
    });
    socket.on('data', (bytes) => this.#took(bytes));
  }

  /** Connects; undefined when the server does not take the connection. */
  static async open({ host, port, from, authority, protocols, allowHalfOpen = false, unread = false }) {
    requireLoopback(host);
    const raw = tcpConnect({ host, port, localAddress: from, allowHalfOpen });
    try {
      await once(raw, 'connect');
    } catch {
      return undefined;
    }
    if (authority === undefined) return Line.#of(raw, raw, unread);
    raw.on('error', () => {});
    const secure = tlsConnect({
      socket: streamOver(raw),
      ca: authority,
      host,
      ALPNProtocols: protocols,
      servername: '',
    });
    try {
      await once(secure, 'secureConnect');
    } catch {
      raw.destroy();
      return undefined;
    }
    return Line.#of(secure, raw, unread);
  }

  static #of(socket, raw, unread) {
    const line = new Line(socket, raw);
    raw.setNoDelay(true);
    if (unread) line.stopReading();
    return line;
  }

  #failed(code) {
    this.fault ||= code ?? 'ERROR';
  }

  #took(bytes) {
    this.received += bytes.length;
    if (this.head.length < KEPT_BYTES) this.head = Buffer.concat([this.head, bytes]).subarray(0, KEPT_BYTES);
    this.onData?.(bytes);
  }

  /** Whether the server takes more at once. */
  write(data) {
    return !this.closed && this.#socket.writable && this.#socket.write(data);
  }

  /** Writes, and waits for a server that is slow to take it, but not for long. False: there is nobody to take it. */
  async send(data) {
    if (this.closed || !this.#socket.writable) return false;
    if (!this.#socket.write(data)) {
      await Promise.race([once(this.#socket, 'drain').catch(() => {}), this.gone, pause(DRAIN_MS)]);
    }
    return !this.closed;
  }

  /** Bytes that are written and not yet taken. */
  get unsent() {
    return this.#socket.writableLength;
  }

  stopReading() {
    this.#socket.pause();
  }

  /** Sends FIN; the other half may stay open. */
  finish() {
    this.#socket.end();
  }

  /** Sends RST. */
  reset() {
    if (this.#raw.destroyed) return;
    this.#raw.resetAndDestroy();
    this.#socket.destroy();
  }

  close() {
    this.#socket.destroy();
    this.#raw.destroy();
  }

  /** Waits until the server has sent what `pattern` finds, closes, or `ms` pass; gives the match. */
  async until(pattern, ms) {
    const end = performance.now() + ms;
    for (;;) {
      const match = pattern.exec(this.head.toString('latin1'));
      if (match || this.closed || performance.now() > end) return match ?? undefined;
      await Promise.race([this.gone, pause(5)]);
    }
  }
}

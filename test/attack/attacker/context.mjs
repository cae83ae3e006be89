import { setTimeout as pause } from 'node:timers/promises';
import { randomOf } from '../../faults/random.mjs';
import * as grpc from '../wire/grpc.mjs';
import * as h1 from '../wire/http1.mjs';
import * as h2 from '../wire/http2.mjs';
import { Line } from '../wire/line.mjs';

/** What an attack of a fixed count may be late. */
const LATE_MS = 4_000;
/** How long an attacker waits for an answer before it goes on. */
const ANSWER_MS = 5_000;
/** What a flood writes before it looks at whether its time has come. */
const FLOOD_BYTES = 64 << 10;

/**
 * What an attack works with: connections from the attacker's address, credentials of its free account, chance from the
 * seed, its time and scale, and the count of what it sent and got.
 */
export class AttackContext {
  /** Requests, frames or connections sent. */
  sent = 0;
  /** What came back, by kind. */
  got = {};
  #target;
  #endMs;
  #scale;
  #lines = new Set();

  constructor({ target, account, seed, seconds, scale, address }) {
    this.#target = target;
    /** E-mail, password, token, key and keys of the attacker's account, and names of its collection. */
    this.account = account;
    this.random = randomOf(seed);
    this.address = address;
    this.seconds = seconds;
    this.#scale = scale;
  }

  get tls() {
    return this.#target.authority !== undefined;
  }

  /** The time of an attack begins when it does, not while it makes what it sends. */
  get #end() {
    this.#endMs ??= performance.now() + this.seconds * 1_000;
    return this.#endMs;
  }

  /** Whether the time of the attack is over. */
  get over() {
    return performance.now() > this.#end;
  }

  /** A count of the full attack as it is in this run; never less than 1. */
  times(count) {
    return Math.max(1, Math.round(count * this.#scale));
  }

  count(what, by = 1) {
    this.got[what] = (this.got[what] ?? 0) + by;
  }

  pause(ms) {
    return pause(ms);
  }

  /** Waits until the time of the attack is over. */
  async hold() {
    await pause(Math.max(0, this.#end - performance.now()));
  }

  /** A connection, or undefined and a count of a refused one. `to`: http or grpc; `plain`: no handshake of TLS. */
  async open(to = 'http', { from = this.address, plain = false, protocols, ...options } = {}) {
    const { host, port } = this.#target[to];
    const authority = plain ? undefined : this.#target.authority;
    const asked = protocols ?? (to === 'grpc' ? ['h2'] : undefined);
    const line = await Line.open({ host, port, from, authority, protocols: asked, ...options });
    if (line === undefined) {
      this.count('connection refused');
      return undefined;
    }
    this.#lines.add(line);
    void line.gone.then(() => this.#lines.delete(line));
    return line;
  }

  /** One request of HTTP/1.1 on a connection of its own; gives the status, or 0 when there was none. */
  async ask(request, { to = 'http', from, waitMs = ANSWER_MS } = {}) {
    const line = await this.open(to, { from });
    if (line === undefined) return 0;
    this.sent += 1;
    await line.send(Buffer.isBuffer(request) ? request : h1.request(request));
    const status = await this.answer(line, waitMs);
    line.close();
    return status;
  }

  /** Counts the first answer on a line; gives its status, or 0 when there is none. */
  async answer(line, waitMs = ANSWER_MS) {
    const [, status] = (await line.until(h1.STATUS, waitMs)) ?? [];
    this.count(status ?? (line.closed ? 'cut off' : 'no answer'));
    return Number(status ?? 0);
  }

  /** Does `work` so many times, `width` at a time. It may take twice the time of the attack and a little, not more. */
  async many(count, width, work) {
    const lastMs = this.#end + this.seconds * 1_000 + LATE_MS;
    let next = 0;
    const one = async () => {
      while (next < count && performance.now() < lastMs) {
        next += 1;
        await work(next - 1);
      }
    };
    await Promise.all(Array.from({ length: Math.min(count, width) }, one));
  }

  /** Does `work` again and again on `width` tracks until the time is over. */
  async again(width, work) {
    let next = 0;
    const one = async () => {
      while (!this.over) {
        next += 1;
        await work(next - 1);
        // Attackers share the processor with the attacked: a track that never waits would starve its own timers.
        await pause(0);
      }
    };
    await Promise.all(Array.from({ length: width }, one));
  }

  /** A connection that has begun HTTP/2 with the gRPC listener: `{ line, reader }`, or undefined. */
  async openHttp2(settings = {}, options = {}) {
    const line = await this.open('grpc', options);
    if (line === undefined) return undefined;
    const reader = new h2.Http2Reader(line);
    await line.send(Buffer.concat([h2.PREFACE, h2.settings(settings)]));
    return { line, reader };
  }

  /** What HTTP/2 brought back on a connection, counted. */
  countFrames({ line, reader }) {
    for (const [kind, times] of Object.entries(reader.frames)) {
      if (kind === 'headers' || kind === 'reset' || kind === 'goaway') this.count(`${kind} frames`, times);
    }
    if (reader.goaway !== undefined) this.count(`goaway ${reader.goaway}`);
    if (line.closed) this.count('cut off');
  }

  /**
   * Sends what `next` makes over and over on `width` connections of HTTP/2, as fast as the server takes it, until the time
   * is over; a connection that was cut off is opened again. `begin` may send something first.
   */
  async flood(width, next, { settings, begin } = {}) {
    await this.again(width, async () => {
      const connection = await this.openHttp2(settings);
      if (connection === undefined) return pause(50);
      const { line } = connection;
      if (begin) await line.send(begin());
      while (!this.over && !line.closed) {
        const parts = [];
        for (let bytes = 0; bytes < FLOOD_BYTES; ) {
          const part = next();
          parts.push(part);
          bytes += part.length;
        }
        if (!(await line.send(Buffer.concat(parts)))) break;
        this.sent += parts.length;
        // Bytes that nobody takes are no attack, and would fill this process.
        while (line.unsent > 16 * FLOOD_BYTES && !line.closed && !this.over) await pause(5);
      }
      await pause(5);
      this.countFrames(connection);
      line.close();
    });
  }

  /** One unary call of gRPC on a connection of HTTP/2. */
  call(path, bytes, { key = this.account?.key, stream = 1, more, prefix } = {}) {
    return Buffer.concat([
      h2.headers(stream, grpc.callHeaders(path, key, more)),
      h2.data(stream, grpc.message(bytes, prefix), h2.FLAG.endStream),
    ]);
  }

  closeAll() {
    for (const line of this.#lines) line.close();
  }
}

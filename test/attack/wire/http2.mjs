/** HTTP/2 by hand (RFC 9113): frames as an attacker wants them, and what comes back, counted. */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 };
export const SETTING = { tableSize: 1, push: 2, maxStreams: 3, initialWindow: 4, maxFrame: 5, maxHeaderList: 6 };

const NAMES = Object.fromEntries(Object.entries(FRAME).map(([name, type]) => [type, name]));
const HEAD_BYTES = 9;

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

export const settings = (values = {}) =>
  frame(
    FRAME.settings,
    0,
    0,
    Buffer.concat(
      Object.entries(values).map(([name, value]) => {
        const one = Buffer.alloc(6);
        one.writeUInt16BE(SETTING[name]);
        one.writeUInt32BE(value, 2);
        return one;
      }),
    ),
  );
export const headers = (stream, block, flags = FLAG.endHeaders) => frame(FRAME.headers, flags, stream, block);
export const data = (stream, bytes, flags = 0) => frame(FRAME.data, flags, stream, bytes);
export const ping = () => frame(FRAME.ping, 0, 0, Buffer.alloc(8));
export const reset = (stream, code = 8) => frame(FRAME.reset, 0, stream, word(code));
export const windowUpdate = (stream, by) => frame(FRAME.window, 0, stream, word(by));
export const goaway = (last = 0, code = 0) => frame(FRAME.goaway, 0, 0, Buffer.concat([word(last), word(code)]));
/** Stream `stream` depends on `on`. */
export const priority = (stream, on, weight) =>
  frame(FRAME.priority, 0, stream, Buffer.concat([word(on), Buffer.from([weight])]));

function word(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Reads what the server sends on a line that speaks HTTP/2, and counts its frames by kind. */
export class Http2Reader {
  /** Frames that came, by kind. */
  frames = {};
  /** Code of the GOAWAY that came. */
  goaway;
  #pending = Buffer.alloc(0);

  constructor(line) {
    this.#take(line.head);
    line.onData = (bytes) => this.#take(bytes);
  }

  #take(bytes) {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    let at = 0;
    for (;;) {
      if (this.#pending.length - at < HEAD_BYTES) break;
      const length = this.#pending.readUIntBE(at, 3);
      if (this.#pending.length - at < HEAD_BYTES + length) break;
      this.#took(this.#pending[at + 3], this.#pending.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length));
      at += HEAD_BYTES + length;
    }
    this.#pending = this.#pending.subarray(at);
  }

  #took(type, payload) {
    const name = NAMES[type] ?? 'unknown';
    this.frames[name] = (this.frames[name] ?? 0) + 1;
    if (name === 'goaway') this.goaway = payload.readUInt32BE(4);
  }
}

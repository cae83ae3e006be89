// What the client over REST uses of Node's Buffer, on the Uint8Array that every platform has.
export class Buffer extends Uint8Array {
  static alloc(length) {
    return new Buffer(length);
  }

  /** Of text in base64 (standard or URL-safe, padded or not), of numbers, or of a part of an ArrayBuffer. */
  static from(value, encodingOrOffset, length) {
    if (value instanceof ArrayBuffer) return new Buffer(value, encodingOrOffset, length);
    if (typeof value !== 'string') return new Buffer(value);
    if (encodingOrOffset !== 'base64') return new Buffer(new TextEncoder().encode(value));
    const text = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
    return new Buffer(Array.from(text, (character) => character.charCodeAt(0)));
  }

  static byteLength(text) {
    return new TextEncoder().encode(text).length;
  }

  static isBuffer(value) {
    return value instanceof Buffer;
  }

  toString(encoding) {
    if (encoding !== 'base64') return new TextDecoder().decode(this);
    let text = '';
    for (let at = 0; at < this.length; at += 0x8000) text += String.fromCharCode(...this.subarray(at, at + 0x8000));
    return btoa(text);
  }
}

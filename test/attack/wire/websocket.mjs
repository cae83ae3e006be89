/** Frames of a WebSocket client (RFC 6455), right ones and wrong ones. */
export const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** `length` claims another length than the payload has. */
export function frame(op, payload = '', { last = true, masked = true, reserved = 0, length } = {}) {
  const bytes = Buffer.from(payload);
  const head = [(last ? 0x80 : 0) | (reserved << 4) | op];
  const mask = masked ? 0x80 : 0;
  const size = length ?? bytes.length;
  const long = Buffer.alloc(8);
  if (size < 126) head.push(mask | size);
  else if (size < 65_536) head.push(mask | 126, size >> 8, size & 255);
  else {
    long.writeBigUInt64BE(BigInt(size));
    head.push(mask | 127, ...long);
  }
  // The mask of zeros is a mask as any other is, and leaves the payload as it is.
  if (masked) head.push(0, 0, 0, 0);
  return Buffer.concat([Buffer.from(head), bytes]);
}

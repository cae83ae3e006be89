import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** Largest buffer that an encoder keeps for its next message. */
const KEPT_BYTES = 1 << 20;

/**
 * An encoder that writes one message after the other into the same growing buffer: a writer of its own for each message
 * begins with a small one and doubles it, which for answers of kilobytes is most of the work. The result is a copy.
 */
export function encoder<T>(write: (message: T, writer: BinaryWriter) => unknown): (message: T) => Buffer {
  let writer = new BinaryWriter();
  return (message) => {
    const used = writer;
    // One that throws half-way must not leave its bytes to the next message.
    writer = new BinaryWriter();
    write(message, used);
    const bytes = used.finish();
    if (bytes.length < KEPT_BYTES) writer = used;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

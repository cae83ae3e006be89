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

/** Not compressed, and a length of four bytes. */
const PREFIX_BYTES = 5;

/** As `encoder`, of messages with the prefix that gRPC has in front of each: writing it later would copy the message. */
export function framedEncoder<T>(write: (message: T, writer: BinaryWriter) => unknown): (message: T) => Buffer {
  const encode = encoder<T>((message, writer) => write(message, writer.raw(new Uint8Array(PREFIX_BYTES))));
  return (message) => {
    const framed = encode(message);
    framed.writeUInt32BE(framed.length - PREFIX_BYTES, 1);
    return framed;
  };
}

import { BinaryReader as LibraryReader } from '@bufbuild/protobuf/wire';

export { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What a field of bytes is when it was not sent: the same for all messages, since there is nothing in it to change. */
export const NO_BYTES = Buffer.alloc(0);

/**
 * Reads protobuf; a string that is no UTF-8 throws TypeError, as the specification asks of proto3 parsers. The library puts
 * U+FFFD in the place of such bytes, unless it is told otherwise at every string, which generated code does not.
 */
export class BinaryReader extends LibraryReader {
  override string(): string {
    return super.string(true);
  }
}

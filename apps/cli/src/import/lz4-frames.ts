import { Transform } from 'node:stream';
import xxhash from 'xxhash-wasm';

/**
 * Decodes LZ4 frames (github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one or several, as a stream: no package that is
 * kept up does. Checks the checksums that a frame has. No dictionaries; the legacy format is another one.
 */
export function lz4Frames(): Transform {
  let decoder: Lz4Decoder | undefined;
  return new Transform({
    construct(done) {
      xxhash().then(({ create32 }) => {
        decoder = new Lz4Decoder(create32);
        done();
      }, done);
    },
    transform(chunk: Buffer, _, done) {
      try {
        for (const block of (decoder as Lz4Decoder).push(chunk)) this.push(block);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      done((decoder as Lz4Decoder).isBetweenFrames ? null : new Error('the last frame has no end'));
    },
  });
}

type Create32 = Awaited<ReturnType<typeof xxhash>>['create32'];

const MAGIC = 0x184d2204;
const WINDOW = 64 << 10;
/** Sizes of a block by the number in the frame's header. */
const BLOCK_SIZES: Record<number, number> = { 4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: 4 << 20 };

interface Frame {
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentSize: bigint | undefined;
  readonly blockSize: number;
  readonly hash: ReturnType<Create32>;
  /** The last 64 KiB of what was decoded, which linked blocks refer to. */
  window: Buffer;
  decoded: bigint;
}

export class Lz4Decoder {
  #pending: Buffer = Buffer.alloc(0);
  #frame: Frame | undefined;
  constructor(private readonly create32: Create32) {}

  get isBetweenFrames(): boolean {
    return this.#frame === undefined && this.#pending.length === 0;
  }

  *push(chunk: Buffer): Generator<Buffer> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const frame = this.#frame;
      if (frame === undefined) {
        if (!this.#readHeader()) return;
        continue;
      }
      const block = this.#takeBlock(frame);
      if (block === undefined) return;
      if (block === 'end') this.#frame = undefined;
      else if (block.length > 0) yield block;
    }
  }

  /** Whether the whole of it was there. */
  #readHeader(): boolean {
    const bytes = this.#pending;
    if (bytes.length < 7) return false;
    const magic = bytes.readUInt32LE(0);
    // Frames of users' own, to be passed over.
    if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) {
      const end = 8 + (bytes.length < 8 ? 0 : bytes.readUInt32LE(4));
      if (bytes.length < end || bytes.length < 8) return false;
      this.#pending = bytes.subarray(end);
      return true;
    }
    if (magic !== MAGIC) throw new Error('no LZ4 frame begins here');
    const [flags, sizes] = [bytes[4], bytes[5]];
    if (flags >> 6 !== 1) throw new Error('another version of the frame format');
    if ((flags & 1) !== 0) throw new Error('frames with a dictionary cannot be read');
    const sized = (flags & 8) !== 0;
    const length = 7 + (sized ? 8 : 0);
    if (bytes.length < length) return false;
    const descriptor = bytes.subarray(4, length - 1);
    if (((this.#hash(descriptor) >>> 8) & 0xff) !== bytes[length - 1])
      throw new Error('the header of a frame is damaged');
    const blockSize = BLOCK_SIZES[(sizes >> 4) & 7];
    if (blockSize === undefined) throw new Error('unknown size of blocks');
    this.#frame = {
      linked: (flags & 0x20) === 0,
      blockChecksums: (flags & 0x10) !== 0,
      contentChecksum: (flags & 4) !== 0,
      contentSize: sized ? bytes.readBigUInt64LE(6) : undefined,
      blockSize,
      hash: this.create32(0),
      window: Buffer.alloc(0),
      decoded: 0n,
    };
    this.#pending = bytes.subarray(length);
    return true;
  }

  /** The content of the next block, or the end of the frame; undefined when more bytes are needed. */
  #takeBlock(frame: Frame): Buffer | 'end' | undefined {
    const bytes = this.#pending;
    if (bytes.length < 4) return undefined;
    const word = bytes.readUInt32LE(0);
    if (word === 0) return this.#takeEnd(frame);
    const stored = word >>> 31 === 1;
    const size = word & 0x7fff_ffff;
    if (size > frame.blockSize) throw new Error('a block is larger than the frame allows');
    const end = 4 + size + (frame.blockChecksums ? 4 : 0);
    if (bytes.length < end) return undefined;
    const body = bytes.subarray(4, 4 + size);
    if (frame.blockChecksums && this.#hash(body) !== bytes.readUInt32LE(4 + size))
      throw new Error('a block is damaged');
    this.#pending = bytes.subarray(end);
    const content = stored ? body : decodeBlock(body, frame.linked ? frame.window : Buffer.alloc(0), frame.blockSize);
    if (frame.linked) frame.window = Buffer.from(Buffer.concat([frame.window, content]).subarray(-WINDOW));
    if (frame.contentChecksum) frame.hash.update(content);
    frame.decoded += BigInt(content.length);
    return content;
  }

  #takeEnd(frame: Frame): 'end' | undefined {
    const bytes = this.#pending;
    const end = 4 + (frame.contentChecksum ? 4 : 0);
    if (bytes.length < end) return undefined;
    if (frame.contentSize !== undefined && frame.contentSize !== frame.decoded) {
      throw new Error(`${frame.decoded} bytes, and the frame should hold ${frame.contentSize}`);
    }
    if (frame.contentChecksum && frame.hash.digest() !== bytes.readUInt32LE(4)) throw new Error('the checksum differs');
    this.#pending = bytes.subarray(end);
    return 'end';
  }

  #hash(bytes: Uint8Array): number {
    return this.create32(0).update(bytes).digest();
  }
}

/** LZ4 block format: sequences of literals and a match that copies from what came before, `window` first. */
function decodeBlock(input: Buffer, window: Buffer, limit: number): Buffer {
  const start = window.length;
  const output = Buffer.alloc(start + limit);
  window.copy(output);
  let [at, out] = [0, start];
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let byte: number;
      do {
        byte = byteAt(input, at++);
        length += byte;
      } while (byte === 255);
    }
    return length;
  };
  while (at < input.length) {
    const token = input[at++];
    const literals = lengthFrom(token >> 4);
    if (at + literals > input.length || out + literals > output.length) throw new Error('a block is damaged');
    input.copy(output, out, at, at + literals);
    at += literals;
    out += literals;
    if (at === input.length) return output.subarray(start, out);
    const offset = byteAt(input, at) | (byteAt(input, at + 1) << 8);
    at += 2;
    const match = lengthFrom(token & 15) + 4;
    if (offset === 0 || offset > out || out + match > output.length) throw new Error('a block is damaged');
    for (const end = out + match; out < end; out++) output[out] = output[out - offset];
  }
  throw new Error('a block is damaged');
}

function byteAt(input: Buffer, at: number): number {
  if (at >= input.length) throw new Error('a block is damaged');
  return input[at];
}

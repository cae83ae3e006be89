import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { VectronError } from '@vectron/errors';

/** Messages that are unpacked at once: half of the threads that Node has for this, files and names. */
const AT_ONCE = 2;
/** Compressed bytes of all messages that wait for their turn. */
const MAX_WAITING_BYTES = 64 << 20;
const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };
const CHUNK_BYTES = { least: 16 << 10, most: 256 << 10 };
const USUAL_FACTOR = 4;

export type Encoding = keyof typeof UNPACK;

export interface Packed {
  /** Whose: the tenant, or the address of a caller that nobody knows. */
  readonly owner: string;
  readonly bytes: Buffer;
  readonly encoding: Encoding;
  /** The longest that it may be when it is unpacked. */
  readonly maxBytes: number;
  /** Nobody waits for it any more. */
  isGone(): boolean;
}

interface Waiting {
  readonly packed: Packed;
  readonly start: () => void;
}

/**
 * Unpacks messages, a few at a time and of each owner in turn: kilobytes may be a message as long as its method allows, so
 * that all calls of one connection together would be gigabytes before any of them asked for room.
 */
export class Unpacking {
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingBytes = 0;
  #running = 0;

  async unpack(packed: Packed): Promise<Buffer> {
    await this.#turn(packed);
    try {
      if (packed.isGone()) throw new VectronError('CANCELLED', 'the client has disconnected');
      return await unpacked(packed);
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  async #turn(packed: Packed): Promise<void> {
    const { owner, bytes } = packed;
    if (this.#running < AT_ONCE) {
      this.#running += 1;
      return;
    }
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) {
      throw new VectronError(
        'OVERLOADED',
        'too many compressed messages are waiting to be decompressed; try again later',
        {
          details: { retryAfterMs: 1_000 },
        },
      );
    }
    this.#waitingBytes += bytes.length;
    await new Promise<void>((start) => {
      const others = this.#waiting.get(owner) ?? [];
      others.push({ packed, start });
      this.#waiting.set(owner, others);
    });
  }

  #next(): void {
    for (const [owner, waiting] of this.#waiting) {
      const first = waiting.shift();
      // To the end of the line of owners.
      this.#waiting.delete(owner);
      if (waiting.length > 0) this.#waiting.set(owner, waiting);
      if (first === undefined) continue;
      this.#waitingBytes -= first.packed.bytes.length;
      this.#running += 1;
      first.start();
      return;
    }
  }
}

async function unpacked({ bytes, encoding, maxBytes }: Packed): Promise<Buffer> {
  const { least, most } = CHUNK_BYTES;
  const chunkSize = Math.min(most, Math.max(least, USUAL_FACTOR * bytes.length));
  try {
    return await UNPACK[encoding](bytes, { maxOutputLength: maxBytes, chunkSize });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw messageTooLarge(maxBytes);
    throw new VectronError('INVALID_ARGUMENT', `the message is not valid ${encoding}`, { cause });
  }
}

export const messageTooLarge = (maxBytes: number) =>
  new VectronError(
    'PAYLOAD_TOO_LARGE',
    `a message of this method can have at most ${maxBytes} bytes after decompression; send smaller batches`,
  );

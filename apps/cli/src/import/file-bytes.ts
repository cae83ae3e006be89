import { open } from 'node:fs/promises';
import { pipeline, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { VectronError } from '@vectron/errors';
import { Decompress } from 'fzstd';
import { lz4Frames } from './lz4-frames.js';

/** The content of a file, decompressed, as it is read. */
export interface FileBytes {
  /** Of at most some hundred KiB each. Throws INVALID_ARGUMENT when compressed content is damaged or ends early. */
  readonly chunks: AsyncIterable<Buffer>;
  /**
   * Bytes of the file itself that are done, and its size. `used`: bytes of the content that the reader is done with; more of
   * them have been read ahead.
   */
  readonly progress: (used: number) => { readonly read: number; readonly total: number };
}

/** How a file is compressed, by its first bytes; brotli has none of its own, and is told by the name `.br`. */
export type Compression = 'gzip' | 'zstd' | 'lz4' | 'brotli';

const MAGIC: readonly (readonly [Compression | 'bzip2' | 'xz' | 'lz4 (legacy)', readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['lz4 (legacy)', [0x02, 0x21, 0x4c, 0x18]],
];

/** Throws INVALID_ARGUMENT for a compression that cannot be read. `head`: the first bytes of the file. */
export function compressionOf(file: string, head: Buffer): Compression | undefined {
  const [name] = MAGIC.find(([, magic]) => magic.every((byte, at) => head[at] === byte)) ?? [];
  if (name === undefined) return file.endsWith('.br') ? 'brotli' : undefined;
  if (name === 'bzip2' || name === 'xz' || name === 'lz4 (legacy)') {
    throw VectronError.invalid('file', `${file} is compressed with ${name}: use gzip, zstd, brotli or lz4 instead`);
  }
  return name;
}

/** The first bytes of a file as it lies on disk. Throws INVALID_ARGUMENT when it cannot be read. */
export async function headOf(file: string, length = 16): Promise<{ head: Buffer; size: number }> {
  const handle = await open(file).catch((cause: Error) => {
    throw VectronError.invalid('file', `${file} cannot be read: ${cause.message}; check its path and its permissions`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw VectronError.invalid('file', `${file} is not a file; pass the path of a file`);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return { head: buffer.subarray(0, bytesRead), size: stat.size };
  } finally {
    await handle.close();
  }
}

/** The content of a file, decompressed by what its first bytes say. */
export async function fileBytes(file: string): Promise<FileBytes> {
  const { head, size } = await headOf(file);
  const compression = compressionOf(file, head);
  let read = 0;
  let given = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    [read, given] = [0, 0];
    const handle = await open(file);
    const raw = handle.createReadStream({ highWaterMark: 256 << 10 });
    const counted = new Transform({
      transform(chunk: Buffer, _, done) {
        read += chunk.length;
        done(null, chunk);
      },
    });
    const decoder = decoderOf(compression);
    const stages = decoder === undefined ? ([raw, counted] as const) : ([raw, counted, decoder] as const);
    // Errors reach the reader through the last stage.
    const last = pipeline([...stages], () => {}) as unknown as Transform;
    try {
      for await (const chunk of last as AsyncIterable<Buffer>) {
        given += chunk.length;
        yield chunk;
      }
      // Node's gzip passes over what is no gzip after the end of it.
      const unread = decoder !== undefined && 'bytesWritten' in decoder ? read - decoder.bytesWritten : 0;
      if (unread > 0) throw new Error(`${unread} bytes follow on the end of the compressed content`);
    } catch (cause) {
      throw VectronError.invalid(
        'file',
        `${file} cannot be read to its end: ${explained(cause as Error, compression)}; get the whole file again`,
      );
    } finally {
      last.destroy();
      raw.destroy();
    }
  }
  return {
    chunks: { [Symbol.asyncIterator]: chunks },
    progress: (used) => ({ read: given === 0 ? 0 : read * Math.min(1, used / given), total: size }),
  };
}

/** Without the byte order mark of UTF-8, where content begins with one. */
export async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  const unmarked = (bytes: Buffer) =>
    bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < 3) continue;
    yield unmarked(head);
    head = undefined;
  }
  if (head !== undefined && head.length > 0) yield head;
}

const explained = ({ message }: Error, compression: Compression | undefined): string =>
  compression === undefined ? message : `it is ${compression} that is damaged or was cut off (${message})`;

type Decoder = Transform | (Transform & { readonly bytesWritten: number });

function decoderOf(compression: Compression | undefined): Decoder | undefined {
  if (compression === 'gzip') return zlib.createGunzip();
  if (compression === 'brotli') return zlib.createBrotliDecompress();
  if (compression === 'lz4') return lz4Frames();
  if (compression === 'zstd') return zstdDecoder();
  return undefined;
}

/** Node's own from 22.15 on, which checks checksums; before, a library that does not. */
function zstdDecoder(): Decoder {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Decoder };
  if (createZstdDecompress !== undefined) return createZstdDecompress();
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      attempt(done, () => frames.push(chunk));
    },
    flush(done) {
      attempt(done, () => frames.push(new Uint8Array(0), true));
    },
  });
  const frames = new Decompress((chunk) => {
    if (chunk.length > 0) stream.push(Buffer.from(chunk));
  });
  return stream;
}

function attempt(done: (error?: Error) => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

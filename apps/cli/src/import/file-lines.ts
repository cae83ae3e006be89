import { isUtf8 } from 'node:buffer';
import { fileBytes, withoutMark } from './file-bytes.js';

/** A line of a file. */
export interface Line {
  /** From 1. */
  readonly line: number;
  /** Without its end. */
  readonly bytes: Buffer;
  /** It has no line feed: the last one of a file that does not end with one, or that was cut off. */
  readonly isUnended: boolean;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * The lines of a file, decompressed: each ends at a line feed alone (a carriage return before it belongs to the end), so that
 * U+2028, U+0085 and others are text; readline of Node takes them for ends. A byte order mark is no part of the first one.
 * Memory: the longest line.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let line = 0;
  let rest: Buffer[] = [];
  const finished = (isUnended: boolean): Line => {
    const bytes = rest.length === 1 ? rest[0] : Buffer.concat(rest);
    rest = [];
    line += 1;
    const hasReturn = !isUnended && bytes.at(-1) === CR;
    return { line, bytes: hasReturn ? bytes.subarray(0, -1) : bytes, isUnended };
  };
  for await (const chunk of withoutMark(chunks)) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      rest.push(chunk.subarray(from, end));
      yield finished(false);
      from = end + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield finished(true);
}

/** As linesOf, of a file by its name. */
export async function* fileLines(file: string): AsyncGenerator<Line> {
  yield* linesOf((await fileBytes(file)).chunks);
}

/** The text of bytes; undefined when they are no UTF-8: nothing is replaced by U+FFFD. */
export const textOf = (bytes: Buffer): string | undefined => (isUtf8(bytes) ? bytes.toString('utf8') : undefined);

/** Whether a line has nothing but spaces. */
export const isBlank = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === CR);

import { withoutMark } from './file-bytes.js';
import type { JsonText } from './json-source.js';

const [QUOTE, BACKSLASH, COMMA, COLON, LF] = [0x22, 0x5c, 0x2c, 0x3a, 0x0a];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const isSpace = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * The texts of the elements of a JSON array: of the one that the file is, or of the one under `key` in the object that the file
 * is. Bytes are only told apart, each element is parsed on its own: memory is the longest element, and numbers stay as they are
 * written. What is wrong between elements, or missing at the end, is said by a last text.
 */
export async function* elementsOf(chunks: AsyncIterable<Buffer>, key?: string): AsyncGenerator<JsonText> {
  const splitter = new Splitter(key);
  for await (const chunk of withoutMark(chunks)) {
    yield* splitter.push(chunk);
    if (splitter.isBroken) return;
  }
  yield* splitter.end();
}

class Splitter {
  #line = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Depth of the elements; 0 before their list has begun. */
  #listDepth = 0;
  #isOver = false;
  isBroken = false;
  /** Of the element that is being read. */
  #parts: Buffer[] = [];
  #startLine = 0;
  #isInElement = false;
  /** Whether an element may begin here, and whether one must: after a comma. */
  #awaits: 'element' | 'element or end' | 'comma or end' = 'element or end';
  /** The last string directly in the object, which is a key when a colon follows. */
  #string: number[] | undefined;
  #key: string | undefined;

  constructor(private readonly key: string | undefined) {}

  *push(chunk: Buffer): Generator<JsonText> {
    let start = this.#isInElement ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) this.#line += 1;
      if (this.#inString) {
        this.#stringByte(byte);
        continue;
      }
      if (isSpace(byte)) continue;
      const isElements = this.#listDepth > 0 && !this.#isOver;
      if (isElements && this.#depth === this.#listDepth) {
        if (this.#isInElement && (byte === COMMA || byte === CLOSE_LIST)) {
          yield this.#finished(chunk.subarray(Math.max(start, 0), at));
          start = -1;
        }
        if (byte === COMMA) {
          if (this.#awaits !== 'comma or end') {
            yield this.#broken('a comma without an element before it; remove the comma');
            return;
          }
          this.#awaits = 'element';
          continue;
        }
        if (byte === CLOSE_LIST) {
          if (this.#awaits === 'element') {
            yield this.#broken('a comma without an element after it; remove the comma');
            return;
          }
          this.#isOver = true;
          this.#depth -= 1;
          continue;
        }
        if (!this.#isInElement) {
          this.#isInElement = true;
          this.#startLine = this.#line;
          start = at;
        }
      } else if (this.#isOver && this.#depth === 0) {
        yield this.#broken(
          'something follows on the end of the JSON value; remove it, or write one value per line as .jsonl',
        );
        return;
      }
      this.#structure(byte);
    }
    if (start >= 0) this.#parts.push(chunk.subarray(start));
  }

  *end(): Generator<JsonText> {
    if (this.#isOver && this.#depth === 0 && !this.#inString) return;
    const within = this.#isInElement ? 'within this row' : 'before its list does';
    yield this.#broken(`the file ends ${within}: it was cut off; get the whole file again`);
  }

  #stringByte(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return;
    }
    this.#string?.push(byte);
  }

  /** A byte outside of strings: depth, keys of the outermost object and the beginning of the list. */
  #structure(byte: number): void {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#string = this.#listDepth === 0 && this.#depth === 1 ? [] : undefined;
    } else if (byte === COLON && this.#depth === 1 && this.#listDepth === 0) {
      this.#key = this.#string && Buffer.from(this.#string).toString('utf8');
    } else if (byte === COMMA && this.#depth === 1) {
      this.#key = undefined;
    } else if (byte === OPEN_LIST || byte === OPEN) {
      const isList =
        byte === OPEN_LIST &&
        (this.key === undefined ? this.#depth === 0 : this.#depth === 1 && this.#key === this.key);
      this.#depth += 1;
      if (isList && this.#listDepth === 0) this.#listDepth = this.#depth;
    } else if (byte === CLOSE_LIST || byte === CLOSE) {
      this.#depth -= 1;
    }
  }

  #finished(last: Buffer): JsonText {
    this.#parts.push(last);
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#isInElement = false;
    this.#awaits = 'comma or end';
    return { line: this.#startLine, bytes };
  }

  #broken(wrong: string): JsonText {
    this.isBroken = true;
    return { line: this.#isInElement ? this.#startLine : this.#line, bytes: Buffer.alloc(0), wrong };
  }
}

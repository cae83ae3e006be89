import { ByteWindow, type Mark } from '../byte-window.js';

const [LF, QUOTE, BACKSLASH, COMMA, COLON] = [0x0a, 0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const isBlank = (byte: number) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === LF;

/** Bytes that say where a value ends: all others are passed over quickly, as most of a dump are digits. */
const TELLS = new Uint8Array(256);
for (const byte of [QUOTE, OPEN_LIST, OPEN, CLOSE_LIST, CLOSE, COMMA, COLON, LF, 0x20, 0x09, 0x0d]) TELLS[byte] = 1;

const MORE = -1;
const LINE_ENDS = -2;

/** Looks for the end of one value, over parts of it that follow on each other. */
class ValueScan {
  private depth = 0;
  private inString = false;
  /** The part before ended within a string, with a backslash that escapes. */
  private escaped = false;

  constructor(private readonly lines: boolean) {}

  /** Neither a string, a list nor an object: the end of the content may end it. */
  get isScalar(): boolean {
    return this.depth === 0 && !this.inString;
  }

  /** Index behind the value; MORE: it goes on; LINE_ENDS: a line feed ends it. */
  end(bytes: Buffer, from: number): number {
    const length = bytes.length;
    for (let at = from; at < length; at++) {
      if (this.inString) {
        const close = this.closing(bytes, at);
        const stop = close === -1 ? length : close;
        if (this.lines) {
          const lineEnd = bytes.indexOf(LF, at);
          if (lineEnd !== -1 && lineEnd < stop) return LINE_ENDS;
        }
        if (close === -1) return MORE;
        this.inString = false;
        if (this.depth === 0) return close + 1;
        at = close;
        continue;
      }
      while (at < length && TELLS[bytes[at]] === 0) at += 1;
      if (at === length) return MORE;
      const byte = bytes[at];
      if (byte === QUOTE) {
        if (this.depth === 0 && at > from) return at;
        this.inString = true;
      } else if (byte === OPEN_LIST || byte === OPEN) this.depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE) {
        if (this.depth === 0) return at;
        this.depth -= 1;
        if (this.depth === 0) return at + 1;
      } else if (this.depth === 0) return at;
      else if (byte === LF && this.lines) return LINE_ENDS;
    }
    return MORE;
  }

  /** Index of the quote that closes the string; -1: it is not among these bytes. */
  private closing(bytes: Buffer, from: number): number {
    // A backslash at the end of the part before takes the first byte.
    const begin = this.escaped ? from + 1 : from;
    this.escaped = false;
    for (let quote = bytes.indexOf(QUOTE, begin); quote !== -1; quote = bytes.indexOf(QUOTE, quote + 1)) {
      if (backslashesBefore(bytes, begin, quote) % 2 === 0) return quote;
    }
    this.escaped = backslashesBefore(bytes, begin, bytes.length) % 2 === 1;
    return -1;
  }
}

function backslashesBefore(bytes: Buffer, begin: number, end: number): number {
  let at = end - 1;
  while (at >= begin && bytes[at] === BACKSLASH) at -= 1;
  return end - 1 - at;
}

/** What is wrong with the structure of a JSON text; values themselves are not looked at. */
export class JsonFault extends Error {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

/** A value cut out of a text. */
export interface JsonPiece {
  readonly bytes: Buffer;
  /** From 1: that it begins on. */
  readonly line: number;
}

/**
 * Goes through the values of JSON texts that follow on each other, byte by byte: into those that are large, past others. Where
 * the caller does not go into a value it is taken as a piece, so that memory is the largest piece. Methods throw a JsonFault.
 */
export class JsonCursor {
  /** Each text stands on a line of its own: a line feed ends one that is broken. */
  lines = false;
  /** Lists and objects that were entered. */
  private depth = 0;

  constructor(private readonly window: ByteWindow) {}

  get line(): number {
    return this.window.line;
  }

  async begin(): Promise<void> {
    await this.window.skipMark();
  }

  /** Byte that the next value begins with; undefined: the content ends. */
  async peek(): Promise<number | undefined> {
    const { window } = this;
    for (;;) {
      while (window.at < window.bytes.length) {
        const byte = window.bytes[window.at];
        if (!isBlank(byte)) return byte;
        if (byte === LF && this.lines && this.depth > 0) throw this.fault('the line ends within a list or an object');
        window.skip(window.at + 1);
      }
      if (!(await window.more())) return undefined;
    }
  }

  async isList(): Promise<boolean> {
    return (await this.peek()) === OPEN_LIST;
  }

  async isObject(): Promise<boolean> {
    return (await this.peek()) === OPEN;
  }

  /** Into the list or object that is next. */
  async enter(): Promise<void> {
    await this.peek();
    this.window.skip(this.window.at + 1);
    this.depth += 1;
  }

  /** Before the next element of the list that was entered; false behind its end. `first`: none was taken yet. */
  async element(first: boolean): Promise<boolean> {
    return (await this.goesOn(first, CLOSE_LIST)) !== undefined;
  }

  /** The next key of the object that was entered, before its value; undefined behind its end. */
  async key(first: boolean): Promise<string | undefined> {
    const next = await this.goesOn(first, CLOSE);
    if (next === undefined) return undefined;
    if (next !== QUOTE) throw this.fault('a key is expected here');
    const { bytes } = await this.piece();
    if ((await this.peek()) !== COLON) throw this.fault('a colon is expected here');
    this.window.skip(this.window.at + 1);
    try {
      return JSON.parse(bytes.toString()) as string;
    } catch {
      throw this.fault('a key is no JSON');
    }
  }

  private async goesOn(first: boolean, close: number): Promise<number | undefined> {
    let next = await this.peek();
    if (next === close) {
      this.window.skip(this.window.at + 1);
      this.depth -= 1;
      return undefined;
    }
    if (!first) {
      if (next !== COMMA) throw next === undefined ? this.torn() : this.fault('a comma is expected here');
      this.window.skip(this.window.at + 1);
      next = await this.peek();
    }
    if (next === undefined) throw this.torn();
    if (next === CLOSE_LIST || next === CLOSE || next === COMMA) throw this.fault('a value is expected here');
    return next;
  }

  /** The text of the value that comes next, whole, and the line that it begins on; the cursor is behind it then. */
  async piece(): Promise<JsonPiece> {
    await this.peek();
    const { line } = this;
    const end = await this.end(true);
    return { bytes: this.window.take(end), line };
  }

  /** Goes past the next value, of any size. */
  async skip(): Promise<void> {
    await this.peek();
    this.window.skip(await this.end(false));
  }

  /** Behind the next value, in `window.bytes`. `keep`: the bytes of the value stay. */
  private async end(keep: boolean): Promise<number> {
    const { window } = this;
    const scan = new ValueScan(this.lines);
    const start = window.line;
    for (let from = window.at; ; ) {
      const end = scan.end(window.bytes, from);
      if (end === LINE_ENDS) throw new JsonFault(start, 'the line ends within the value; write each value on one line');
      if (end !== MORE) return end === window.at && from === window.at ? this.noValue() : end;
      from = window.bytes.length;
      if (!keep) window.skip(from);
      const scanned = from - window.at;
      if (!(await window.more())) {
        if (!scan.isScalar)
          throw new JsonFault(start, 'the file ends within the value: what follows was cut off; export it again');
        return scanned === 0 && keep ? this.noValue() : window.bytes.length;
      }
      from = window.at + scanned;
    }
  }

  private noValue(): never {
    throw this.fault('a value is expected here');
  }

  /** Keeps what follows for `rewind`, until `release`. */
  hold(): Mark & { readonly depth: number } {
    return { ...this.window.hold(), depth: this.depth };
  }

  release(): void {
    this.window.release();
  }

  rewind(mark: Mark & { readonly depth: number }): void {
    this.window.rewind(mark);
    this.depth = mark.depth;
  }

  /** To the beginning of the next line; false: there is none. */
  async nextLine(): Promise<boolean> {
    const { window } = this;
    this.depth = 0;
    for (;;) {
      const end = window.bytes.indexOf(LF, window.at);
      if (end !== -1) {
        window.skip(end + 1);
        return true;
      }
      window.skip(window.bytes.length);
      if (!(await window.more())) return false;
    }
  }

  private fault(message: string): JsonFault {
    return new JsonFault(this.line, `the JSON is broken: ${message}; correct it, or export the file again`);
  }

  private torn(): JsonFault {
    return new JsonFault(
      this.line,
      'the file ends here, within a list or an object: what follows was cut off; export it again',
    );
  }
}

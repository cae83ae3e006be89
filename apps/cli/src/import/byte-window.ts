const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

/** A place in a content, to come back to. */
export interface Mark {
  readonly offset: number;
  readonly line: number;
}

/**
 * The part of a content (file-bytes.ts) that a scanner looks at, moving forward. Memory: the longest token, twice. A token
 * that does not end within `bytes` is scanned again after `more()`, which at least doubles the bytes, so that scanning stays
 * linear.
 */
export class ByteWindow {
  /** From `at` on, bytes that are not consumed. */
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** From 1: of the byte at `at`. */
  line = 1;
  /** No bytes come after `bytes`. */
  ended = false;
  /** In the content, of bytes[0]. */
  private start = 0;
  /** In the content: bytes from here on are kept for `rewind`. */
  private held: number | undefined;
  /** Index of the first line feed from `at` on; the length of `bytes` where there is none. */
  private lineEnd = 0;
  private readonly chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** Brings at least as many bytes again as there are from `at` on; false when no byte came. */
  async more(): Promise<boolean> {
    const keepFrom = this.held === undefined ? this.at : this.held - this.start;
    const wanted = Math.max(1, this.bytes.length - keepFrom);
    const parts = [this.bytes.subarray(keepFrom)];
    let came = 0;
    while (came < wanted && !this.ended) {
      const { value, done } = await this.chunks.next();
      if (done === true) this.ended = true;
      else {
        parts.push(value);
        came += value.length;
      }
    }
    this.start += keepFrom;
    this.bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    this.at -= keepFrom;
    this.findLineEnd();
    return came > 0;
  }

  /** Consumes a byte order mark, which no content but the first bytes of a file has. */
  async skipMark(): Promise<void> {
    while (this.bytes.length < BYTE_ORDER_MARK.length && (await this.more()));
    if (this.bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) this.skip(BYTE_ORDER_MARK.length);
  }

  /** The bytes up to `end`, which are consumed; they stay as they are. */
  take(end: number): Buffer {
    const taken = this.bytes.subarray(this.at, end);
    this.skip(end);
    return taken;
  }

  /** Consumes the bytes up to `end`. */
  skip(end: number): void {
    this.at = end;
    while (this.lineEnd < end) {
      this.line += 1;
      const next = this.bytes.indexOf(LINE_FEED, this.lineEnd + 1);
      this.lineEnd = next === -1 ? this.bytes.length : next;
    }
  }

  /** Keeps the bytes from here on, so that `rewind` can come back; until `release`. */
  hold(): Mark {
    this.held = this.start + this.at;
    return { offset: this.held, line: this.line };
  }

  release(): void {
    this.held = undefined;
  }

  /** Back to where `hold` was called. */
  rewind({ offset, line }: Mark): void {
    this.at = offset - this.start;
    this.line = line;
    this.findLineEnd();
  }

  private findLineEnd(): void {
    const next = this.bytes.indexOf(LINE_FEED, this.at);
    this.lineEnd = next === -1 ? this.bytes.length : next;
  }

  /** Ends the reading, which closes the file, also before its end. */
  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}

import type { ByteWindow } from '../../byte-window.js';
import { blankEnd, type LexerState, MORE, statementEnd, tupleEnd } from './sql-lexer.js';
import { type Token, tokensOf, utf8 } from './sql-tokens.js';

/** What follows each other in a plain dump, with the line that it begins on. */
export type SqlEvent =
  /** Its tokens, without the `;`; an INSERT's up to VALUES. Only statements of the kinds in READ. */
  | { readonly kind: 'statement'; readonly tokens: readonly Token[]; readonly line: number }
  /** A row of the COPY before, without the line end. */
  | { readonly kind: 'copy'; readonly bytes: Buffer; readonly line: number }
  /** A row of the INSERT before, in parentheses. */
  | { readonly kind: 'tuple'; readonly bytes: Buffer; readonly line: number; readonly backslashes: boolean }
  /** `\connect`: what follows is of another database. */
  | { readonly kind: 'connect'; readonly database: string }
  /** The file ends within what `within` says. */
  | {
      readonly kind: 'torn';
      readonly within: 'copy' | 'insert' | 'statement';
      readonly line: number;
      /** It ends within a row, and not behind one. */
      readonly row: boolean;
    }
  /** The last line of pg_dump. */
  | { readonly kind: 'complete' };

const [LF, CR, BACKSLASH, OPEN, COMMA, SEMICOLON] = [0x0a, 0x0d, 0x5c, 0x28, 0x2c, 0x3b];
const READ = /^(?:create|alter|copy|insert|set|select)$/;
const COMPLETE = Buffer.from('PostgreSQL database dump complete');

/** Reads a plain dump from its first to its last byte. */
export class SqlEvents {
  private backslashes = false;

  constructor(private readonly window: ByteWindow) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<SqlEvent> {
    const { window } = this;
    await window.skipMark();
    for (;;) {
      yield* this.blank();
      if (window.at === window.bytes.length && window.ended) return;
      if (window.bytes[window.at] === BACKSLASH) yield* this.metaCommand();
      else yield* this.statement();
    }
  }

  private get state(): LexerState {
    return { backslashes: this.backslashes };
  }

  private async *blank(): AsyncGenerator<SqlEvent> {
    const { window } = this;
    let end = blankEnd(window.bytes, window.at);
    while (end === MORE || end === window.bytes.length) {
      if (!(await window.more())) {
        end = window.bytes.length;
        break;
      }
      end = blankEnd(window.bytes, window.at);
    }
    const isLast = window.bytes.subarray(window.at, end).includes(COMPLETE);
    window.skip(end);
    if (isLast) yield { kind: 'complete' };
  }

  /** A command of psql takes the rest of its line. */
  private async *metaCommand(): AsyncGenerator<SqlEvent> {
    const line = await this.restOfLine();
    const [command, first, ...rest] = utf8(line.bytes).trim().split(/\s+/);
    if (command !== '\\connect' && command !== '\\c') return;
    const named = [first, ...rest].find((word) => word !== undefined && !word.startsWith('-'));
    const database = /dbname='?([^']*)/.exec([first, ...rest].join(' '))?.[1] ?? named ?? '';
    yield { kind: 'connect', database: database.replaceAll('"', '') };
  }

  private async *statement(): AsyncGenerator<SqlEvent> {
    const { window } = this;
    const { line } = window;
    let found = statementEnd(window.bytes, window.at, this.state);
    while (found === undefined) {
      if (!(await window.more())) {
        window.skip(window.bytes.length);
        yield { kind: 'torn', within: 'statement', line, row: false };
        return;
      }
      found = statementEnd(window.bytes, window.at, this.state);
    }
    const { end, values } = found;
    const first = /^[a-z]+/i.exec(window.bytes.toString('latin1', window.at, window.at + 10))?.[0].toLowerCase() ?? '';
    const bytes = window.take(end);
    if (!READ.test(first) || (first === 'select' && !bytes.includes('set_config'))) return;
    const tokens = tokensOf(utf8(values ? bytes : bytes.subarray(0, -1)), this.backslashes);
    if (first === 'set') this.setting(tokens);
    yield { kind: 'statement', tokens, line };
    if (values) yield* this.tuples(line);
    else if (isCopyFromStdin(tokens)) yield* this.copied();
  }

  private setting(tokens: readonly Token[]): void {
    if (tokens[1]?.text !== 'standard_conforming_strings') return;
    this.backslashes = !['on', 'true', '1'].includes(tokens[3]?.text.toLowerCase() ?? '');
  }

  private async *tuples(head: number): AsyncGenerator<SqlEvent> {
    const { window } = this;
    let line = head;
    for (;;) {
      yield* this.blank();
      const byte = window.bytes[window.at];
      if (byte === undefined) {
        yield { kind: 'torn', within: 'insert', line, row: false };
        return;
      }
      if (byte === COMMA) window.skip(window.at + 1);
      else if (byte !== OPEN) break;
      else {
        line = window.line;
        let end = tupleEnd(window.bytes, window.at, this.state);
        while (end === MORE) {
          if (!(await window.more())) {
            window.skip(window.bytes.length);
            yield { kind: 'torn', within: 'insert', line, row: true };
            return;
          }
          end = tupleEnd(window.bytes, window.at, this.state);
        }
        yield { kind: 'tuple', bytes: window.take(end), line, backslashes: this.backslashes };
      }
    }
    // ON CONFLICT DO NOTHING, and the `;`.
    if (window.bytes[window.at] === SEMICOLON) window.skip(window.at + 1);
    else yield* this.restOfStatement(line);
  }

  private async *restOfStatement(line: number): AsyncGenerator<SqlEvent> {
    const { window } = this;
    let found = statementEnd(window.bytes, window.at, this.state);
    while (found === undefined) {
      if (!(await window.more())) {
        window.skip(window.bytes.length);
        yield { kind: 'torn', within: 'insert', line, row: false };
        return;
      }
      found = statementEnd(window.bytes, window.at, this.state);
    }
    window.skip(found.end);
  }

  private async *copied(): AsyncGenerator<SqlEvent> {
    // The rest of the line of the COPY.
    await this.restOfLine();
    for (;;) {
      const { line } = this.window;
      const { bytes, torn } = await this.restOfLine(true);
      const isEnd = bytes.length === 2 && bytes[0] === BACKSLASH && bytes[1] === 0x2e;
      if (isEnd) return;
      if (torn) {
        yield { kind: 'torn', within: 'copy', line, row: bytes.length > 0 };
        return;
      }
      yield { kind: 'copy', bytes, line };
    }
  }

  /** Consumes the line and its end. `torn`: it has no end. `data`: a backslash before a line end is data of COPY. */
  private async restOfLine(data = false): Promise<{ readonly bytes: Buffer; readonly torn: boolean }> {
    const { window } = this;
    let from = 0;
    for (;;) {
      const end = window.bytes.indexOf(LF, window.at + from);
      if (end === -1) {
        from = window.bytes.length - window.at;
        if (await window.more()) continue;
        const rest = window.take(window.bytes.length);
        return { bytes: withoutReturn(rest), torn: true };
      }
      if (data && isEscaped(window.bytes, window.at, end)) {
        from = end + 1 - window.at;
        continue;
      }
      const bytes = window.bytes.subarray(window.at, end);
      window.skip(end + 1);
      return { bytes: withoutReturn(bytes), torn: false };
    }
  }
}

const withoutReturn = (line: Buffer) => (line.at(-1) === CR ? line.subarray(0, -1) : line);

/** An odd number of backslashes stands before `end`. */
function isEscaped(bytes: Buffer, from: number, end: number): boolean {
  let at = end - 1;
  while (at >= from && bytes[at] === BACKSLASH) at -= 1;
  return (end - 1 - at) % 2 === 1;
}

function isCopyFromStdin(tokens: readonly Token[]): boolean {
  const words = tokens.map(({ text }) => text);
  const from = words.lastIndexOf('from');
  return words[0] === 'copy' && from > 0 && words[from + 1] === 'stdin';
}

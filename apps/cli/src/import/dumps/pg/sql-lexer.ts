/**
 * Where tokens of PostgreSQL's SQL end, in UTF-8 bytes: all delimiters are ASCII. It decides where statements end, as psql
 * does, and nothing else (sql-tokens.ts reads them). Functions give the index behind a token, or MORE when the bytes end
 * within it.
 */
export const MORE = -1;

const [LF, QUOTE, DOUBLE, DOLLAR, BACKSLASH] = [0x0a, 0x27, 0x22, 0x24, 0x5c];
const [DASH, SLASH, STAR, OPEN, CLOSE, SEMICOLON] = [0x2d, 0x2f, 0x2a, 0x28, 0x29, 0x3b];

const isSpace = (byte: number) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const isWordStart = (byte: number) =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;
const isWord = (byte: number) => isWordStart(byte) || isDigit(byte) || byte === DOLLAR;

export interface LexerState {
  /** A backslash escapes in '...': the setting standard_conforming_strings is off. */
  readonly backslashes: boolean;
}

/** Behind white space and comments. MORE too when the bytes end where a comment may begin. */
export function blankEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (isSpace(byte)) at += 1;
    else if (byte === DASH || byte === SLASH) {
      if (at + 1 === bytes.length) return MORE;
      const end = commentEnd(bytes, at);
      if (end === at) return at;
      if (end === MORE) return MORE;
      at = end;
    } else return at;
  }
  return at;
}

/** `at` itself when no comment begins there. */
function commentEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === DASH && bytes[at + 1] === DASH) return bytes.indexOf(LF, at);
  if (bytes[at] !== SLASH || bytes[at + 1] !== STAR) return at;
  let depth = 0;
  for (let next = at; next + 1 < bytes.length; next++) {
    if (bytes[next] === SLASH && bytes[next + 1] === STAR) {
      depth += 1;
      next += 1;
    } else if (bytes[next] === STAR && bytes[next + 1] === SLASH) {
      depth -= 1;
      next += 1;
      if (depth === 0) return next + 1;
    }
  }
  return MORE;
}

/** Of the token that begins at `at`; one byte where it is of no kind that matters. */
function tokenEnd(bytes: Buffer, at: number, { backslashes }: LexerState): number {
  const byte = bytes[at];
  if (byte === QUOTE) return stringEnd(bytes, at, backslashes);
  if (byte === DOUBLE) return quotedEnd(bytes, at, DOUBLE);
  if (byte === DOLLAR) return dollarEnd(bytes, at);
  if (byte === DASH || byte === SLASH) {
    if (at + 1 === bytes.length) return MORE;
    const end = commentEnd(bytes, at);
    return end === at ? at + 1 : end;
  }
  if (!isWordStart(byte)) return at + 1;
  let end = at + 1;
  while (end < bytes.length && isWord(bytes[end])) end += 1;
  if (end === bytes.length) return MORE;
  const isEscapeString = end === at + 1 && (byte === 0x45 || byte === 0x65) && bytes[end] === QUOTE;
  return isEscapeString ? stringEnd(bytes, end, true) : end;
}

function stringEnd(bytes: Buffer, at: number, backslashes: boolean): number {
  if (!backslashes) return quotedEnd(bytes, at, QUOTE);
  for (let next = at + 1; next < bytes.length; next++) {
    if (bytes[next] === BACKSLASH) next += 1;
    else if (bytes[next] === QUOTE) {
      if (next + 1 === bytes.length) return MORE;
      if (bytes[next + 1] !== QUOTE) return next + 1;
      next += 1;
    }
  }
  return MORE;
}

/** A quote that is written twice is one of the text. */
function quotedEnd(bytes: Buffer, at: number, quote: number): number {
  for (let next = bytes.indexOf(quote, at + 1); next !== -1; next = bytes.indexOf(quote, next + 2)) {
    if (next + 1 === bytes.length) return MORE;
    if (bytes[next + 1] !== quote) return next + 1;
  }
  return MORE;
}

/** `$tag$ ... $tag$`; a single `$` is a token of its own (parameters such as $1 are in no dump). */
function dollarEnd(bytes: Buffer, at: number): number {
  let end = at + 1;
  if (end < bytes.length && isDigit(bytes[end])) return end;
  while (end < bytes.length && isWord(bytes[end]) && bytes[end] !== DOLLAR) end += 1;
  if (end === bytes.length) return MORE;
  if (bytes[end] !== DOLLAR) return at + 1;
  const tag = bytes.subarray(at, end + 1);
  const close = bytes.indexOf(tag, end + 1);
  return close === -1 ? MORE : close + tag.length;
}

/** Where a statement, or the head of an INSERT, ends. */
export interface StatementEnd {
  /** Of what is read: behind the `;`, or behind the word VALUES. */
  readonly end: number;
  /** Rows in parentheses follow: the statement is INSERT ... VALUES. */
  readonly values: boolean;
}

/**
 * Of the statement that begins at `from`. A `;` ends it outside of quotes, comments, parentheses and bodies of functions
 * (BEGIN ATOMIC ... END). undefined: the bytes end within it.
 */
export function statementEnd(bytes: Buffer, from: number, state: LexerState): StatementEnd | undefined {
  const words: string[] = [];
  let [depth, body] = [0, 0];
  for (let at = from; at < bytes.length; ) {
    const byte = bytes[at];
    if (byte === SEMICOLON && depth === 0 && body === 0) return { end: at + 1, values: false };
    const end = tokenEnd(bytes, at, state);
    if (end === MORE) return undefined;
    if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) depth = Math.max(0, depth - 1);
    else if (isWordStart(byte) && end - at <= 16) {
      const word = bytes.toString('latin1', at, end).toLowerCase();
      if (words.length < 4) words.push(word);
      if (word === 'values' && words[0] === 'insert' && depth === 0) return { end, values: true };
      if (isRoutine(words)) body = bodyDepth(body, word);
    }
    at = end;
  }
  return undefined;
}

const isRoutine = ([first, ...rest]: string[]) =>
  first === 'create' && rest.some((word) => word === 'function' || word === 'procedure');

/** As psql counts it: `begin` opens a body, within which `case` has an `end`, too. */
function bodyDepth(depth: number, word: string): number {
  if (word === 'begin') return depth + 1;
  if (depth > 0 && word === 'case') return depth + 1;
  return depth > 0 && word === 'end' ? depth - 1 : depth;
}

/** Of the parenthesis that opens at `from`. */
export function tupleEnd(bytes: Buffer, from: number, state: LexerState): number {
  let depth = 0;
  for (let at = from; at < bytes.length; ) {
    const end = tokenEnd(bytes, at, state);
    if (end === MORE) return MORE;
    if (bytes[at] === OPEN) depth += 1;
    else if (bytes[at] === CLOSE) {
      depth -= 1;
      if (depth === 0) return end;
    }
    at = end;
  }
  return MORE;
}

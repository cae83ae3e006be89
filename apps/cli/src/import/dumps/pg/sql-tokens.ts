import { isUtf8 } from 'node:buffer';

/** Tokens of one statement of PostgreSQL, whose end is known (sql-lexer.ts). */
export type Token =
  /** A word without quotes, in lower case, as PostgreSQL folds names. */
  | { readonly kind: 'word'; readonly text: string }
  /** A name in double quotes. */
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  /** B'101' or X'1F': its digits, in base 2. */
  | { readonly kind: 'bits'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  /** Punctuation: a single character, or the `::` of a cast. */
  | { readonly kind: 'mark'; readonly text: string };

const BLANK = /(?:[ \t\n\r\f\v]+|--[^\n]*(?:\n|$))+/y;
const WORD = /[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_$\u0080-\u{10ffff}]*/uy;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const DOLLAR = /\$([A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*)?\$/uy;

/** `backslashes`: they escape in '...', too, not only in E'...'. */
export function tokensOf(text: string, backslashes: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const matched = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const quoted = (quote: string, escapes: boolean): string => {
    const end = endOfQuoted(text, at, quote, escapes);
    const inner = text.slice(at + 1, end - 1).replaceAll(quote + quote, quote);
    at = end;
    return escapes ? unescaped(inner) : inner;
  };
  while (at < text.length) {
    if (matched(BLANK) !== undefined) continue;
    if (text.startsWith('/*', at)) {
      at = endOfComment(text, at);
      continue;
    }
    const char = text[at];
    const prefix = text[at + 1] === "'" ? char.toLowerCase() : '';
    if (prefix === 'e') {
      at += 1;
      tokens.push({ kind: 'string', text: quoted("'", true) });
    } else if (prefix === 'b' || prefix === 'x') {
      at += 1;
      const digits = quoted("'", false);
      tokens.push({ kind: 'bits', text: prefix === 'b' ? digits : bitsOfHex(digits) });
    } else if (char === "'") tokens.push({ kind: 'string', text: quoted("'", backslashes) });
    else if (char === '"') tokens.push({ kind: 'name', text: quoted('"', false) });
    else if (char === '$') {
      const tag = matched(DOLLAR);
      if (tag === undefined) {
        at += 1;
        tokens.push({ kind: 'mark', text: '$' });
        continue;
      }
      const close = text.indexOf(tag, at);
      const end = close === -1 ? text.length : close;
      tokens.push({ kind: 'string', text: text.slice(at, end) });
      at = end + tag.length;
    } else {
      const word = matched(WORD);
      const number = word === undefined ? matched(NUMBER) : undefined;
      if (word !== undefined) tokens.push({ kind: 'word', text: word.replace(/[A-Z]/g, (one) => one.toLowerCase()) });
      else if (number !== undefined) tokens.push({ kind: 'number', text: number });
      else {
        const mark = text.startsWith('::', at) ? '::' : char;
        tokens.push({ kind: 'mark', text: mark });
        at += mark.length;
      }
    }
  }
  return tokens;
}

/** Behind the closing quote. */
function endOfQuoted(text: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    if (!escapes) {
      at = text.indexOf(quote, at);
      if (at === -1) return text.length;
    }
    if (escapes && text[at] === '\\') at += 1;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return text.length;
}

function endOfComment(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (text.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

const bitsOfHex = (digits: string) =>
  Array.from(digits, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');

const LETTERS: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))/gu;
const COPY_ESCAPE = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|([\s\S]))/gu;

/** The text of E'...': as COPY's, and \uXXXX and \UXXXXXXXX besides; `\v` is a `v` there. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return withBytes(text, ESCAPE, ([hex, octal, short, long, letter]) => {
    const code = short ?? long;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    if (letter !== undefined) return letter === 'v' ? letter : (LETTERS[letter] ?? letter);
    return byteOf(hex, octal);
  });
}

/** A value of COPY's text format, which is not `\N`. */
export function copyText(cell: string): string {
  if (!cell.includes('\\')) return cell;
  return withBytes(cell, COPY_ESCAPE, ([hex, octal, letter]) =>
    letter === undefined ? byteOf(hex, octal) : (LETTERS[letter] ?? letter),
  );
}

const byteOf = (hex: string | undefined, octal: string | undefined) =>
  hex === undefined ? Number.parseInt(octal ?? '0', 8) & 0xff : Number.parseInt(hex, 16);

/** Escapes that are numbers are bytes of UTF-8; several make a character. Throws where they make none. */
function withBytes(text: string, pattern: RegExp, read: (groups: (string | undefined)[]) => string | number): string {
  const parts: Buffer[] = [];
  let plain = '';
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    const one = read(match.slice(1));
    plain += text.slice(from, match.index);
    if (typeof one === 'string') plain += one;
    else {
      parts.push(Buffer.from(plain), Buffer.of(one));
      plain = '';
    }
    from = match.index + match[0].length;
  }
  plain += text.slice(from);
  if (parts.length === 0) return plain;
  parts.push(Buffer.from(plain));
  return utf8(Buffer.concat(parts));
}

export class NotUtf8 extends Error {}

/** Throws NotUtf8: nothing is replaced by U+FFFD. */
export function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new NotUtf8('these bytes are not UTF-8');
  return bytes.toString('utf8');
}

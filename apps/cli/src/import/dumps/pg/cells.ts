import { copyText, type Token, tokensOf, utf8 } from './sql-tokens.js';

/** A text, NULL, or undefined where a row does not say it (DEFAULT). */
export type Cell = string | null | undefined;

/** The values of a row of COPY in text format. Throws an Error when they cannot be read. */
export function cellsOf(bytes: Buffer): Cell[] {
  return decoded(bytes)
    .split('\t')
    .map((cell) => {
      if (cell === '\\N') return null;
      try {
        return copyText(cell);
      } catch {
        throw new Error('its escapes are not UTF-8; make the dump again with pg_dump --encoding=UTF8');
      }
    });
}

/** The values of a row of INSERT, in parentheses. Throws an Error when one is no literal. */
export function tupleCells(bytes: Buffer, backslashes: boolean): Cell[] {
  const tokens = tokensOf(decoded(bytes), backslashes).slice(1, -1);
  return byCommas(tokens).map(literal);
}

function byCommas(tokens: readonly Token[]): (readonly Token[])[] {
  const parts: (readonly Token[])[] = [];
  let [from, depth] = [0, 0];
  tokens.forEach((token, at) => {
    if (token.kind !== 'mark') return;
    if (token.text === '(' || token.text === '[') depth += 1;
    if (token.text === ')' || token.text === ']') depth -= 1;
    if (token.text !== ',' || depth > 0) return;
    parts.push(tokens.slice(from, at));
    from = at + 1;
  });
  return [...parts, tokens.slice(from)];
}

/** ARRAY[...] as the text of an array, `{1,"a b"}`. `tokens`: behind the first bracket. */
function arrayText(tokens: readonly Token[]): string {
  const close = tokens.findLastIndex(({ kind, text }) => kind === 'mark' && text === ']');
  const items = byCommas(tokens.slice(0, close)).filter((part) => part.length > 0);
  const texts = items.map((part) => {
    const item = literal(part);
    const isText = part[0].kind === 'string';
    if (isText) return `"${String(item).replace(/["\\]/g, '\\$&')}"`;
    return item ?? 'NULL';
  });
  return `{${texts.join(',')}}`;
}

function decoded(bytes: Buffer): string {
  try {
    return utf8(bytes);
  } catch {
    throw new Error('it is not UTF-8; make the dump again with pg_dump --encoding=UTF8');
  }
}

/** A literal, and casts of it, which change nothing that is read here. */
function literal(tokens: readonly Token[]): Cell {
  const [first, second] = tokens;
  const rest = (from: number): boolean => tokens[from] === undefined || tokens[from].text === '::';
  if (first?.kind === 'string' || first?.kind === 'bits' || first?.kind === 'number') {
    if (rest(1)) return first.text;
  }
  if (first?.kind === 'mark' && (first.text === '-' || first.text === '+') && second?.kind === 'number' && rest(2)) {
    return first.text === '-' ? `-${second.text}` : second.text;
  }
  if (first?.kind === 'word' && rest(1)) {
    if (first.text === 'null') return null;
    if (first.text === 'default') return undefined;
    if (first.text === 'true' || first.text === 'false') return first.text;
  }
  if (first?.kind === 'word' && first.text === 'array' && second?.text === '[') return arrayText(tokens.slice(2));
  const text = tokens.map((token) => token.text).join(' ');
  throw new Error(`a value must be a literal, not the expression ${text.slice(0, 40)}`);
}

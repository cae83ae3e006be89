import { VectronError } from '@vectron/errors';
import { stringify as stringifyLossless } from 'lossless-json';

/**
 * JSON text and values without loss of integers. It is not a general JSON library: numbers with a fraction or an exponent
 * are doubles (IEEE 754), and so are vectors. Runs in browsers too: it needs nothing of Node.
 *
 * - An integer literal within +-(2^53 - 1) is a `number`; one beyond, from -2^63 to 2^64 - 1, is a `bigint`.
 * - An integer literal outside of these is a `number` if a double is exactly that integer, otherwise an InexactNumber, which
 *   payloads and filters refuse.
 * - A literal with a fraction or an exponent is the nearest double; one that no finite double is near to is refused.
 * - Two equal keys in one object are refused: which value counts would differ from reader to reader.
 */

/** From here on neighbouring integers share a double. */
const LARGE = 2 ** 53;
const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 64n - 1n;
/** Of objects and lists in each other; payloads and filters have narrower limits of their own. */
const MAX_DEPTH = 200;
/**
 * V8 gives each key that it has not met a place in a table, and each object with keys of its own another table: a text of a
 * million different keys takes it seconds, one of a million equal keys a tenth of one.
 */
const MAX_DIFFERENT_KEYS = 100_000;
/** A shorter text has no room for so many: each takes a quote, a letter or more, a quote, a colon and a value. */
const FEW_KEYS = 6 * MAX_DIFFERENT_KEYS;

/**
 * An integer literal of more than 64 bits that is no double. A reader of doubles, such as of vectors, takes the nearest one,
 * which `Number()` and typed arrays get from it; who keeps numbers exactly refuses it.
 */
export class InexactNumber {
  constructor(readonly literal: string) {}

  valueOf(): number {
    return Number(this.literal);
  }
}
/** What a path of keys and places in lists, from the root of a JSON text, is called; see `fieldAt`. */
export type FieldOf = (path: readonly (string | number)[]) => string;
const wholePath: FieldOf = (path) => path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');

const isInexact = (value: unknown): boolean => value instanceof InexactNumber;

/**
 * The value of a JSON text from outside. `name` is what the text is called in errors. Throws INVALID_ARGUMENT when the text
 * is not JSON, nests deeper than 200 levels, has a key twice in one object, more than 100,000 different keys, or a number that
 * is larger than any double; the field is the place in the text, which `fieldOf` names where the text nests too deep. A byte
 * order mark is passed over. Costs JSON.parse and less than a tenth more; about three times that when a number in the text is
 * 2^53 or larger.
 */
export function parseJson(given: string, name = 'body', fieldOf: FieldOf = wholePath): unknown {
  // RFC 8259, section 8.1: a byte order mark may be ignored.
  const text = cutBelow(MAX_DEPTH + 1, given.startsWith('\ufeff') ? given.slice(1) : given);
  let parsed: ReturnType<typeof parse>;
  const keys = countKeys(text, name);
  try {
    parsed = parse(text, name);
  } catch (cause) {
    if (cause instanceof TooDeep) throw tooDeep(placeOf(name, fieldOf(pathBelow(cause.root))));
    if (cause instanceof VectronError) throw cause;
    throw VectronError.invalid(name, `${name} is not JSON: ${(cause as SyntaxError).message}`);
  }
  if (keys !== parsed.keys) throw duplicateKey(text, name);
  if (!parsed.large) return parsed.value;
  const refused = findIn(parsed.value, (one) => one === Infinity || one === -Infinity);
  if (refused === undefined) return parsed.value;
  const place = placeOf(name, refused.path);
  throw VectronError.invalid(place, `${place} is too large for a double; send it as a string`);
}

/**
 * As parseJson, for a text that Vectron wrote. Duplicate keys are not looked for, a number without an exact form is the
 * nearest double (version 0.1 stored doubles beyond 2^64 as rounded digits), and a text that is no JSON is a SyntaxError.
 */
export function parseTrustedJson(text: string, name = 'text'): unknown {
  const { value, large } = parse(text, name);
  return large && findIn(value, isInexact) !== undefined ? withDoubles(value) : value;
}

/**
 * As JSON.stringify, with a `bigint` as its digits and a large double as a literal that is exactly that double. Throws
 * INVALID_ARGUMENT for NaN, Infinity and integers that do not fit in 64 bits; the field is their place.
 */
export function stringifyJson(value: unknown, name = 'value', space?: number): string {
  if (!survey(value, name).large) return JSON.stringify(value, undefined, space);
  const refused = findIn(value, hasNoLiteral);
  if (refused !== undefined) {
    const place = placeOf(name, refused.path);
    throw VectronError.invalid(place, `${place}: ${String(refused.value)} ${NO_EXACT_FORM}`);
  }
  return stringifyLossless(value, undefined, space, [{ test: isLarge, stringify: literalOf }]) as string;
}

/** Whether the value holds a `bigint`, which JSON.stringify and google.protobuf.Struct refuse. */
export const holdsBigInt = (value: unknown): boolean =>
  survey(value, 'value').large && findIn(value, (one) => typeof one === 'bigint') !== undefined;

/** An object of `{}` or JSON.parse, of any realm, or without a prototype; no list and no instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  );
}

/** Whether `value` is a `bigint`, a double of 2^53 or larger, or no finite number. */
function isLarge(value: unknown): boolean {
  return typeof value === 'bigint' || (typeof value === 'number' && !(Math.abs(value) < LARGE));
}

/** Whether it is one of the integers that are exact everywhere: -2^63 to 2^64 - 1. */
export const isWideInteger = (integer: bigint): boolean => integer >= MIN_INTEGER && integer <= MAX_INTEGER;
const hasNoLiteral = (value: unknown): boolean =>
  typeof value === 'bigint' ? !isWideInteger(value) : typeof value === 'number' && !Number.isFinite(value);

/** JSON.stringify gives 1234567890123456800 for the double 1234567890123456768: digits are written from the double itself. */
function literalOf(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  const integer = BigInt(value as number);
  return isWideInteger(integer) ? integer.toString() : (value as number).toExponential();
}

function parse(text: string, name: string): Survey & { value: unknown } {
  const value: unknown = JSON.parse(text);
  const { keys, large } = survey(value, name);
  if (!large) return { value, keys, large };
  return { value: exactTree(text, value), keys, large };
}

/**
 * The tree of a text whose integers beyond 2^53 JSON.parse changed: it parses once more, with these literals as strings
 * behind a mark that no string of the tree begins with. A parser in JavaScript, such as that of lossless-json, took 4 to
 * 60 times as long as JSON.parse, for vectors as numbers and as base64; this takes three times as long.
 */
function exactTree(json: string, value: unknown): unknown {
  const mark = '~'.repeat(longestMark(value) + 1);
  // A text may be a number and nothing else.
  const text = ` ${json} `;
  let marked = '';
  let at = 0;
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', at)) {
    const end = endOfString(text, start);
    marked += withMarks(text.slice(at, start), mark) + text.slice(start, end);
    at = end;
  }
  return withIntegers(JSON.parse(marked + withMarks(text.slice(at), mark)), mark);
}

/** Begins with a character, not with a look behind or an option: engines then skip the digits of vectors quickly. */
const LONG_INTEGER = /([[:,\s])(-?[1-9]\d{15,})(?=[\s,\]}])/g;
const withMarks = (between: string, mark: string) => between.replace(LONG_INTEGER, `$1"${mark}$2"`);

/** The most `~` that a string of the tree begins with. */
function longestMark(value: unknown): number {
  if (typeof value === 'string') return /^~*/.exec(value)?.[0].length ?? 0;
  if (typeof value !== 'object' || value === null) return 0;
  let most = 0;
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof item !== 'number') most = Math.max(most, longestMark(item));
  }
  return most;
}

/** The tree, changed: the marked strings are numbers. */
function withIntegers(value: unknown, mark: string): unknown {
  if (typeof value === 'string') return value.startsWith(mark) ? integerOf(value.slice(mark.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      if (typeof value[at] !== 'number') value[at] = withIntegers(value[at], mark);
    }
    return value;
  }
  const items = value as Record<string, unknown>;
  for (const key of Object.keys(items)) items[key] = withIntegers(items[key], mark);
  return value;
}

/** The tree, changed: numbers without an exact form are the doubles next to them. */
function withDoubles(value: unknown): unknown {
  if (value instanceof InexactNumber) return value.valueOf();
  if (typeof value !== 'object' || value === null) return value;
  const items = value as Record<string, unknown>;
  for (const key of Object.keys(items)) items[key] = withDoubles(items[key]);
  return value;
}

function integerOf(digits: string): number | bigint | InexactNumber {
  const double = Number(digits);
  if (!Number.isFinite(double)) return double;
  const integer = BigInt(digits);
  if (isWideInteger(integer)) return Math.abs(double) < LARGE ? double : integer;
  return BigInt(double) === integer ? double : new InexactNumber(digits);
}

interface Survey {
  /** How many keys all objects of the tree have together. */
  readonly keys: number;
  /** Whether a number is one that JSON.parse may have changed, and JSON.stringify may change. */
  readonly large: boolean;
}

/** Goes through a tree once, without a call for each number: vectors are most of a body. */
function survey(root: unknown, name: string): Survey {
  let keys = 0;
  let large = isLarge(root);
  const walk = (value: object, depth: number): void => {
    if (depth > MAX_DEPTH) throw new TooDeep(root as object, name);
    if (ArrayBuffer.isView(value)) return;
    const items = Array.isArray(value) ? value : Object.values(value);
    if (items !== value) keys += items.length;
    for (let at = 0; at < items.length; at++) {
      const item: unknown = items[at];
      if (typeof item === 'number') {
        if (!(item < LARGE && item > -LARGE)) large = true;
      } else if (typeof item === 'object') {
        if (item !== null) walk(item, depth + 1);
      } else if (typeof item === 'bigint') large = true;
    }
  };
  if (typeof root === 'object' && root !== null) walk(root, 1);
  return { keys, large };
}

/** The first value that passes, with its place. */
function findIn(
  value: unknown,
  passes: (one: unknown) => boolean,
  depth = 1,
): { value: unknown; path: string } | undefined {
  if (passes(value)) return { value, path: '' };
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  if (depth > MAX_DEPTH) throw tooDeep('value');
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const found = findIn(value[at], passes, depth + 1);
      if (found !== undefined) return { ...found, path: `[${at}]${found.path}` };
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const found = findIn((value as Record<string, unknown>)[key], passes, depth + 1);
    if (found !== undefined) return { ...found, path: `.${key}${found.path}` };
  }
  return undefined;
}

const tooDeep = (name: string) =>
  VectronError.invalid(name, `${name} must not be nested more than ${MAX_DEPTH} levels deep`);

class TooDeep extends VectronError {
  constructor(
    readonly root: object,
    name: string,
  ) {
    const { code, message, details } = tooDeep(name);
    super(code, message, { details });
  }
}

/** The keys on the way to the first value that is too deep, as far as a message may have fields. */
function pathBelow(root: object): (string | number)[] {
  const path: (string | number)[] = [];
  const walk = (value: object, depth: number): boolean => {
    if (depth > MAX_DEPTH) return true;
    const items = Array.isArray(value) ? value : Object.values(value);
    return items.some((item: unknown, at) => {
      if (typeof item !== 'object' || item === null) return false;
      path.push(items === value ? at : Object.keys(value)[at]);
      const found = walk(item, depth + 1);
      if (!found) path.pop();
      return found;
    });
  };
  walk(root, 1);
  return path.slice(0, MOST_FIELDS);
}
/** No message of the contract has fields further down. */
const MOST_FIELDS = 8;

/** A place in the body of a request is a field of the request. */
const placeOf = (name: string, path: string) => (name === 'body' && path.startsWith('.') ? path.slice(1) : name + path);

/** What tells how deep a text nests; what closes a list or an object stands behind what opens it. */
const MARKS = ['[', ']', '{', '}', '"'] as const;

/**
 * The text; or, of one that nests deeper than `depth`, what comes before the first place that does, with its objects and lists
 * closed: a parser is not given a million objects in each other, which took it most of a second. Each mark is looked for by
 * itself: numbers, which are most of a body, cost next to nothing.
 */
function cutBelow(depth: number, text: string): string {
  if (text.length <= 2 * depth) return text;
  const open: string[] = [];
  const places = MARKS.map((mark) => placeAfter(text, mark, 0));
  for (;;) {
    const at = Math.min(...places);
    if (at === Number.POSITIVE_INFINITY) return text;
    const mark = text[at];
    let from = at + 1;
    if (mark === '"') {
      from = endOfString(text, at);
      if (from === 0) return text;
    } else if (mark === ']' || mark === '}') open.pop();
    else if (open.length === depth) return `${text.slice(0, at)}null${open.reverse().join('')}`;
    else open.push(mark === '[' ? ']' : '}');
    for (let kind = 0; kind < MARKS.length; kind++) {
      if (places[kind] < from) places[kind] = placeAfter(text, MARKS[kind], from);
    }
  }
}

/** Where the mark is next; infinite: nowhere. */
function placeAfter(text: string, mark: string, from: number): number {
  const place = text.indexOf(mark, from);
  return place === -1 ? Number.POSITIVE_INFINITY : place;
}

/** The end of the message for a number that is refused. */
export const NO_EXACT_FORM = 'has no exact form as a 64-bit integer or a double; send it as a string';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const isSpace = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/**
 * The strings of a text that are followed by a colon: the keys of one that is JSON, equal ones included. Throws
 * INVALID_ARGUMENT when there are more different ones than a parser may be given; a text that is no JSON is counted as far as
 * its strings end.
 */
function countKeys(text: string, name: string): number {
  let keys = 0;
  const different = text.length < FEW_KEYS ? undefined : new Set<string>();
  for (let start = text.indexOf('"'); start !== -1; ) {
    const end = endOfString(text, start);
    if (end === 0) return keys;
    let next = end;
    while (isSpace(text.charCodeAt(next))) next += 1;
    if (text.charCodeAt(next) === COLON) {
      keys += 1;
      if (different !== undefined && different.add(text.slice(start, end)).size > MAX_DIFFERENT_KEYS) {
        const message = `${name} has more than ${MAX_DIFFERENT_KEYS} different keys; send it in parts`;
        throw VectronError.invalid(name, message);
      }
    }
    start = text.charCodeAt(next) === QUOTE ? next : text.indexOf('"', next);
  }
  return keys;
}

/** Behind the quote that ends the string which begins at `start`; 0: none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    // An even number of backslashes escape each other, and not the quote.
    if ((end - before) % 2 === 1) return end + 1;
  }
  return 0;
}

/** The error for the first object of a valid JSON text that has a key twice. */
function duplicateKey(text: string, name: string): VectronError {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    if (char === '}') open.pop();
    if (char !== '"') {
      at += 1;
      continue;
    }
    const end = endOfString(text, at);
    let next = end;
    while (isSpace(text.charCodeAt(next))) next += 1;
    if (text.charCodeAt(next) === COLON) {
      const key = JSON.parse(text.slice(at, end)) as string;
      if (open.at(-1)?.has(key)) {
        return VectronError.invalid(
          key,
          `${name}: the key ${JSON.stringify(key)} occurs twice in one object; send it once`,
        );
      }
      open.at(-1)?.add(key);
    }
    at = end;
  }
  return VectronError.invalid(name, `${name}: a key occurs twice in one object; send it once`);
}

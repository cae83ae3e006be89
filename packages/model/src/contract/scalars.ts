import { VectronError } from '@vectron/errors';
import { CONTRACT, type FieldType } from '@vectron/proto';
import { InexactNumber } from '../exact-json.js';

/**
 * Scalars by the proto3 JSON mapping (https://protobuf.dev/programming-guides/json): numbers may be strings, bytes are
 * base64 in either alphabet, with padding or without, enums are names or numbers. A float printed is the shortest text
 * that is that float.
 */
export type ReadScalar = (value: unknown, at: string) => unknown;

const wrong = (at: string, what: string) => VectronError.invalid(at, `${at} must be ${what}`);

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw wrong(at, 'a string');
  if (!value.isWellFormed()) throw wrong(at, 'a string of valid Unicode');
  return value;
}

function flag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw wrong(at, 'true or false');
  return value;
}

const INTEGER = /^-?\d+$/;
/** Quoted integers may be written as floating-point numbers, as in protobuf's own parsers. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const integer =
  (min: number, max: number, what: string): ReadScalar =>
  (value, at) => {
    const isText = typeof value === 'string' && NUMBER.test(value);
    const number = isText || typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isInteger(number) || number < min || number > max) {
      throw wrong(at, `${what}, ${min} to ${max}`);
    }
    return number;
  };

const wide =
  (min: bigint, max: bigint, what: string): ReadScalar =>
  (value, at) => {
    let number: bigint | undefined;
    if (typeof value === 'bigint') number = value;
    else if (typeof value === 'number' && Number.isInteger(value)) number = BigInt(value);
    else if (typeof value === 'string' && INTEGER.test(value)) number = BigInt(value);
    else if (typeof value === 'string' && NUMBER.test(value) && Number.isSafeInteger(Number(value))) {
      number = BigInt(Number(value));
    }
    if (number === undefined || number < min || number > max) throw wrong(at, `${what}, ${min} to ${max}`);
    return number;
  };

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const MAX_FLOAT = 3.4028235677973366e38;

function double(value: unknown, at: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof InexactNumber) return Number(value);
  if (typeof value === 'string') {
    if (Object.hasOwn(SPECIAL, value)) return SPECIAL[value];
    const number = NUMBER.test(value) ? Number(value) : Number.NaN;
    if (Number.isFinite(number)) return number;
  }
  throw wrong(at, 'a number');
}

function float(value: unknown, at: string): number {
  const number = double(value, at);
  if (Number.isFinite(number) && Math.abs(number) >= MAX_FLOAT) throw wrong(at, 'a number that a float32 can hold');
  return number;
}

/** One of both alphabets: a text with letters of both is a mistake. */
const BASE64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/;

function bytes(value: unknown, at: string): Buffer {
  const what = 'base64, of the standard or the URL-safe alphabet';
  if (typeof value !== 'string' || !BASE64.test(value)) throw wrong(at, what);
  const padded = value.endsWith('=');
  const length = value.length - (padded ? (value.endsWith('==') ? 2 : 1) : 0);
  if (length % 4 === 1 || (padded && value.length % 4 !== 0)) throw wrong(at, what);
  return Buffer.from(value, 'base64');
}

const INT32 = integer(-(2 ** 31), 2 ** 31 - 1, 'an integer');
const UINT32 = integer(0, 2 ** 32 - 1, 'an integer');
const INT64 = wide(-(2n ** 63n), 2n ** 63n - 1n, 'an integer');
const UINT64 = wide(0n, 2n ** 64n - 1n, 'an integer');

const READERS: Record<Exclude<FieldType, 'enum' | 'message'>, ReadScalar> = {
  string: text,
  bool: flag,
  int32: INT32,
  sint32: INT32,
  uint32: UINT32,
  fixed32: UINT32,
  int64: INT64,
  sint64: INT64,
  uint64: UINT64,
  fixed64: UINT64,
  double,
  float,
  bytes,
};

/** How a value of the type is read from JSON. `ref`: of an enum, its full name. */
export function scalarReader(type: FieldType, ref?: string): ReadScalar {
  if (type === 'message') throw new Error('a message is no scalar');
  return type === 'enum' ? enumReader(ref as string) : READERS[type];
}

function enumReader(name: string): ReadScalar {
  const numbers = CONTRACT.enums[name];
  return (value, at) => {
    if (typeof value === 'string' && Object.hasOwn(numbers, value)) return numbers[value];
    if (typeof value === 'number' && Object.values(numbers).includes(value)) return value;
    throw wrong(at, `one of ${Object.keys(numbers).join(', ')}`);
  };
}

const NO_BYTES = Buffer.alloc(0);

/** The value of a field that was not sent. */
export function defaultOf(type: FieldType): unknown {
  switch (type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'bytes':
      return NO_BYTES;
    case 'int64':
    case 'sint64':
    case 'uint64':
    case 'fixed64':
      return 0n;
    case 'message':
      return undefined;
    default:
      return 0;
  }
}

/** Text of a scalar in JSON. `ref`: of an enum, its full name. */
export function scalarWriter(type: FieldType, ref?: string): (value: never) => string {
  switch (type) {
    case 'string':
      return (value: string) => JSON.stringify(value);
    case 'bool':
      return (value: boolean) => (value ? 'true' : 'false');
    case 'bytes':
      return (value: Uint8Array) => `"${Buffer.from(value).toString('base64')}"`;
    case 'int64':
    case 'sint64':
    case 'uint64':
    case 'fixed64':
      return (value: bigint) => `"${value}"`;
    case 'float':
      return floatText;
    case 'double':
      return (value: number) => (Number.isFinite(value) ? String(value) : `"${value}"`);
    case 'enum': {
      const names = new Map(Object.entries(CONTRACT.enums[ref as string]).map(([name, number]) => [number, name]));
      return (value: number) => {
        const name = names.get(value);
        return name === undefined ? String(value) : `"${name}"`;
      };
    }
    case 'message':
      throw new Error('a message is no scalar');
    default:
      return (value: number) => String(value);
  }
}

const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** A normal float32 that needs fewer digits prints the same with these, without its zeros. */
const LEAST_DIGITS = 6;
const MOST_DIGITS = 9;
const LEAST_NORMAL = 2 ** -126;

/** The shortest decimal that is this float32 when it is read as one: 0.1, not 0.10000000149011612. */
export function floatText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  if (!Number.isFinite(value)) return `"${value}"`;
  const float = Math.fround(value);
  // By arithmetic where a power of ten is exact; this is five times as fast as toPrecision, and vectors are long.
  const magnitude = Math.floor(Math.log10(Math.abs(float)));
  const least = Math.abs(float) < LEAST_NORMAL ? 1 : LEAST_DIGITS;
  for (let digits = least; digits <= MOST_DIGITS; digits++) {
    const power = POWERS[digits - 1 - magnitude];
    const short = power === undefined ? Number(float.toPrecision(digits)) : Math.round(float * power) / power;
    if (Math.fround(short) === float) return String(short);
  }
  return String(float);
}

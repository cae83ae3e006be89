import { isUtf8 } from 'node:buffer';
import { VectronError } from '@vectron/errors';
import { parseJson } from '@vectron/model';
import type { SchemaElement, SchemaTree } from 'hyparquet';
import { halfToNumber } from '../npy.js';
import { dateText, decimalText, epochText, timeText } from './time-text.js';

/**
 * A schema without the types that the library converts on its own: it would make doubles of decimals, dates of milliseconds,
 * and texts with U+FFFD. Lists stay.
 */
export const physicalSchema = (schema: readonly SchemaElement[]): SchemaElement[] =>
  schema.map((element) => {
    const { converted_type: converted, logical_type: logical, ...physical } = element;
    if (!element.num_children) return physical;
    // Of a map the library makes an object whose keys are text of any type; as a struct it stays a list of pairs.
    return converted === 'LIST' || logical?.type === 'LIST' ? { ...physical, converted_type: 'LIST' } : physical;
  });

/** A value of a column as JSON has it, by its type. Throws INVALID_ARGUMENT for what has no exact form. */
export type Convert = (value: unknown) => unknown;

/** How values of a column become JSON. undefined: they have no form in JSON, and `why` says so. */
export function converterOf(node: SchemaTree): Convert | { readonly why: string } {
  const { element, children } = node;
  if (children.length === 0) return leaf(element);
  const kind = element.converted_type ?? element.logical_type?.type;
  if (element.logical_type?.type === 'VARIANT') return { why: 'is a VARIANT' };
  if (kind === 'LIST' && children.length === 1) return list(listElement(children[0]));
  if (kind === 'MAP' || kind === 'MAP_KEY_VALUE') return map(children[0]);
  if (element.repetition_type === 'REPEATED') {
    const one = struct(children);
    return typeof one === 'function' ? (value) => (value as unknown[]).map(one) : one;
  }
  return struct(children);
}

/** Of a list of three levels its element; of an older one of two levels, the repeated column itself. */
const listElement = (repeated: SchemaTree): SchemaTree =>
  repeated.children.length === 1
    ? repeated.children[0]
    : { ...repeated, element: { ...repeated.element, repetition_type: 'REQUIRED' } };

function list(element: SchemaTree): ReturnType<typeof converterOf> {
  const convert = converterOf(element);
  if (typeof convert !== 'function') return convert;
  if (convert === asIs) return (value) => (Array.isArray(value) ? value : Array.from(value as ArrayLike<unknown>));
  return (value) => Array.from(value as ArrayLike<unknown>, (item) => (isNothing(item) ? null : convert(item)));
}

function map(pair: SchemaTree): ReturnType<typeof converterOf> {
  const [key, item] = pair.children;
  const [keyOf, itemOf] = [converterOf(key), converterOf(item)];
  if (typeof keyOf !== 'function') return keyOf;
  if (typeof itemOf !== 'function') return itemOf;
  return (value) => {
    const pairs = (value as Record<string, Record<string, unknown>[] | undefined>)[pair.element.name] ?? [];
    const entries = pairs.map((one) => {
      const own = one[item.element.name];
      return [String(keyOf(one[key.element.name])), isNothing(own) ? null : itemOf(own)] as const;
    });
    return objectOf(entries);
  };
}

function struct(children: readonly SchemaTree[]): ReturnType<typeof converterOf> {
  const fields = children.map(({ element, ...child }) => [element.name, converterOf({ element, ...child })] as const);
  for (const [, convert] of fields) if (typeof convert !== 'function') return convert;
  return (value) => {
    const entries = fields.map(([name, convert]) => {
      const item = (value as Record<string, unknown>)[name];
      return [name, isNothing(item) ? null : (convert as Convert)(item)] as const;
    });
    return objectOf(entries);
  };
}

function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    if (Object.hasOwn(object, name))
      throw VectronError.invalid('payload', `the key "${name}" occurs twice in one map; remove one of the two`);
    object[name] = value;
  }
  return object;
}

const isNothing = (value: unknown): boolean => value === undefined || value === null;
const asIs: Convert = (value) => value;
/** A 64-bit integer as JSON has it: a number where a double is exactly that. */
const integer: Convert = (value) =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
const unsigned =
  (bits: 32 | 64): Convert =>
  (value) =>
    integer(BigInt.asUintN(bits, BigInt(value as number | bigint)));

function leaf(element: SchemaElement): ReturnType<typeof converterOf> {
  const convert = leafValue(element);
  if (element.repetition_type !== 'REPEATED' || typeof convert !== 'function') return convert;
  return (value) => Array.from(value as ArrayLike<unknown>, convert);
}

function leafValue({
  type,
  converted_type: converted,
  logical_type: logical,
  scale,
  precision,
}: SchemaElement): ReturnType<typeof converterOf> {
  const kind = logical?.type;
  if (converted === 'DECIMAL' || kind === 'DECIMAL') return decimal(scale ?? 0, precision ?? 0);
  if (converted === 'DATE' || kind === 'DATE') return (value) => dateText(Number(value));
  if (kind === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP_') === true) return timestamp(logical, converted);
  if (kind === 'TIME' || converted?.startsWith('TIME_') === true) {
    const unit = logical?.type === 'TIME' ? UNITS[logical.unit] : converted === 'TIME_MILLIS' ? 3 : 6;
    return (value) => timeText(BigInt(value as number | bigint), unit);
  }
  if (type === 'INT96') return (value) => epochText(int96Nanos(value as bigint), 9, false);
  if (converted === 'UINT_64' || (logical?.type === 'INTEGER' && logical.bitWidth === 64 && !logical.isSigned))
    return unsigned(64);
  if (converted?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned))
    return unsigned(32);
  if (type === 'INT64') return integer;
  if (kind === 'UUID') return (value) => uuidText(value as Uint8Array);
  if (kind === 'FLOAT16') return (value) => halfOf(value as Uint8Array);
  if (converted === 'JSON' || kind === 'JSON') return (value) => parseJson(utf8(value as Uint8Array), 'a JSON column');
  if (converted === 'UTF8' || converted === 'ENUM' || kind === 'STRING' || kind === 'ENUM')
    return (value) => utf8(value as Uint8Array);
  if (converted === 'INTERVAL' || converted === 'BSON' || kind === 'BSON')
    return { why: `is of the type ${converted ?? kind}` };
  if (kind === 'GEOMETRY' || kind === 'GEOGRAPHY') return { why: `is of the type ${kind}` };
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY')
    return (value) => Buffer.from(value as Uint8Array).toString('base64');
  return asIs;
}

/** Decimal places of a fraction of a second by unit. */
const UNITS = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;

function timestamp(logical: SchemaElement['logical_type'], converted: SchemaElement['converted_type']): Convert {
  const [unit, isUtc] =
    logical?.type === 'TIMESTAMP'
      ? [UNITS[logical.unit], logical.isAdjustedToUTC]
      : [converted === 'TIMESTAMP_MILLIS' ? 3 : 6, true];
  return (value) => epochText(BigInt(value as number | bigint), unit, isUtc);
}

/** Days since 4713 BC in the upper 32 bits, nanoseconds of the day in the lower 64. */
const int96Nanos = (value: bigint): bigint =>
  ((value >> 64n) - 2_440_588n) * 86_400_000_000_000n + (value & 0xffff_ffff_ffff_ffffn);

/** A number where it has the same digits as one, else text: payloads have doubles and integers of 64 bits. */
function decimal(scale: number, precision: number): Convert {
  return (value) => {
    const unscaled = value instanceof Uint8Array ? bigEndian(value) : BigInt(value as number | bigint);
    const text = decimalText(unscaled, scale);
    // A double keeps 15 decimal digits.
    if (precision <= 15) return Number(text);
    return scale === 0 && BigInt.asIntN(64, unscaled) === unscaled ? integer(unscaled) : text;
  };
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length, value);
}

function utf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes))
    throw VectronError.invalid('file', 'a text is not valid UTF-8; write the column in UTF-8, or as binary');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const halfOf = (bytes: Uint8Array): number => halfToNumber(bytes[0] | (bytes[1] << 8));

import { parquetMetadataAsync, parquetReadObjects, parquetSchema, type SchemaElement } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { Row, RowSource } from './rows';

/** Rows that are read at a time. */
const WINDOW = 2_000;
/** Digits of a decimal that a double holds. */
const EXACT_DIGITS = 15;

/** The rows of a Parquet file, with integers of 64 bits and times exactly as they are. */
export async function parquetRows(file: File): Promise<RowSource> {
  const buffer = {
    byteLength: file.size,
    slice: (start: number, end?: number) => file.slice(start, end).arrayBuffer(),
  };
  const metadata = await parquetMetadataAsync(buffer);
  const top = parquetSchema(metadata).children;
  const inexact = top.filter(({ element }) => isInexact(element)).map(({ element }) => element.name);
  const columns = top.map(({ element }) => element.name).filter((name) => !inexact.includes(name));
  const total = Number(metadata.num_rows);
  async function* rows(): AsyncGenerator<Row> {
    for (let start = 0; start < total; start += WINDOW) {
      const rowEnd = Math.min(total, start + WINDOW);
      const read = {
        file: buffer,
        metadata,
        columns,
        compressors,
        parsers: PARSERS,
        utf8: false,
        rowStart: start,
        rowEnd,
      };
      const objects = await parquetReadObjects(read);
      for (const [at, fields] of objects.entries())
        yield { line: start + at + 1, fields: plain(fields) as Row['fields'] };
    }
  }
  const leftOut = inexact.map((name) => `${name}: decimals of more than ${EXACT_DIGITS} digits`);
  return { format: 'Parquet', total, leftOut, rows };
}

function isInexact({ converted_type, logical_type, precision }: SchemaElement): boolean {
  const isDecimal = converted_type === 'DECIMAL' || logical_type?.type === 'DECIMAL';
  return isDecimal && (precision ?? 0) > EXACT_DIGITS;
}

/** Times as text with all their digits: a Date has milliseconds only. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint) => timeText(value, 1_000n),
  timestampFromMicroseconds: (value: bigint) => timeText(value, 1_000_000n),
  timestampFromNanoseconds: (value: bigint) => timeText(value, 1_000_000_000n),
  dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes),
};

function timeText(value: bigint, unit: bigint): string {
  const rest = ((value % unit) + unit) % unit;
  const seconds = (value - rest) / unit;
  const digits = unit.toString().length - 1;
  const fraction = rest === 0n ? '' : `.${rest.toString().padStart(digits, '0')}`;
  return `${new Date(Number(seconds) * 1_000).toISOString().slice(0, 19)}${fraction}Z`;
}

/** Values as JSON has them: integers that a number holds are numbers, bytes are base64. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return base64(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, plain);
  if (Array.isArray(value)) return value.every((one) => typeof one === 'number') ? value : value.map(plain);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

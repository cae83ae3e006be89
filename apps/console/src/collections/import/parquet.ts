import { parseJson } from '@vectron/model/exact-json';
import {
  type Compressors,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet';
import {
  decompressBrotli,
  decompressGzip,
  decompressLz4,
  decompressLz4Raw,
  decompressZstd,
} from 'hyparquet-compressors';
import type { Row, RowSource } from './rows.js';

/** Without the package's own for Snappy, which is WebAssembly and forbidden by the policy of the page; hyparquet has one in JavaScript. */
const compressors: Compressors = {
  GZIP: decompressGzip,
  BROTLI: decompressBrotli,
  ZSTD: (input) => decompressZstd(input),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/** Rows that are read first, by which columns are understood. */
const FIRST_ROWS = 500;
/** Bytes of the rows that are read at a time: a column is decoded from the begin of its row group, so that few rows at a time take long. */
const WINDOW_BYTES = 2 ** 26;

/** The rows of a Parquet file, with integers of 64 bits and times exactly as they are; columns of other types are left out. */
export async function parquetRows(file: Blob): Promise<RowSource> {
  const buffer = {
    byteLength: file.size,
    slice: async (start: number, end?: number) => await file.slice(start, end).arrayBuffer(),
  };
  const metadata = await parquetMetadataAsync(buffer);
  const all = parquetSchema(metadata).children.map((tree) => ({
    name: tree.element.name,
    tree,
    why: whyInexact(tree),
  }));
  const read = all.filter(({ why }) => why === undefined);
  const local = read.filter(({ tree }) => isLocalTime(tree.element)).map(({ name }) => name);
  const columns = read.map(({ name }) => name);
  const total = Number(metadata.num_rows);
  const bytes = metadata.row_groups.reduce((sum, group) => sum + Number(group.total_byte_size), 0);
  const atATime = Math.max(1, Math.floor((WINDOW_BYTES * total) / Math.max(1, bytes)));
  const common = { file: buffer, metadata, columns, compressors, parsers: PARSERS, utf8: false, useOffsetIndex: true };
  async function* rows(): AsyncGenerator<Row> {
    for (let rowStart = 0, rowEnd = 0; rowStart < total; rowStart = rowEnd) {
      rowEnd = Math.min(total, rowStart + (rowStart === 0 ? FIRST_ROWS : atATime));
      const objects = await parquetReadObjects({ ...common, rowStart, rowEnd });
      for (const [at, values] of objects.entries()) {
        const fields = plain(values) as Record<string, unknown>;
        for (const name of local) fields[name] = withoutZone(fields[name]);
        yield { line: rowStart + at + 1, fields };
      }
    }
  }
  const leftOut = all.flatMap(({ name, why }) => (why === undefined ? [] : [`${name} (${why})`]));
  return { format: 'Parquet', total, leftOut, rows };
}

/** What of a column, or of what is in it, would not be exactly what the file says. */
function whyInexact({ element, children }: SchemaTree, isTop = true): string | undefined {
  const { type, converted_type: converted = '', logical_type: logical } = element;
  const kind = logical?.type ?? converted;
  if (kind.startsWith('TIME_') || kind === 'TIME') return 'a time of day';
  const other = OTHER_TYPES.find((name) => kind === name || converted === name);
  if (other !== undefined) return other.toLowerCase().replaceAll('_', ' ');
  if (!isTop && (type === 'INT96' || isLocalTime(element))) return 'a local time within another value';
  return children.map((child) => whyInexact(child, false)).find((why) => why !== undefined);
}

const OTHER_TYPES = ['DECIMAL', 'INTERVAL', 'BSON', 'VARIANT', 'GEOMETRY', 'GEOGRAPHY', 'MAP', 'MAP_KEY_VALUE'];

/** Times that are in no zone. */
const isLocalTime = ({ type, logical_type: logical }: SchemaElement): boolean =>
  type === 'INT96' || (logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC);

const withoutZone = (value: unknown) => (typeof value === 'string' ? value.replace(/Z$/, '') : value);

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** Times as text with all their digits: a Date has milliseconds only. */
const PARSERS = {
  timestampFromMilliseconds: (value: bigint) => timeText(value, 1_000n),
  timestampFromMicroseconds: (value: bigint) => timeText(value, 1_000_000n),
  timestampFromNanoseconds: (value: bigint) => timeText(value, 1_000_000_000n),
  dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().slice(0, 10),
  stringFromBytes: textOf,
  // JSON.parse would round large integers.
  jsonFromBytes: (bytes: Uint8Array) => parseJson(textOf(bytes), 'value'),
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
  // A null within a list or a struct.
  if (value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return base64(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, plain);
  if (Array.isArray(value)) return value.every((one) => typeof one === 'number') ? value : value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { toVectronError, VectronError } from '@vectron/errors';
import {
  CompressionType,
  compressionRegistry,
  type Data,
  type DataType,
  type Field,
  RecordBatchReader,
  Type,
} from 'apache-arrow';
import { decompress } from 'fzstd';
import xxhash from 'xxhash-wasm';
import { fileBytes } from '../file-bytes.js';
import { Lz4Decoder } from '../lz4-frames.js';
import { halfToNumber } from '../npy.js';
import { dateText, decimalText, epochText, timeText } from '../parquet/time-text.js';
import type { FieldsDump, FieldsRow, ListType } from './fields-dump.js';

/** The value at an index of a column's data, as JSON has it; not called where it is null. */
type Read = (data: Data, at: number) => unknown;

/** Columns of an Arrow IPC file, or stream, as pyarrow and LanceDB write it. Memory: one record batch. */
export async function arrowFields(file: string): Promise<Pick<FieldsDump, 'rows' | 'listTypes' | 'unread'>> {
  await refuseTorn(file);
  await readCompressed();
  const { fields } = await withReader(file, async ({ schema }) => schema);
  const lists = fields.flatMap(({ name, type }): [string, ListType][] => {
    const list = listType(type);
    return list === undefined ? [] : [[name, list]];
  });
  const unread = fields.filter(({ type }) => readerOf(type) === undefined);
  return {
    listTypes: new Map(lists),
    unread: unread.map(({ name, type }) => ({
      what: name,
      reason: `the column is of the type ${String(type)}, which has no form in JSON; convert it to text to keep it`,
    })),
    rows: () => rowsOf(file, fields),
  };
}

const FILE_MAGIC = 'ARROW1';
/** Ends a stream; readers take the end of a file for it. */
const STREAM_END = '\xff\xff\xff\xff\0\0\0\0';

async function refuseTorn(file: string): Promise<void> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const tail = await handle.read(Buffer.alloc(8), 0, 8, Math.max(0, size - 8));
    const isFile = buffer.toString('latin1').startsWith(FILE_MAGIC);
    const end = tail.buffer.toString('latin1', 0, tail.bytesRead);
    if (isFile ? end.endsWith(FILE_MAGIC) : end === STREAM_END) return;
    throw VectronError.invalid(
      'file',
      `${file} is truncated: the end of the Arrow ${isFile ? 'file' : 'stream'} is missing; export it again`,
    );
  } finally {
    await handle.close();
  }
}

/** Buffers of a batch may be LZ4 frames, as Feather has them, or zstd. */
async function readCompressed(): Promise<void> {
  const { create32 } = await xxhash();
  // Copies: the library makes views of 64-bit values, which begin at multiples of eight bytes.
  const decodeLz4 = (bytes: Uint8Array) => Buffer.concat([...new Lz4Decoder(create32).push(Buffer.from(bytes))]);
  compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => Uint8Array.from(decodeLz4(bytes)) });
  compressionRegistry.set(CompressionType.ZSTD, { decode: (bytes) => Uint8Array.from(decompress(bytes)) });
}

async function withReader<T>(file: string, work: (reader: RecordBatchReader) => Promise<T>): Promise<T> {
  try {
    const reader = await RecordBatchReader.from((await fileBytes(file)).chunks as AsyncIterable<Uint8Array>);
    await reader.open();
    try {
      return await work(reader as unknown as RecordBatchReader);
    } finally {
      await reader.cancel();
    }
  } catch (cause) {
    throw cannotBeRead(file, cause);
  }
}

const cannotBeRead = (file: string, cause: unknown) =>
  cause instanceof VectronError
    ? cause
    : VectronError.invalid(
        'file',
        `${file} is not a complete Arrow file: ${(cause as Error).message}; export it again`,
      );

async function* rowsOf(file: string, fields: readonly Field[]): AsyncGenerator<FieldsRow> {
  const readers = fields.map(({ type }) => readerOf(type));
  let line = 0;
  try {
    const reader = await RecordBatchReader.from((await fileBytes(file)).chunks as AsyncIterable<Uint8Array>);
    for await (const batch of reader) {
      const columns = fields.map((_, at) => batch.getChildAt(at)?.data[0]);
      for (let row = 0; row < batch.numRows; row++) {
        line += 1;
        yield { place: { file, line }, ...fieldsAt(row, fields, columns, readers) };
      }
    }
  } catch (cause) {
    throw cannotBeRead(file, cause);
  }
}

function fieldsAt(
  row: number,
  fields: readonly Field[],
  columns: readonly (Data | undefined)[],
  readers: readonly (Read | undefined)[],
): Pick<FieldsRow, 'fields' | 'wrong'> {
  const values: [string, unknown][] = [];
  for (const [at, { name }] of fields.entries()) {
    const [read, data] = [readers[at], columns[at]];
    if (read === undefined || data === undefined) continue;
    try {
      values.push([name, valueAt(data, row, read)]);
    } catch (error) {
      return { wrong: `column "${name}": ${toVectronError(error).message}` };
    }
  }
  return { fields: Object.fromEntries(values) };
}

const valueAt = (data: Data, at: number, read: Read): unknown => (data.getValid(at) ? read(data, at) : null);

/** undefined: it is no list. */
function listType(type: DataType): ListType | undefined {
  if (![Type.List, Type.FixedSizeList].includes(type.typeId)) return undefined;
  const item = type.children[0].type as DataType & { readonly bitWidth?: number; readonly isSigned?: boolean };
  if (item.typeId === Type.Float) return 'floats';
  if (item.typeId !== Type.Int || item.bitWidth !== 8) return 'others';
  return item.isSigned === true ? 'small integers' : 'bytes';
}

/** A 64-bit integer as JSON has it: a number where a double is exactly that. */
const integer = (value: bigint | number): bigint | number =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
const plain: Read = (data, at) => integer(data.values[at] as bigint | number);
const bytesAt = (data: Data, at: number): Buffer => {
  const { valueOffsets, values } = data as Data & { valueOffsets: ArrayLike<number | bigint> };
  const [from, to] = [Number(valueOffsets[at]), Number(valueOffsets[at + 1])];
  return Buffer.from((values as Uint8Array).subarray(from, to));
};

function utf8(bytes: Buffer): string {
  if (!isUtf8(bytes))
    throw VectronError.invalid('file', 'a text is not valid UTF-8; write the column in UTF-8, or as binary');
  return bytes.toString('utf8');
}

/** Units of time of Arrow, in decimal places of a second. */
const PLACES = [0, 3, 6, 9];

/** undefined: values of the type have no form in JSON. */
function readerOf(type: DataType): Read | undefined {
  const {
    unit = 0,
    timezone,
    precision,
    scale = 0,
  } = type as DataType & {
    readonly unit?: number;
    readonly timezone?: string | null;
    readonly precision?: number;
    readonly scale?: number;
  };
  switch (type.typeId) {
    case Type.Null:
      return () => null;
    case Type.Int:
      return plain;
    case Type.Float:
      return precision === 0 ? (data, at) => halfToNumber(data.values[at] as number) : plain;
    case Type.Bool:
      return (data, at) => ((data.values as Uint8Array)[at >> 3] & (1 << (at & 7))) !== 0;
    case Type.Utf8:
    case Type.LargeUtf8:
      return (data, at) => utf8(bytesAt(data, at));
    case Type.Binary:
    case Type.LargeBinary:
      return (data, at) => bytesAt(data, at).toString('base64');
    case Type.FixedSizeBinary:
      return (data, at) =>
        Buffer.from((data.values as Uint8Array).subarray(at * data.stride, (at + 1) * data.stride)).toString('base64');
    case Type.Date:
      return (data, at) =>
        dateText(unit === 0 ? Number(data.values[at]) : Math.floor(Number(data.values[at]) / 86_400_000));
    case Type.Timestamp:
      return (data, at) =>
        epochText(BigInt(data.values[at] as bigint), PLACES[unit], timezone != null && timezone !== '');
    case Type.Time:
      return (data, at) => timeText(BigInt(data.values[at] as number | bigint), PLACES[unit]);
    case Type.Decimal:
      return (data, at) =>
        decimal((data.values as Uint32Array).subarray(at * data.stride, (at + 1) * data.stride), scale, precision ?? 0);
    case Type.List:
    case Type.FixedSizeList:
      return listReader(type);
    case Type.Struct:
      return structReader(type.children);
    case Type.Dictionary:
      return dictionaryReader(type);
    default:
      return undefined;
  }
}

/** Little-endian words of a number in two's complement. A double keeps 15 decimal digits; of more the text is exact. */
function decimal(words: Uint32Array, scale: number, precision: number): unknown {
  let value = 0n;
  for (let at = words.length - 1; at >= 0; at--) value = (value << 32n) | BigInt(words[at]);
  const text = decimalText(BigInt.asIntN(32 * words.length, value), scale);
  return precision <= 15 ? Number(text) : text;
}

function listReader(type: DataType): Read | undefined {
  const read = readerOf(type.children[0].type as DataType);
  if (read === undefined) return undefined;
  const { listSize } = type as DataType & { readonly listSize?: number };
  return (data, at) => {
    const offsets = data.valueOffsets as ArrayLike<number> | undefined;
    const [from, to] =
      listSize === undefined && offsets !== undefined
        ? [offsets[at], offsets[at + 1]]
        : [at * (listSize ?? 0), (at + 1) * (listSize ?? 0)];
    return Array.from({ length: to - from }, (_, i) => valueAt(data.children[0], from + i, read));
  };
}

function structReader(children: readonly Field[]): Read | undefined {
  const readers = children.map(({ name, type }) => [name, readerOf(type)] as const);
  if (readers.some(([, read]) => read === undefined)) return undefined;
  return (data, at) =>
    Object.fromEntries(readers.map(([name, read], i) => [name, valueAt(data.children[i], at, read as Read)]));
}

function dictionaryReader(type: DataType): Read | undefined {
  const { dictionary } = type as DataType & { readonly dictionary: DataType };
  const read = readerOf(dictionary);
  if (read === undefined) return undefined;
  return (data, at) => {
    let index = Number(data.values[at]);
    for (const part of data.dictionary?.data ?? []) {
      if (index < part.length) return valueAt(part, index, read);
      index -= part.length;
    }
    return null;
  };
}

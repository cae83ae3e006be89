import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { VectronError } from '@vectron/errors';
import { halfToNumber } from '../npy.js';
import type { FieldsDump, FieldsRow, ListType } from './fields-dump.js';

/** Rows read at a time. */
const STEP = 256;
const HEAD = 64 << 10;

/** A file of NumPy that has one value, or one list of numbers, a row. */
interface NpyColumn {
  readonly name: string;
  readonly file: string;
  readonly dataAt: number;
  /** Such as `<f4`, `|b1` or `<U8`. */
  readonly type: string;
  readonly rows: number;
  /** undefined: one value a row. */
  readonly columns: number | undefined;
}

/** A directory of one .npy file a field, all of as many rows. Throws INVALID_ARGUMENT. */
export async function npyColumns(
  directory: string,
  names: readonly string[],
): Promise<Pick<FieldsDump, 'rows' | 'listTypes'>> {
  const columns: NpyColumn[] = [];
  for (const name of [...names].sort())
    columns.push(await headerOf(join(directory, name), name.slice(0, -'.npy'.length)));
  const [first] = columns;
  const other = columns.find(({ rows }) => rows !== first.rows);
  if (other !== undefined) {
    const message = `${first.file} has ${first.rows} rows and ${other.file} ${other.rows}; export them again with equal lengths`;
    throw VectronError.invalid('file', message);
  }
  const lists = columns.flatMap((one): [string, ListType][] =>
    one.columns === undefined ? [] : [[one.name, listType(one.type)]],
  );
  return { listTypes: new Map(lists), rows: () => rowsOf(directory, columns) };
}

function listType(type: string): ListType {
  const kind = type.slice(1);
  if (kind.startsWith('f')) return 'floats';
  return kind === 'u1' ? 'bytes' : kind === 'i1' ? 'small integers' : 'others';
}

async function headerOf(file: string, name: string): Promise<NpyColumn> {
  const wrong = (why: string) => VectronError.invalid('file', `${file} ${why}`);
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    if (bytesRead < 12 || buffer.toString('latin1', 0, 6) !== '\x93NUMPY')
      throw wrong('is not a .npy file; write it with numpy.save');
    const headerAt = buffer[6] >= 2 ? 12 : 10;
    const length = buffer[6] >= 2 ? buffer.readUInt32LE(8) : buffer.readUInt16LE(8);
    const header = buffer.toString('latin1', headerAt, headerAt + length);
    const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? 'a structure';
    const shape = (/'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? '').split(',').flatMap((one) => one.trim() || []);
    const readable = /^[<>|=](f[248]|[iu][1248]|b1|U\d+|S\d+)$/.test(type);
    if (!readable) throw wrong(`holds ${type}, which cannot be read: convert it to numbers, booleans or text`);
    if (shape.length < 1 || shape.length > 2)
      throw wrong(`must have an array of one or two dimensions, not ${shape.length}`);
    if (shape.length === 2 && /'fortran_order':\s*True/.test(header))
      throw wrong('is in Fortran order: write it with np.ascontiguousarray');
    const [rows, columns] = shape.map(Number);
    const column = { name, file, dataAt: headerAt + length, type, rows, columns };
    const needed = column.dataAt + rows * bytesOfRow(column);
    const { size } = await handle.stat();
    if (size < needed) throw wrong(`ends early: it has ${size} bytes, and should have ${needed}; export it again`);
    return column;
  } finally {
    await handle.close();
  }
}

function bytesOfRow({ type, columns = 1 }: NpyColumn): number {
  const width = Number(type.slice(2));
  return columns * (type[1] === 'U' ? 4 * width : width);
}

async function* rowsOf(directory: string, columns: readonly NpyColumn[]): AsyncGenerator<FieldsRow> {
  const handles: FileHandle[] = [];
  try {
    for (const { file } of columns) handles.push(await open(file));
    const { rows } = columns[0];
    for (let from = 0; from < rows; from += STEP) {
      const count = Math.min(STEP, rows - from);
      const blocks = await Promise.all(columns.map((column, at) => blockOf(handles[at], column, from, count)));
      for (let at = 0; at < count; at++) {
        const fields = columns.map((column, i) => [column.name, elementAt(column, blocks[i], at)] as const);
        yield { place: { file: directory, line: from + at + 1 }, fields: Object.fromEntries(fields) };
      }
    }
  } finally {
    for (const handle of handles) await handle.close();
  }
}

async function blockOf(handle: FileHandle, column: NpyColumn, from: number, count: number): Promise<Buffer> {
  const size = bytesOfRow(column);
  const { buffer } = await handle.read(Buffer.alloc(count * size), 0, count * size, column.dataAt + from * size);
  return buffer;
}

function elementAt(column: NpyColumn, block: Buffer, row: number): unknown {
  const size = bytesOfRow(column);
  const bytes = block.subarray(row * size, (row + 1) * size);
  if (column.columns === undefined) return scalar(bytes, column.type);
  const width = size / column.columns;
  return Array.from({ length: column.columns }, (_, at) =>
    scalar(bytes.subarray(at * width, (at + 1) * width), column.type),
  );
}

/** A 64-bit integer as JSON has it: a number where a double is exactly that. */
const integer = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

function scalar(bytes: Buffer, type: string): unknown {
  const isLittle = type[0] !== '>';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type.slice(1)) {
    case 'f2':
      return halfToNumber(view.getUint16(0, isLittle));
    case 'f4':
      return view.getFloat32(0, isLittle);
    case 'f8':
      return view.getFloat64(0, isLittle);
    case 'i1':
      return view.getInt8(0);
    case 'i2':
      return view.getInt16(0, isLittle);
    case 'i4':
      return view.getInt32(0, isLittle);
    case 'i8':
      return integer(view.getBigInt64(0, isLittle));
    case 'u1':
      return view.getUint8(0);
    case 'u2':
      return view.getUint16(0, isLittle);
    case 'u4':
      return view.getUint32(0, isLittle);
    case 'u8':
      return integer(view.getBigUint64(0, isLittle));
    case 'b1':
      return view.getUint8(0) !== 0;
    default:
      return type[1] === 'U' ? utf32(view, isLittle) : bytes.toString('utf8').replace(/\0+$/, '');
  }
}

/** Text of fixed length, padded with zeros. */
function utf32(view: DataView, isLittle: boolean): string {
  const codes: number[] = [];
  for (let at = 0; at < view.byteLength; at += 4) codes.push(view.getUint32(at, isLittle));
  while (codes.at(-1) === 0) codes.pop();
  return codes.map((code) => String.fromCodePoint(code)).join('');
}

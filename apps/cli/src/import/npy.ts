import { VectronError } from '@vectron/errors';

/** A matrix of float32 rows. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly values: Float32Array;
}

/** What the header of a NumPy file says. */
export interface NpyHeader {
  /** Where the data begin. */
  readonly dataAt: number;
  /** As NumPy writes types: byte order, kind and width, such as `<f4`. */
  readonly type: string;
  /** Column after column, as Fortran has it, instead of row after row. */
  readonly isFortran: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** Reads an element at a place of a view as a double. */
type ReadElement = (view: DataView, at: number) => number;

const integer = (value: bigint) => Number(value);
const READERS: Record<string, (isLittle: boolean) => ReadElement> = {
  f2: (isLittle) => {
    const values = halves();
    return (view, at) => values[view.getUint16(at, isLittle)];
  },
  f4: (isLittle) => (view, at) => view.getFloat32(at, isLittle),
  f8: (isLittle) => (view, at) => view.getFloat64(at, isLittle),
  i1: () => (view, at) => view.getInt8(at),
  i2: (isLittle) => (view, at) => view.getInt16(at, isLittle),
  i4: (isLittle) => (view, at) => view.getInt32(at, isLittle),
  i8: (isLittle) => (view, at) => integer(view.getBigInt64(at, isLittle)),
  u1: () => (view, at) => view.getUint8(at),
  u2: (isLittle) => (view, at) => view.getUint16(at, isLittle),
  u4: (isLittle) => (view, at) => view.getUint32(at, isLittle),
  u8: (isLittle) => (view, at) => integer(view.getBigUint64(at, isLittle)),
};

/** Bytes in which any header up to this size ends; NumPy's are 128 bytes. */
export const NPY_HEAD = 64 << 10;

/**
 * The header of a two-dimensional array (format 1 to 3: magic, version, length, a Python dict). `bytes`: the beginning of the
 * file. Throws INVALID_ARGUMENT for anything else.
 */
export function npyHeader(bytes: Buffer, file = 'the .npy file'): NpyHeader {
  if (bytes.length < 12 || bytes.subarray(0, 6).toString('latin1') !== '\x93NUMPY')
    throw wrong(file, 'is not a .npy file; write it with numpy.save');
  const headerAt = bytes[6] >= 2 ? 12 : 10;
  const length = bytes[6] >= 2 ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.subarray(headerAt, headerAt + length).toString('latin1');
  if (header.length < length) throw wrong(file, 'ends within its header; export it again');
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? 'a structure of several fields';
  const shape = (/'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? '').split(',').flatMap((one) => one.trim() || []);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  if (order === undefined) throw wrong(file, 'has a damaged header; export it again with numpy.save');
  if (shape.length !== 2) {
    const how = 'export one with two, rows and their values';
    throw wrong(file, `has an array of ${shape.length} dimensions; ${how}`);
  }
  const [rows, columns] = shape.map(Number);
  if (columns === 0) throw wrong(file, 'has rows without values; export an array whose second dimension is at least 1');
  if (!(type.slice(1) in READERS)) {
    throw wrong(
      file,
      `has values of type ${type}; convert them to floats (f2, f4, f8) or integers (i1 to i8, u1 to u8)`,
    );
  }
  return { dataAt: headerAt + length, type, isFortran: order === 'True', rows, columns };
}

/** Bytes of an element. */
export const widthOf = ({ type }: NpyHeader): number => Number(type.slice(2));

/** The elements from `at` on, `count` of them, as the nearest float32; one too large becomes Infinity. */
export function npyFloats(header: NpyHeader, bytes: Buffer, count: number): Float32Array {
  const read = READERS[header.type.slice(1)](header.type[0] !== '>');
  const width = widthOf(header);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++) values[at] = read(view, at * width);
  return values;
}

/** A whole array in memory. Throws INVALID_ARGUMENT for what is no two-dimensional array of numbers. */
export function parseNpy(bytes: Buffer, file = 'the .npy file'): Matrix {
  const header = npyHeader(bytes, file);
  const { rows, columns, dataAt, isFortran } = header;
  const data = bytes.subarray(dataAt);
  if (data.length < rows * columns * widthOf(header)) throw wrong(file, 'ends early; export it again');
  const values = npyFloats(header, data, rows * columns);
  return { rows, columns, values: isFortran ? transposed(values, rows, columns) : values };
}

/** Row-major values of column-major ones. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let at = 0; at < rows; at++) for (let i = 0; i < columns; i++) turned[at * columns + i] = values[i * rows + at];
  return turned;
}

const wrong = (file: string, message: string) => VectronError.invalid('file', `${file} ${message}`);

let table: Float32Array | undefined;
/** The value of every half: millions of them are read, and there are 65,536. */
const halves = () => {
  table ??= Float32Array.from({ length: 0x1_0000 }, (_, half) => halfToNumber(half));
  return table;
};

/** IEEE 754 binary16. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Row `at` as a view. */
export const row = ({ values, columns }: Matrix, at: number): Float32Array =>
  values.subarray(at * columns, (at + 1) * columns);

import { VectronError } from '@vectron/errors';

/** A matrix of float32 rows. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly values: Float32Array;
}

/**
 * A two-dimensional array of a NumPy file (format 1 to 3: magic, version, header length, header as a Python dict,
 * data), little-endian f2, f4, f8 or i4, C order. Throws INVALID_ARGUMENT for anything else.
 */
export function parseNpy(bytes: Buffer): Matrix {
  if (bytes.subarray(0, 6).toString('latin1') !== '\x93NUMPY') throw VectronError.invalid('file', 'not a .npy file');
  const wide = bytes[6] >= 2;
  const headerAt = wide ? 12 : 10;
  const headerLength = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.subarray(headerAt, headerAt + headerLength).toString('latin1');
  const type = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const shape = /'shape':\s*\((\d+),\s*(\d+)\)/.exec(header);
  if (shape === null || !/'fortran_order':\s*False/.test(header)) {
    throw VectronError.invalid('file', 'the .npy file must hold a two-dimensional array in C order');
  }
  const [rows, columns] = [Number(shape[1]), Number(shape[2])];
  const data = bytes.subarray(headerAt + headerLength);
  return { rows, columns, values: convert(data, type, rows * columns) };
}

function convert(data: Buffer, type: string, count: number): Float32Array {
  const width = Number(type.slice(2));
  if (data.length < count * width) throw VectronError.invalid('file', 'the .npy file ends early');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const readers: Record<string, (at: number) => number> = {
    '<f2': (at) => halves()[view.getUint16(at, true)],
    '<f4': (at) => view.getFloat32(at, true),
    '<f8': (at) => view.getFloat64(at, true),
    '<i4': (at) => view.getInt32(at, true),
  };
  const read = readers[type];
  if (read === undefined)
    throw VectronError.invalid('file', `the .npy file holds ${type}; f2, f4, f8 and i4 can be read`);
  const values = new Float32Array(count);
  for (let at = 0; at < count; at++) values[at] = read(at * width);
  return values;
}

let table: Float32Array | undefined;
/** The value of every half: millions of them are read, and there are 65,536. */
const halves = () => {
  table ??= Float32Array.from({ length: 0x1_0000 }, (_, half) => halfToNumber(half));
  return table;
};

/** IEEE 754 binary16. */
function halfToNumber(half: number): number {
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

import { type FileHandle, open } from 'node:fs/promises';
import { VectronError } from '@vectron/errors';
import { ROW_NUMBER } from './fields.js';
import { NPY_HEAD, type NpyHeader, npyFloats, npyHeader, transposed, widthOf } from './npy.js';
import type { ColumnChoice, ImportRow, RowSource } from './rows.js';

/** Values read at a time. */
const BLOCK_VALUES = 1 << 20;

/**
 * The rows of a `.npy` file with a two-dimensional array, in C or Fortran order, of floats or integers of either byte order.
 * They have no ids by nature: each gets its number, from 0. Memory: some MiB, however large the file is.
 */
export async function npySource(file: string, choice: ColumnChoice): Promise<RowSource> {
  refuseColumns(file, choice);
  const header = await withHandle(file, async (handle, size) => {
    const head = npyHeader(await bytesAt(handle, 0, Math.min(size, NPY_HEAD), file), file);
    const needed = head.dataAt + head.rows * head.columns * widthOf(head);
    if (size !== needed) {
      const how = size < needed ? 'ends early' : 'is longer than it says';
      throw VectronError.invalid(
        'file',
        `${file}: the .npy file ${how}: ${size} bytes, and it should have ${needed}; export it again`,
      );
    }
    return head;
  });
  const { rows, columns, type, isFortran } = header;
  return {
    total: rows,
    dimension: columns,
    understood: [NUMBERED, `vector: ${columns} values of type ${type}${isFortran ? ', in Fortran order' : ''}`],
    async *rows() {
      const handle = await open(file);
      try {
        const step = Math.max(1, Math.floor(BLOCK_VALUES / columns));
        for (let from = 0; from < rows; from += step) {
          const count = Math.min(step, rows - from);
          const values = await (isFortran ? fortranRows : rowsAt)(handle, header, from, count, file);
          for (let at = 0; at < count; at++) {
            yield numberedRow(file, from + at, values.subarray(at * columns, (at + 1) * columns));
          }
        }
      } finally {
        await handle.close();
      }
    },
  };
}

const NUMBERED = 'id: the number of the row, from 0';

/** Such files have no columns. */
function refuseColumns(file: string, { id, vector, payload }: ColumnChoice): void {
  if (vector === undefined && payload === undefined && (id === undefined || id === ROW_NUMBER)) return;
  throw VectronError.invalid('file', `${file} has no columns; omit --id, --vector and --payload`);
}

function numberedRow(file: string, at: number, values: Float32Array): ImportRow {
  // A copy: points wait in batches, and a view would keep the whole block.
  return { place: { file, line: at + 1 }, point: { id: String(at), vector: values.slice() } };
}

async function rowsAt(handle: FileHandle, header: NpyHeader, from: number, count: number, file: string) {
  const width = widthOf(header);
  const length = count * header.columns * width;
  const bytes = await bytesAt(handle, header.dataAt + from * header.columns * width, length, file);
  return npyFloats(header, bytes, count * header.columns);
}

/** Of each column the part that the rows have; the columns of a block lie far from each other. */
async function fortranRows(handle: FileHandle, header: NpyHeader, from: number, count: number, file: string) {
  const width = widthOf(header);
  const parts: Buffer[] = [];
  for (let column = 0; column < header.columns; column++) {
    parts.push(await bytesAt(handle, header.dataAt + (column * header.rows + from) * width, count * width, file));
  }
  return transposed(npyFloats(header, Buffer.concat(parts), count * header.columns), count, header.columns);
}

const VEC_TYPES = { fvecs: '<f4', ivecs: '<i4', bvecs: '|u1' } as const;
export type VecFormat = keyof typeof VEC_TYPES;

/**
 * `.fvecs`, `.ivecs`, `.bvecs` (corpus-texmex.irisa.fr): of each row its dimension as little-endian int32, then that many
 * float32, int32 or bytes. Rows get their number, from 0, as id. A row of another dimension makes the file unreadable from
 * there on, as nothing says where the next begins.
 */
export async function vecsSource(file: string, format: VecFormat, choice: ColumnChoice): Promise<RowSource> {
  refuseColumns(file, choice);
  const { dimension, total, header, stride } = await withHandle(file, async (handle, size) => {
    const columns = size >= 4 ? (await bytesAt(handle, 0, 4, file)).readInt32LE(0) : 0;
    const one: NpyHeader = { dataAt: 0, type: VEC_TYPES[format], isFortran: false, rows: 0, columns };
    const each = 4 + columns * widthOf(one);
    if (columns < 1 || size % each !== 0)
      throw VectronError.invalid('file', `${file} is not a .${format} file, or is truncated; export it again`);
    return { dimension: columns, total: size / each, header: one, stride: each };
  });
  return {
    total,
    dimension,
    understood: [NUMBERED, `vector: ${dimension} values of .${format}`],
    async *rows() {
      const handle = await open(file);
      try {
        const step = Math.max(1, Math.floor(BLOCK_VALUES / dimension));
        for (let from = 0; from < total; from += step) {
          const count = Math.min(step, total - from);
          const bytes = await bytesAt(handle, from * stride, count * stride, file);
          for (let at = 0; at < count; at++) {
            const own = bytes.subarray(at * stride, (at + 1) * stride);
            if (own.readInt32LE(0) !== dimension) {
              throw VectronError.invalid(
                'file',
                `${file}: row ${from + at + 1} has ${own.readInt32LE(0)} dimensions, and those before ${dimension}; export it again with equal ones`,
              );
            }
            yield numberedRow(file, from + at, npyFloats(header, own.subarray(4), dimension));
          }
        }
      } finally {
        await handle.close();
      }
    },
  };
}

async function withHandle<T>(file: string, use: (handle: FileHandle, size: number) => Promise<T>): Promise<T> {
  const handle = await open(file);
  try {
    return await use(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(bytes, read, length - read, position + read);
    if (bytesRead === 0)
      throw VectronError.invalid('file', `${file} became shorter while it was read; import it again`);
    read += bytesRead;
  }
  return bytes;
}

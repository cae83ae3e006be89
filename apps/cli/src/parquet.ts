import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import type { Point, StoredPoint } from '@vectron/sdk';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { mapped } from './snapshot-file.js';

/** Rows read or written at a time. */
const GROUP = 5_000;

/** id: string; vector: list of float; payload: JSON; sparse and vectors (named ones): JSON, null where there is none. */
const SCHEMA = [
  { name: 'root', num_children: 5 },
  { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  { name: 'payload', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'REQUIRED' },
  { name: 'sparse', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'OPTIONAL' },
  { name: 'vectors', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'OPTIONAL' },
] as const;

/** Writes points as they come; the file is there only when all of them are in it. */
export async function writeParquet(file: string, points: AsyncIterable<StoredPoint>): Promise<void> {
  const partial = `${file}.partial`;
  const rows = (async function* () {
    for await (const point of points) {
      const { id, vector, payload, sparse, vectors } = mapped(point);
      yield { id, vector, payload, sparse, vectors };
    }
  })();
  const columns = SCHEMA.flatMap(({ name }) =>
    ['id', 'vector', 'payload', 'sparse', 'vectors'].includes(name) ? [{ name }] : [],
  );
  try {
    // Fails here, and not after the first rows, where it cannot be written.
    closeSync(openSync(partial, 'w'));
    const writer = fileWriter(partial);
    await parquetWriteRows({ writer, rows, columns, schema: [...SCHEMA], rowGroupSize: GROUP });
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Points of a file with the columns id and vector; payload is one JSON column of that name, or every other column. */
export async function parquetSource(path: string) {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  const columns = metadata.schema.map(({ name }) => name);
  for (const name of ['id', 'vector']) {
    if (!columns.includes(name)) throw VectronError.invalid('file', `${path} has no column ${name}`);
  }
  const points = (async function* (): AsyncGenerator<Point> {
    for (let rowStart = 0; rowStart < total; rowStart += GROUP) {
      const rowEnd = Math.min(rowStart + GROUP, total);
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd });
      for (const { id, vector, payload, sparse, vectors, ...rest } of rows as Record<string, unknown>[]) {
        const document = payload === undefined ? withoutBigInts(rest) : (payload as Point['payload']);
        const more = {
          ...(sparse ? { sparse: sparse as Point['sparse'] } : {}),
          ...(vectors ? { vectors: vectors as Point['vectors'] } : {}),
        };
        yield { id: String(id), vector: vector as number[], payload: document, ...more };
      }
    }
  })();
  return { total, points };
}

/** JSON has no 64-bit integers of its own; those beyond 2^53 stay exact as text. */
function withoutBigInts(row: Record<string, unknown>): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    if (value instanceof Date) return value.toISOString();
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)]));
}

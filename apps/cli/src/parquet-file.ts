import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import type { StoredPoint } from '@vectron/sdk';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { exportedParts } from './export-point.js';

/** Rows of a row group. */
const GROUP = 5_000;

/**
 * id: string; vector: list of float; payload: JSON; sparse and vectors (named ones): JSON, and
 * expiresAt: a time as text, null where there is none. Without
 * the older `converted_type` JSON, with which the library writes the text itself, and integers beyond 2^53 as doubles.
 */
const SCHEMA = [
  { name: 'root', num_children: 6 },
  { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  { name: 'payload', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'REQUIRED' },
  { name: 'sparse', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'OPTIONAL' },
  { name: 'vectors', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'OPTIONAL' },
  { name: 'expiresAt', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
] as const;

const COLUMNS: readonly string[] = ['id', 'vector', 'payload', 'sparse', 'vectors', 'expiresAt'];

/** Writes points as they come; the file is there only when all of them are in it. */
export async function writeParquet(file: string, points: AsyncIterable<StoredPoint>): Promise<void> {
  const partial = `${file}.partial`;
  const rows = (async function* () {
    for await (const point of points) {
      const { payload, sparse, vectors, expiresAt } = exportedParts(point);
      const json = { payload: bytesOf(payload), sparse: bytesOf(sparse), vectors: bytesOf(vectors) };
      yield { id: point.id, vector: Array.from(point.vector ?? []), ...json, expiresAt };
    }
  })();
  const columns = SCHEMA.flatMap(({ name }) => (COLUMNS.includes(name) ? [{ name }] : []));
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

const bytesOf = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));

import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { isPlainObject, parseJson, stringifyJson } from '@vectron/model';
import type { Point, StoredPoint } from '@vectron/sdk';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { withFloats } from './import/json-floats.js';
import { mapped } from './snapshot-file.js';

/** Rows read or written at a time. */
const GROUP = 5_000;

/**
 * id: string; vector: list of float; payload: JSON; sparse and vectors (named ones): JSON, null where there is none. Without
 * the older `converted_type` JSON, with which the library writes the text itself, and integers beyond 2^53 as doubles.
 */
const SCHEMA = [
  { name: 'root', num_children: 5 },
  { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'vector', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  { name: 'payload', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'REQUIRED' },
  { name: 'sparse', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'OPTIONAL' },
  { name: 'vectors', type: 'BYTE_ARRAY', logical_type: { type: 'JSON' }, repetition_type: 'OPTIONAL' },
] as const;

/** Writes points as they come; the file is there only when all of them are in it. */
export async function writeParquet(file: string, points: AsyncIterable<StoredPoint>): Promise<void> {
  const partial = `${file}.partial`;
  const rows = (async function* () {
    for await (const point of points) {
      const { id, vector, payload, sparse, vectors } = mapped(point);
      yield { id, vector, payload: textOf(payload), sparse: textOf(sparse), vectors: textOf(vectors) };
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
  refuseWideDecimals(metadata.schema, path);
  const total = Number(metadata.num_rows);
  const columns = topLevel(metadata.schema);
  for (const name of ['id', 'vector']) {
    if (!columns.includes(name)) throw VectronError.invalid('file', `${path} has no column ${name}`);
  }
  const points = (async function* (): AsyncGenerator<Point> {
    for (let rowStart = 0; rowStart < total; rowStart += GROUP) {
      const rowEnd = Math.min(rowStart + GROUP, total);
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd, parsers: { jsonFromBytes } });
      for (const [at, row] of (rows as Record<string, unknown>[]).entries()) {
        const { id, vector, payload, sparse, vectors, ...rest } = row;
        const place = `${path}: row ${rowStart + at}`;
        if (typeof id !== 'string' && typeof id !== 'bigint' && !Number.isSafeInteger(id)) {
          throw VectronError.invalid('id', `${place}: an id is text or an integer, not ${String(id)}`);
        }
        const own = { payload: payload ?? plain(rest), sparse: sparse ?? undefined, vectors: vectors ?? undefined };
        const read = Object.entries(own).flatMap(([name, value]) =>
          value === undefined
            ? []
            : [[name, typeof value === 'string' ? parseJson(value, `${place}: ${name}`) : value]],
        );
        yield withFloats({ id: String(id), vector: plain(vector) as number[], ...Object.fromEntries(read) }, place);
      }
    }
  })();
  return { total, points };
}

/** Names of the columns, without the fields of nested ones. `schema`: depth first, as the file has it. */
function topLevel(schema: readonly SchemaElement[]): string[] {
  let at = 1;
  const skip = (): void => {
    const { num_children: children = 0 } = schema[at++];
    for (let child = 0; child < children; child++) skip();
  };
  const names: string[] = [];
  while (at < schema.length) {
    names.push(schema[at].name);
    skip();
  }
  return names;
}

const textOf = (value: unknown) => (value === undefined ? undefined : Buffer.from(stringifyJson(value)));

/** The library's own reads integers beyond 2^53 as doubles. */
const jsonFromBytes = (bytes: Uint8Array | undefined): unknown =>
  bytes && parseJson(Buffer.from(bytes).toString(), 'a JSON column');

/** DECIMAL values come from the library as doubles, which more than 15 digits do not fit in. */
function refuseWideDecimals(schema: readonly SchemaElement[], path: string): void {
  const wide = schema.find(({ converted_type: type, precision = 0 }) => type === 'DECIMAL' && precision > 15);
  if (wide === undefined) return;
  throw VectronError.invalid(
    'file',
    `${path}: column ${wide.name} is a DECIMAL of ${wide.precision} digits, which no double holds: write it as INT64 or text`,
  );
}

/** A value as JSON has it: a 64-bit integer as a number where a double is exactly that. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plain(item) ?? null);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

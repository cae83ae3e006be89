import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { storedPoints } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { decodeDocument, decodeVector, parseJson } from '@vectron/model';
import type { Point } from '@vectron/sdk';
import { withFloats } from './import/json-floats.js';
import { parseNpy, row } from './npy.js';
import { parquetSource } from './parquet.js';

/** Points to import, and how many when that is known beforehand. */
export interface ImportSource {
  readonly total?: number;
  readonly dimension?: number;
  readonly points: AsyncIterable<Point>;
}

/**
 * By file name: `.jsonl` of `{"id", "vector", "payload"}`, `.parquet` with the columns id and vector, `.npy`, `.fvecs`; rows
 * of the last two get their number as id.
 */
export async function openImport(file: string): Promise<ImportSource> {
  if (file.endsWith('.npy')) return npySource(file);
  if (file.endsWith('.fvecs')) return fvecsSource(file);
  if (file.endsWith('.parquet')) return parquetSource(file);
  if (file.endsWith('.jsonl')) return { points: jsonlPoints(file) };
  throw VectronError.invalid(
    'file',
    `cannot tell the format of ${file}: .jsonl, .parquet, .npy and .fvecs can be imported`,
  );
}

/** A store of a shard: Vectron's own, or one that Pebble made in its format (docs/adr/0003). */
export async function pebbleSource(dir: string): Promise<ImportSource> {
  const first = await storedPoints(dir)[Symbol.asyncIterator]().next();
  const dimension = first.done ? undefined : first.value.vector.length / 4;
  return {
    dimension,
    points: (async function* () {
      for await (const { id, vector, payload } of storedPoints(dir)) {
        yield { id, vector: Float32Array.from(decodeVector(vector)), payload: decodeDocument(payload) };
      }
    })(),
  };
}

function npySource(file: string): ImportSource {
  const matrix = parseNpy(readFileSync(file));
  return {
    total: matrix.rows,
    dimension: matrix.columns,
    points: (async function* () {
      for (let at = 0; at < matrix.rows; at++) yield { id: String(at), vector: row(matrix, at) };
    })(),
  };
}

/** Each row: its dimension as int32, then that many float32, little-endian (corpus-texmex.irisa.fr). */
function fvecsSource(file: string): ImportSource {
  const bytes = readFileSync(file);
  const dimension = bytes.length >= 4 ? bytes.readInt32LE(0) : 0;
  const stride = 4 + 4 * dimension;
  if (dimension < 1 || bytes.length % stride !== 0) throw VectronError.invalid('file', `${file} is no .fvecs file`);
  return {
    total: bytes.length / stride,
    dimension,
    points: (async function* () {
      for (let at = 0; at * stride < bytes.length; at++) {
        const start = at * stride;
        if (bytes.readInt32LE(start) !== dimension)
          throw VectronError.invalid('file', `row ${at} of ${file} has another dimension`);
        const vector = Float32Array.from({ length: dimension }, (_, i) => bytes.readFloatLE(start + 4 + 4 * i));
        yield { id: String(at), vector };
      }
    })(),
  };
}

async function* jsonlPoints(file: string): AsyncIterable<Point> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1;
    if (text.trim() === '') continue;
    const point = parseJson(text, `${file}:${line}`) as Point;
    if (typeof point.id !== 'string' || !Array.isArray(point.vector)) {
      throw new VectronError(
        'INVALID_ARGUMENT',
        `${file}:${line}: a point has an "id" (string) and a "vector" (array of numbers)`,
      );
    }
    yield withFloats(point, `${file}:${line}: point ${point.id}`);
  }
}

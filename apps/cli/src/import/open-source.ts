import { statSync } from 'node:fs';
import { extname } from 'node:path';
import { storedPoints } from '@vectron/engine';
import { VectronError } from '@vectron/errors';
import { decodeDocument, decodeVector } from '@vectron/model';
import { csvSource } from './csv-source.js';
import { compressionOf, fileBytes, headOf } from './file-bytes.js';
import { jsonArraySource, jsonlSource } from './json-source.js';
import { npySource, vecsSource } from './matrix-source.js';
import { parquetSource } from './parquet/source.js';
import type { ColumnChoice, ImportRow, Place, RowSource } from './rows.js';
import { snapshotSource } from './snapshot-source.js';

const FORMATS = '.jsonl, .json, .csv, .tsv, .parquet, .npy, .fvecs, .bvecs, .ivecs and snapshots';
/** What cannot be read, by its first bytes, and what to do. */
const OTHERS = [
  ['ARROW1', 'an Arrow (Feather) file: write it as Parquet, as pyarrow.parquet.write_table does'],
  ['FEA1', 'an old Feather file: write it as Parquet, as pyarrow.parquet.write_table does'],
  ['PK\x03\x04', 'a zip archive, such as .npz: unpack it, and import a .npy file of it'],
  ['\x89HDF', 'an HDF5 file: write it as Parquet or .npy'],
] as const;
/** Endings of compressed files. */
const COMPRESSED = new Set(['.gz', '.zst', '.lz4', '.br']);
/** Of the content; enough for the keys before a list. */
const HEAD = 64 << 10;

/**
 * A file of rows, by its content where that tells its format (Parquet, NumPy, a JSON array, a snapshot), else by its name.
 * Compressed text is read as it is; compressed binary files have to be unpacked first.
 */
export async function openSource(file: string, choice: ColumnChoice = {}): Promise<RowSource> {
  const { head } = await headOf(file);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return parquetSource(file, choice);
  if (head.subarray(0, 6).toString('latin1') === '\x93NUMPY') return npySource(file, choice);
  const other = OTHERS.find(([magic]) => head.subarray(0, magic.length).toString('latin1') === magic);
  if (other !== undefined) throw VectronError.invalid('file', `${file} is ${other[1]}`);
  const isCompressed = compressionOf(file, head) !== undefined;
  const ending = extname(
    isCompressed && COMPRESSED.has(extname(file)) ? file.slice(0, -extname(file).length) : file,
  ).slice(1);
  if (ending === 'fvecs' || ending === 'ivecs' || ending === 'bvecs') {
    if (isCompressed) throw VectronError.invalid('file', `${file} is compressed; decompress it first`);
    return vecsSource(file, ending, choice);
  }
  if (ending === 'csv' || ending === 'tsv') return csvSource(file, ending === 'csv' ? ',' : '\t', choice);
  if (['parquet', 'npy'].includes(ending))
    throw VectronError.invalid('file', `${file} is not a .${ending} file, or is compressed; decompress it first`);
  const text = (await contentHead(file)).trimStart();
  if (/^\{"vectronSnapshot":/.test(text)) return snapshotSource(file, choice);
  if (text.startsWith('[')) return jsonArraySource(file, choice);
  if (ending === 'json' || ending === '') {
    const key = listKey(text);
    if (key !== undefined) return jsonArraySource(file, choice, key);
  }
  if (['jsonl', 'ndjson', 'json'].includes(ending)) return jsonlSource(file, choice);
  throw VectronError.invalid('file', `the format of ${file} is unknown; the supported formats are ${FORMATS}`);
}

async function contentHead(file: string): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of (await fileBytes(file)).chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= HEAD) break;
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\ufeff/, '');
}

const LIST_KEYS = ['points', 'rows', 'vectors', 'data', 'documents'];

/** The key of the list of rows in an object that begins with `text`: `{"version": 1, "points": [{`. */
function listKey(text: string): string | undefined {
  let depth = 0;
  for (const [token, string] of text.matchAll(/"((?:[^"\\]|\\.)*)"(?:\s*:\s*\[\s*[{\]])?|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    else if (token.length > string.length + 2) {
      if (depth === 1 && LIST_KEYS.includes(string)) return string;
      depth += token.endsWith(']') ? 0 : 2;
    }
    if (depth === 0) return undefined;
  }
  return undefined;
}

/** A store of a shard: Vectron's own, or one that Pebble made in its format (docs/adr/0003). */
export async function pebbleSource(dir: string): Promise<RowSource> {
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory())
    throw VectronError.invalid('pebble', `${dir} is not a directory; pass the path of a store`);
  let dimension: number | undefined;
  for await (const { vector } of storedPoints(dir)) {
    dimension = vector.length / 4;
    break;
  }
  return {
    dimension,
    understood: ['points of a store, in the order of their ids: in place of a line stands the number of the point'],
    async *rows() {
      let line = 0;
      for await (const stored of storedPoints(dir)) {
        line += 1;
        yield storedRow(stored, { file: dir, line });
      }
    },
  };
}

function storedRow({ id, vector, payload, sparse, vectors, expiresAtMs }: StoredPointData, place: Place): ImportRow {
  const left = Number(expiresAtMs) - Date.now();
  if (expiresAtMs > 0n && left <= 0) {
    return {
      place,
      id,
      reason: `it expired at ${new Date(Number(expiresAtMs)).toISOString()}; create the snapshot again to import what is there now`,
    };
  }
  const named = vectors.map((one) => [one.name, Float32Array.from(decodeVector(one.vector))] as const);
  const point = {
    id,
    vector: Float32Array.from(decodeVector(vector)),
    payload: decodeDocument(payload),
    ...(sparse.length > 0 ? { sparse: Object.fromEntries(sparse.map((one) => [one.name, one])) } : {}),
    ...(named.length > 0 ? { vectors: Object.fromEntries(named) } : {}),
    ...(expiresAtMs > 0n ? { ttlSeconds: Math.ceil(left / 1000) } : {}),
  };
  return { place, point };
}

type StoredPointData = ReturnType<typeof storedPoints> extends AsyncIterable<infer Stored> ? Stored : never;

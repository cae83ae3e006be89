import { readdirSync, statSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { headOf } from '../file-bytes.js';
import { objectOf } from '../json-source.js';
import type { ColumnChoice, RowSource } from '../rows.js';
import { type FieldsDump, type FieldsRow, openFieldsDump } from './fields-dump.js';
import { type RowShape, rowTexts } from './json-rows.js';
import { npyColumns } from './npy-columns.js';
import { parquetFields } from './parquet-fields.js';
import { refuseStorage } from './storage.js';

const COMMON = {
  more: '$meta',
  bytesReason:
    'bytes, of a BinaryVector, Float16Vector or BFloat16Vector, which the file does not tell apart: write it as FloatVector',
  missing: 'it has no vector: name the vector fields in output_fields of the query',
};

/** Keys of answers around their rows. */
const AROUND = new Set(['rows', 'data']);
const OF_ANSWER = new Set(['code', 'cost', 'message']);
const SHAPE: RowShape = {
  around: (key) => AROUND.has(key),
  listsOnly: true,
  ofRow: (key) => !AROUND.has(key) && !OF_ANSWER.has(key),
};

/**
 * Files of Milvus' BulkWriter: Parquet, JSON (`{"rows": [...]}`) or a directory of one .npy file a field; and rows of a query or
 * its iterator as JSON. None of them says which field is the primary key.
 */
export async function openMilvus(file: string, choice: ColumnChoice): Promise<RowSource> {
  return openFieldsDump(file, choice, await dumpOf(file));
}

async function dumpOf(file: string): Promise<FieldsDump> {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    const names = readdirSync(file).filter((name) => name.endsWith('.npy'));
    if (names.length === 0) {
      throw VectronError.invalid(
        'file',
        `${file} has no .npy files: of a backup of milvus-backup restore it and write its rows with query_iterator, as docs/import-from.md shows`,
      );
    }
    return { ...COMMON, jsonTexts: true, ...(await npyColumns(file, names)) };
  }
  const { head } = await headOf(file);
  if (head.toString('latin1', 0, 4) === 'PAR1') return { ...COMMON, jsonTexts: true, ...(await parquetFields(file)) };
  await refuseStorage(file, 'and no file of BulkWriter or of rows as JSON, as docs/import-from.md shows');
  return { ...COMMON, jsonTexts: false, listTypes: new Map(), rows: () => jsonFields(file, SHAPE) };
}

export async function* jsonFields(file: string, shape: RowShape): AsyncGenerator<FieldsRow> {
  for await (const text of rowTexts(file, shape)) yield { place: { file, line: text.line }, ...objectOf(text) };
}

import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { VectronError } from '@vectron/errors';
import type { ColumnChoice, RowSource } from '../rows.js';
import { type FieldsDump, openFieldsDump } from './fields-dump.js';
import type { RowShape } from './json-rows.js';
import { jsonFields } from './milvus.js';
import { parquetFields } from './parquet-fields.js';
import { refuseStorage } from './storage.js';

const COMMON = {
  bytesReason: 'bytes: write it as a list of floats',
  missing: 'it has no vector',
  jsonTexts: false,
};

/** Rows stand in lists or lines, with nothing around. */
const SHAPE: RowShape = { around: () => false, ofRow: () => true };

const EXPORT = 'pyarrow.parquet.write_table(table.to_arrow(), "rows.parquet")';

/**
 * Tables that LanceDB gives to Python, written as Parquet, as Arrow IPC (or Feather), or as rows of JSON. None of them says which
 * column is the id.
 */
export async function openLancedb(file: string, choice: ColumnChoice): Promise<RowSource> {
  return openFieldsDump(file, choice, await dumpOf(file));
}

async function dumpOf(file: string): Promise<FieldsDump> {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw VectronError.invalid(
      'file',
      `${file} is a directory, of LanceDB's own storage: write the table with ${EXPORT}`,
    );
  }
  const head = await headText(file);
  if (head.startsWith('PAR1')) return { ...COMMON, ...(await parquetFields(file)) };
  if (head.startsWith('ARROW1') || head.startsWith('\xff\xff\xff\xff')) {
    // Loaded here, not with the command: the library takes longer to load than most commands take.
    const { arrowFields } = await import('./arrow-fields.js');
    return { ...COMMON, ...(await arrowFields(file)) };
  }
  await refuseStorage(file, `and no table that LanceDB gave: write it with ${EXPORT}`);
  if (/^(\xef\xbb\xbf)?\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{\s*"0"\s*:/.test(head)) {
    throw VectronError.invalid(
      'file',
      `${file} is written column by column, and with rounded times: use to_json(orient="records", lines=True), or ${EXPORT}`,
    );
  }
  return { ...COMMON, listTypes: new Map(), rows: () => jsonFields(file, SHAPE) };
}

async function headText(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

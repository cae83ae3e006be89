import { VectronError } from '@vectron/errors';
import { isPlainObject, parseJson } from '@vectron/model/exact-json';
import { linesOf } from './lines.js';

/** A row of a file: the values of its columns, or why it could not be read. */
export interface Row {
  /** From 1: of the line, or of the row where a file has no lines. */
  readonly line: number;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

export interface RowSource {
  readonly format: 'JSONL' | 'CSV' | 'Parquet';
  /** Undefined: not known before the file was read. */
  readonly total?: number;
  /** Columns that cannot be read exactly, with the reason. */
  readonly leftOut: readonly string[];
  /** Every row, in the order of the file; each call begins anew. */
  rows(): AsyncGenerator<Row>;
}

/** What a file is, by its first bytes and its name. Throws INVALID_ARGUMENT for formats that are not read here. */
export async function openRows(file: File): Promise<RowSource> {
  const start = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (String.fromCharCode(...start) === 'PAR1') return (await import('./parquet.js')).parquetRows(file);
  if (start[0] === 0x1f && start[1] === 0x8b)
    throw refused('compressed files are read by `vectron import`: unpack it first');
  if (/\.(csv|tsv)$/i.test(file.name)) return (await import('./csv.js')).csvRows(file);
  if (/\.(jsonl|ndjson)$/i.test(file.name)) return { format: 'JSONL', leftOut: [], rows: () => jsonRows(file) };
  throw refused(
    'files of .jsonl, .ndjson, .csv, .tsv and .parquet are read here; `vectron import` reads other formats',
  );
}

const refused = (why: string) => VectronError.invalid('file', why);

async function* jsonRows(file: Blob): AsyncGenerator<Row> {
  for await (const { line, text } of linesOf(file)) {
    if (text.trim() === '') continue;
    yield { line, ...parsed(text) };
  }
}

function parsed(text: string): Pick<Row, 'fields' | 'reason'> {
  try {
    const fields = parseJson(text, 'line');
    return isPlainObject(fields) ? { fields } : { reason: 'it is not a JSON object' };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

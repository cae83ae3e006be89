import { Readable } from 'node:stream';
import { VectronError } from '@vectron/errors';
import { parse } from 'csv-parse';
import { type Fields, type FormatRules, rowOf, understand } from './fields.js';
import { fileBytes, withoutMark } from './file-bytes.js';
import { textOf } from './file-lines.js';
import { SAMPLE_ROWS } from './json-source.js';
import type { ColumnChoice, RowSource } from './rows.js';

const RULES: FormatRules = { jsonText: true };

interface CsvRecord {
  /** The line that the record begins on, from 1: a quoted cell may have several. */
  readonly line: number;
  /** Bytes of the content up to its end. */
  readonly endsAt: number;
  readonly cells: readonly Buffer[];
}

/**
 * CSV (RFC 4180) or TSV with a first line of names. Cells are text, and stay it: `007` is no number. Vectors are JSON lists,
 * such as `"[1, 2.5]"`; so is a payload in a column of that name. An empty cell is no value.
 */
export async function csvSource(file: string, delimiter: ',' | '\t', choice: ColumnChoice): Promise<RowSource> {
  const { names, sample } = await beginning(file, delimiter);
  const { roles, dimension, understood } = understand(file, sample, choice, RULES);
  let progress = { read: 0, total: 0 };
  return {
    dimension,
    understood: [...understood, 'cells are text; empty ones are left out'],
    bytes: () => progress,
    async *rows() {
      const content = await fileBytes(file);
      let at = -1;
      for await (const record of records(file, content.chunks, delimiter)) {
        progress = content.progress(record.endsAt);
        const place = { file, line: record.line };
        if (at++ < 0) continue;
        const read = fieldsOf(record, names);
        yield 'wrong' in read ? { place, reason: read.wrong } : rowOf(read.fields, roles, RULES, place, at - 1);
      }
    },
  };
}

async function beginning(file: string, delimiter: string): Promise<{ names: string[]; sample: Fields[] }> {
  let names: string[] | undefined;
  const sample: Fields[] = [];
  for await (const record of records(file, (await fileBytes(file)).chunks, delimiter)) {
    if (names === undefined) {
      names = namesOf(file, record);
      continue;
    }
    const read = fieldsOf(record, names);
    // Every name, so that a column of empty cells is known, too.
    if ('fields' in read)
      sample.push({ ...Object.fromEntries(names.map((name) => [name, undefined])), ...read.fields });
    if (sample.length >= SAMPLE_ROWS) break;
  }
  if (names === undefined)
    throw VectronError.invalid('file', `${file} is empty; its first line must contain the names of the columns`);
  return { names, sample };
}

function namesOf(file: string, record: CsvRecord): string[] {
  const names = record.cells.map((cell) => textOf(cell)?.trim());
  if (names.length === 0 || names.some((name) => name === undefined || name === '')) {
    throw VectronError.invalid(
      'file',
      `${file}: line 1 must contain the names of the columns, such as id,vector,title`,
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw VectronError.invalid('file', `${file}: two columns are called ${twice}; rename one of them`);
  return names as string[];
}

function fieldsOf({ cells }: CsvRecord, names: readonly string[]): { fields: Fields } | { wrong: string } {
  if (cells.length !== names.length)
    return { wrong: `it must have ${names.length} cells, one for each column, not ${cells.length}` };
  const texts = cells.map(textOf);
  const broken = texts.indexOf(undefined);
  if (broken >= 0) return { wrong: `column "${names[broken]}" must be valid UTF-8` };
  return { fields: Object.fromEntries(texts.flatMap((text, at) => (text === '' ? [] : [[names[at], text]]))) };
}

/** Throws INVALID_ARGUMENT where the quotes go wrong: what follows cannot be told apart. */
async function* records(file: string, chunks: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<CsvRecord> {
  // Without this the end of the first line would be the only one that is known.
  const ends = { record_delimiter: ['\r\n', '\n'], skip_empty_lines: true };
  const options = { ...ends, delimiter, encoding: null, info: true, relax_column_count: true };
  const parser = parse(options);
  const input = Readable.from(withoutMark(chunks));
  // pipe() does not hand errors on.
  input.once('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of input.pipe(parser) as AsyncIterable<Parsed>) {
      const within = record.reduce((sum, cell) => sum + cell.filter((byte) => byte === LF).length, 0);
      yield { line: info.lines - within, endsAt: info.bytes, cells: record };
    }
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('CSV_') !== true) throw error;
    throw VectronError.invalid(
      'file',
      `${file} cannot be read to its end: ${(error as Error).message}; correct that line`,
    );
  } finally {
    input.destroy();
  }
}

interface Parsed {
  readonly record: Buffer[];
  readonly info: { readonly lines: number; readonly bytes: number };
}

const LF = 0x0a;

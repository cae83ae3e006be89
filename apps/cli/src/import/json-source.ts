import { toVectronError } from '@vectron/errors';
import { isPlainObject, parseJson } from '@vectron/model';
import { type Fields, type FormatRules, rowOf, understand } from './fields.js';
import { type FileBytes, fileBytes } from './file-bytes.js';
import { isBlank, linesOf, textOf } from './file-lines.js';
import { elementsOf } from './json-elements.js';
import { shown } from './json-floats.js';
import type { ColumnChoice, Place, RowSource } from './rows.js';

const RULES: FormatRules = { jsonText: false };
/** Rows that are looked at to tell what the columns are. */
export const SAMPLE_ROWS = 1_000;
const SAMPLE_BYTES = 16 << 20;

/** A JSON text of a row, and where it stands. */
export interface JsonText {
  readonly line: number;
  readonly bytes: Buffer;
  /** Why it is none. */
  readonly wrong?: string;
}

/** JSON lines: each line that is not blank is an object, such as `{"id", "vector", "payload"}`. */
export const jsonlSource = (file: string, choice: ColumnChoice): Promise<RowSource> =>
  jsonSource(file, choice, async function* (content) {
    for await (const { line, bytes, isUnended } of linesOf(content.chunks)) {
      if (!isBlank(bytes)) yield { line, bytes, ...(isUnended ? { hint: UNENDED } : {}) };
    }
  });

const UNENDED = '; it is the last line, which may have been cut off: check that the file is complete';

/** A JSON array of objects, or an object that has one under `key`; in constant memory, however large it is. */
export const jsonArraySource = (file: string, choice: ColumnChoice, key?: string): Promise<RowSource> =>
  jsonSource(file, choice, (content) => elementsOf(content.chunks, key));

type Texts = (content: FileBytes) => AsyncIterable<JsonText & { readonly hint?: string }>;

async function jsonSource(file: string, choice: ColumnChoice, texts: Texts): Promise<RowSource> {
  const sample = await sampleOf(file, texts);
  const { roles, dimension, understood } = understand(file, sample, choice, RULES);
  let progress = { read: 0, total: 0 };
  return {
    dimension,
    understood,
    bytes: () => progress,
    async *rows() {
      const content = await fileBytes(file);
      let at = 0;
      let used = 0;
      for await (const text of texts(content)) {
        used += text.bytes.length + 1;
        progress = content.progress(used);
        const place: Place = { file, line: text.line };
        const read = objectOf(text);
        yield 'wrong' in read
          ? { place, reason: read.wrong + (text.hint ?? '') }
          : rowOf(read.fields, roles, RULES, place, at);
        at += 1;
      }
    },
  };
}

async function sampleOf(file: string, texts: Texts): Promise<Fields[]> {
  const sample: Fields[] = [];
  let bytes = 0;
  for await (const text of texts(await fileBytes(file))) {
    const read = objectOf(text);
    if ('fields' in read) sample.push(read.fields);
    bytes += text.bytes.length;
    if (sample.length >= SAMPLE_ROWS || (bytes >= SAMPLE_BYTES && sample.length > 0)) break;
  }
  return sample;
}

/** The object of a text, or why it is none. */
export function objectOf({ bytes, wrong }: JsonText): { fields: Fields } | { wrong: string } {
  if (wrong !== undefined) return { wrong };
  const text = textOf(bytes);
  if (text === undefined) return { wrong: 'it is not valid UTF-8; write the file in UTF-8' };
  try {
    const value = parseJson(text, 'the row');
    return isPlainObject(value)
      ? { fields: value }
      : { wrong: `a row must be a JSON object such as {"id": "a", "vector": [1, 2]}, not ${shown(value)}` };
  } catch (error) {
    const token = /[:[,]\s*-?(NaN|Infinity)\b/.exec(text)?.[1];
    const hint =
      token === undefined
        ? ''
        : `; ${token}, which Python writes, is no JSON and no value of a point: write null or omit the field`;
    return { wrong: toVectronError(error).message + hint };
  }
}

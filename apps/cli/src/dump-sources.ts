import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { VectronError } from '@vectron/errors';
import { InexactNumber, parseJson } from '@vectron/model';
import type { Point } from '@vectron/sdk';
import { floatsOf } from './import/json-floats.js';
import type { ImportSource } from './import-sources.js';

/** Other databases whose dumps can be read. */
export const DUMPS = ['qdrant', 'chroma', 'pgvector'] as const;
export type Dump = (typeof DUMPS)[number];

export interface DumpOptions {
  /** pgvector: the table, where the dump has several. */
  readonly table?: string;
  /** Of Qdrant's named vectors, or pgvector's column, where there are several. */
  readonly vector?: string;
}

export function dumpSource(kind: Dump, file: string, options: DumpOptions = {}): ImportSource {
  if (kind === 'qdrant') return { points: qdrantPoints(file, options) };
  if (kind === 'chroma') return chromaSource(file);
  return { points: pgvectorPoints(file, options) };
}

type Json = Record<string, unknown>;

async function* linesOf(file: string): AsyncGenerator<[string, number]> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    yield [line, number];
  }
}

/**
 * Answers of `POST /collections/{name}/points/scroll` with payload and vector, one a line (or one file with one answer), or
 * their points alone, one a line. An id that is a number becomes its digits.
 */
async function* qdrantPoints(file: string, { vector: wanted }: DumpOptions): AsyncGenerator<Point> {
  for await (const [line, number] of linesOf(file)) {
    if (line.trim() === '') continue;
    const at = `${file}:${number}`;
    const answer = parseJson(line, at) as { result?: { points?: Json[] } } & Json;
    const points = answer.result?.points ?? (Array.isArray(answer) ? (answer as Json[]) : [answer]);
    for (const { id, payload, vector } of points) {
      if (id === undefined || vector === undefined || vector === null) {
        throw VectronError.invalid('file', `${at}: a point has id and vector; scroll with "with_vector": true`);
      }
      if (!['string', 'number', 'bigint'].includes(typeof id)) {
        throw VectronError.invalid('file', `${at}: an id is a UUID or an unsigned integer of 64 bits`);
      }
      yield {
        id: String(id),
        vector: floatsOf(oneOf(vector, wanted, at), `${at}: point ${id}: vector`),
        payload: (payload ?? {}) as Json,
      };
    }
  }
}

function oneOf(vector: unknown, wanted: string | undefined, at: string): number[] {
  if (Array.isArray(vector)) return vector as number[];
  const named = vector as Record<string, unknown>;
  const names = Object.keys(named).filter((name) => Array.isArray(named[name]));
  const name = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !names.includes(name)) {
    throw VectronError.invalid(
      'vector-name',
      `${at}: choose one of the vectors ${names.join(', ')} with --vector-name`,
    );
  }
  return named[name] as number[];
}

/** What `collection.get(include=["embeddings", "metadatas", "documents"])` gives, as JSON. Documents become `document`. */
function chromaSource(file: string): ImportSource {
  const dump = parseJson(readFileSync(file, 'utf8'), file) as {
    ids?: string[];
    embeddings?: number[][];
    metadatas?: (Json | null)[] | null;
    documents?: (string | null)[] | null;
  };
  const { ids, embeddings, metadatas, documents } = dump;
  if (!Array.isArray(ids) || !Array.isArray(embeddings) || ids.length !== embeddings.length) {
    throw VectronError.invalid('file', `${file}: a Chroma dump has as many embeddings as ids`);
  }
  const points = (async function* (): AsyncGenerator<Point> {
    for (const [at, id] of ids.entries()) {
      const document = documents?.[at];
      const payload = { ...(metadatas?.[at] ?? {}), ...(document == null ? {} : { document }) };
      yield { id, vector: floatsOf(embeddings[at], `${file}: embeddings[${at}]`), payload };
    }
  })();
  return { total: ids.length, dimension: embeddings[0]?.length, points };
}

const COPY = /^COPY (?:"?[\w]+"?\.)?"?([\w]+)"? \((.+)\) FROM stdin;$/;
const VECTOR = /^\[[-+\d.eE,\s]+\]$/;

/**
 * Rows of a plain-text `pg_dump`. The first column is the id, or the one named `id`; the vector is the column whose values look
 * like one; the others are the payload: text, or numbers, booleans and JSON where they read as such.
 */
async function* pgvectorPoints(file: string, { table: wanted, vector }: DumpOptions): AsyncGenerator<Point> {
  let columns: string[] | undefined;
  let found = '';
  for await (const [line, number] of linesOf(file)) {
    const copy = COPY.exec(line);
    if (copy !== null) {
      const [, table, list] = copy;
      if (wanted !== undefined && table !== wanted) continue;
      if (found !== '' && found !== table) {
        throw VectronError.invalid('table', `${file} has the tables ${found} and ${table}: choose one with --table`);
      }
      found = table;
      columns = list.split(',').map((name) => name.trim().replaceAll('"', ''));
    } else if (line === '\\.') columns = undefined;
    else if (columns !== undefined) yield pgRow(line.split('\t'), columns, vector, `${file}:${number}`);
  }
  if (found === '') {
    const what = wanted === undefined ? 'no table' : `no table ${wanted}`;
    throw VectronError.invalid('file', `${file} has ${what} with rows: dump it with pg_dump in plain format`);
  }
}

function pgRow(cells: string[], columns: string[], wanted: string | undefined, at: string): Point {
  if (cells.length !== columns.length) {
    throw VectronError.invalid('file', `${at}: ${cells.length} values for ${columns.length} columns`);
  }
  const values = cells.map(pgText);
  const idAt = Math.max(0, columns.indexOf('id'));
  const isVector = (cell: string | null, i: number) =>
    wanted === undefined ? cell !== null && VECTOR.test(cell) && i !== idAt : columns[i] === wanted;
  const vectorAt = values.findIndex(isVector);
  const [id, vector] = [values[idAt], values[vectorAt]];
  if (id === null || vector === undefined || vector === null) {
    throw VectronError.invalid('file', `${at}: the row has no id or no vector such as [1,2,3]`);
  }
  const rest = columns.flatMap((name, i) =>
    i === idAt || i === vectorAt ? [] : [[name, pgValue(values[i])] as const],
  );
  return {
    id,
    vector: floatsOf(parseJson(vector, at) as unknown[], `${at}: ${columns[vectorAt]}`),
    payload: Object.fromEntries(rest),
  };
}

const ESCAPES: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** COPY's text format: `\N` is null, a backslash escapes. */
const pgText = (cell: string): string | null =>
  cell === '\\N' ? null : cell.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);

function pgValue(text: string | null): unknown {
  if (text === 't') return true;
  if (text === 'f') return false;
  if (text === null || !/^(-?\d+(\.\d+)?([eE][-+]?\d+)?$|[[{])/.test(text)) return text;
  try {
    const value = parseJson(text);
    // Digits that a number would not keep, such as those of numeric(30, 4), stay text.
    const changed = typeof value === 'number' && String(value) !== text;
    return changed || value instanceof InexactNumber ? text : value;
  } catch {
    return text;
  }
}

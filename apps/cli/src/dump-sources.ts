import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { VectronError } from '@vectron/errors';
import { parseJson } from '@vectron/model';
import type { Point } from '@vectron/sdk';
import { OPEN_DUMPS } from './import/dumps/index.js';
import { floatsOf } from './import/json-floats.js';
import { isRefused, type RowSource } from './import/rows.js';
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

export async function dumpSource(kind: Dump, file: string, options: DumpOptions = {}): Promise<ImportSource> {
  if (kind === 'qdrant') return { points: qdrantPoints(file, options) };
  if (kind === 'chroma') return chromaSource(file);
  return asPoints(await OPEN_DUMPS[kind](file, options));
}

/** The points of a source; a row that is refused is an error. */
function asPoints(source: RowSource): ImportSource {
  const points = (async function* (): AsyncGenerator<Point> {
    for await (const row of source.rows()) {
      if (!isRefused(row)) yield row.point;
      else {
        const id = row.id === undefined ? '' : `point ${row.id}: `;
        throw VectronError.invalid('file', `${row.place.file}:${row.place.line}: ${id}${row.reason}`);
      }
    }
  })();
  return { total: source.total, dimension: source.dimension, points };
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

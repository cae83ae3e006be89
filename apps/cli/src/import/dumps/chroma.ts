import { toVectronError, VectronError } from '@vectron/errors';
import { isPlainObject, parseJson } from '@vectron/model';
import { textOf } from '../file-lines.js';
import { shown } from '../json-floats.js';
import type { JsonText } from '../json-source.js';
import type { ColumnChoice, ImportRow, Place, RowSource } from '../rows.js';
import { ColumnReader, columnOf } from './columns.js';
import { idText, type Parts, rowOf } from './row-of.js';
import { refuseStorage } from './storage.js';
import { type VectorPlan, VectorSurvey, type VectorValue, vectorOf } from './vector-survey.js';

/** Lists of an answer of `collection.get`, one element a record. */
const COLUMNS = ['embeddings', 'metadatas', 'documents', 'uris'] as const;
type Column = (typeof COLUMNS)[number];

const EXPORT = 'collection.get(include=["embeddings", "metadatas", "documents"])';
const MISSING = `it has no embedding: export with ${EXPORT}`;

/**
 * What `collection.get(include=[...])` of Chroma gives, as JSON: one answer, or pages of them in lines or a list. Metadata is the
 * payload, with the document under `document`.
 */
export async function openChroma(file: string, choice: ColumnChoice): Promise<RowSource> {
  await refuseStorage(
    file,
    `of Chroma's own storage: open it with chromadb.PersistentClient and write ${EXPORT} as JSON, as docs/import-from.md shows`,
  );
  const survey = await surveyOf(file);
  const plan = survey.vectors.plan(file, choice.vector, '');
  // Metadata may have a key of the name.
  const documentKey = survey.keys.has('document') ? 'chroma:document' : 'document';
  const uriKey = survey.keys.has('uri') ? 'chroma:uri' : 'uri';
  return {
    total: survey.total,
    ...plan.source,
    understood: [
      'id: "ids"',
      `payload: "metadatas", with "documents" as ${documentKey} and "uris" as ${uriKey}`,
      ...plan.understood,
    ],
    rows: () => rowsOf(file, { plan, documentKey, uriKey, payload: choice.payload }),
  };
}

interface Survey {
  readonly total: number;
  readonly vectors: VectorSurvey;
  /** Every key that the metadata of some record has. */
  readonly keys: ReadonlySet<string>;
}

/** Throws INVALID_ARGUMENT when it cannot be told which elements of the lists belong together. */
async function surveyOf(file: string): Promise<Survey> {
  const [vectors, keys] = [new VectorSurvey(), new Set<string>()];
  const counts = new Map<number, { ids: number; line: number }>();
  let faults = 0;
  for await (const item of columnOf(file, 'ids')) {
    if (item.kind === 'fault') faults += 1;
    if (item.kind === 'other') throw notAnAnswer(file, item.text.line);
    if (item.kind !== 'element') continue;
    if (item.text.bytes[0] === OPEN_LIST) {
      throw VectronError.invalid(
        'file',
        `${file}:${item.text.line}: "ids" is a list of lists, as collection.query gives it: export with ${EXPORT}`,
      );
    }
    const count = counts.get(item.page) ?? { ids: 0, line: item.text.line };
    counts.set(item.page, { ...count, ids: count.ids + 1 });
  }
  for (const column of COLUMNS) {
    const own = new Map<number, number>();
    for await (const item of columnOf(file, column)) {
      if (item.kind !== 'element') continue;
      own.set(item.page, (own.get(item.page) ?? 0) + 1);
      if (column === 'embeddings') vectors.add(asVectors(attempt(() => embeddingOf(item.text))));
      if (column === 'metadatas') {
        const { payload, sparse } = attempt(() => metadataOf(item.text)) ?? NO_METADATA;
        for (const key of Object.keys(payload)) keys.add(key);
        vectors.add(sparse);
      }
    }
    if (faults > 0) continue;
    for (const [page, count] of own) {
      const { ids, line } = counts.get(page) ?? { ids: 0, line: 1 };
      if (count !== ids) {
        throw VectronError.invalid(
          'file',
          `${file}:${line}: there are ${ids} ids but ${count} ${column}; export them again with equal lengths`,
        );
      }
    }
  }
  const total = [...counts.values()].reduce((sum, { ids }) => sum + ids, 0);
  if (total === 0 && faults === 0) throw notAnAnswer(file, 1);
  return { total: total + faults, vectors, keys };
}

const OPEN_LIST = 0x5b;
const NO_METADATA = { payload: {}, sparse: new Map<string, VectorValue>() };

const notAnAnswer = (file: string, line: number) =>
  VectronError.invalid('file', `${file}:${line}: a dump of Chroma has a list "ids": export with ${EXPORT}`);

/** undefined: what is wrong is said where the row is read. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

interface Reading {
  readonly plan: VectorPlan;
  readonly documentKey: string;
  readonly uriKey: string;
  readonly payload: readonly string[] | undefined;
}

async function* rowsOf(file: string, reading: Reading): AsyncGenerator<ImportRow> {
  const readers = COLUMNS.map((column) => [column, new ColumnReader(file, column)] as const);
  try {
    for await (const item of columnOf(file, 'ids')) {
      const place = { file, line: item.text.line };
      if (item.kind !== 'element') {
        yield { place, reason: item.text.wrong ?? `it must be a list of ids: export with ${EXPORT}` };
        continue;
      }
      const texts: Partial<Record<Column, JsonText>> = {};
      for (const [column, reader] of readers) texts[column] = await reader.take(item.page, item.at);
      yield rowAt(place, item.text, texts, reading);
    }
  } finally {
    for (const [, reader] of readers) await reader.close();
  }
}

function rowAt(
  place: Place,
  idTextJson: JsonText,
  texts: Partial<Record<Column, JsonText>>,
  reading: Reading,
): ImportRow {
  let id: unknown;
  try {
    id = parsedValue(idTextJson, 'the id');
    return rowOf(place, partsOf(id, texts, reading), reading.plan.dimensions);
  } catch (error) {
    const known = idText(id);
    return { place, ...(known === undefined ? {} : { id: known }), reason: toVectronError(error).message };
  }
}

/** The parts of one record's point. Throws INVALID_ARGUMENT when its document, URI, metadata or embedding cannot be read. */
function partsOf(
  id: unknown,
  { embeddings, metadatas, documents, uris }: Partial<Record<Column, JsonText>>,
  { plan, documentKey, uriKey, payload: chosen }: Reading,
): Parts {
  const { payload, sparse } = metadatas === undefined ? NO_METADATA : metadataOf(metadatas);
  const texts = [
    [documentKey, documents === undefined ? null : parsedValue(documents, 'the document')],
    [uriKey, uris === undefined ? null : parsedValue(uris, 'the uri')],
  ] as const;
  const all = { ...payload, ...Object.fromEntries(texts.filter(([, value]) => value !== null)) };
  const kept = Object.entries(all).filter(([name]) => chosen === undefined || chosen.includes(name));
  const vectors = asVectors(embeddings === undefined ? undefined : embeddingOf(embeddings));
  return {
    id,
    ...plan.parts(new Map([...vectors, ...sparse]), MISSING),
    noVector: MISSING,
    payload: Object.fromEntries(kept),
  };
}

function parsedValue({ bytes, wrong }: JsonText, what: string): unknown {
  const text = textOf(bytes);
  if (wrong !== undefined || text === undefined)
    throw VectronError.invalid('file', wrong ?? `${what} is not valid UTF-8; export the file again in UTF-8`);
  return parseJson(text, what);
}

function embeddingOf(text: JsonText): VectorValue | undefined {
  const value = parsedValue(text, 'the embedding');
  if (typeof value === 'string') {
    const message = `the embedding is text, not a list of numbers: write it with .tolist(), not with str()`;
    throw VectronError.invalid('embedding', message);
  }
  return vectorOf(value, 'the embedding');
}

const asVectors = (vector: VectorValue | undefined): Map<string, VectorValue> =>
  new Map(vector === undefined ? [] : [['', vector]]);

/** Sparse vectors stand among the metadata, as `{"#type": "sparse_vector", "indices", "values"}`. */
function metadataOf(text: JsonText): { payload: Record<string, unknown>; sparse: Map<string, VectorValue> } {
  const value = parsedValue(text, 'the metadata');
  if (value === null) return NO_METADATA;
  if (!isPlainObject(value))
    throw VectronError.invalid('metadata', `the metadata must be an object, not ${shown(value)}`);
  const isSparse = (one: unknown) => isPlainObject(one) && one['#type'] === 'sparse_vector';
  const entries = Object.entries(value);
  const sparse = entries.flatMap(([name, one]): [string, VectorValue][] => {
    const vector = isSparse(one) ? vectorOf(one, name) : undefined;
    return vector === undefined ? [] : [[name, vector]];
  });
  return { payload: Object.fromEntries(entries.filter(([, one]) => !isSparse(one))), sparse: new Map(sparse) };
}

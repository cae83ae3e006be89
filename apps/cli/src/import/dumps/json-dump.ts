import { toVectronError, VectronError } from '@vectron/errors';
import { type JsonText, objectOf } from '../json-source.js';
import type { ColumnChoice, ImportRow, Place, RowSource } from '../rows.js';
import { type RowShape, rowTexts } from './json-rows.js';
import { idText, LeftOut, type Parts, rowOf } from './row-of.js';
import { VectorSurvey, type Vectors } from './vector-survey.js';

export type Json = Readonly<Record<string, unknown>>;

/** A row as the database has it, taken apart. */
export interface DumpedRow {
  readonly id: unknown;
  readonly vectors: Vectors;
  readonly payload: Record<string, unknown>;
  readonly leftOut?: Parts['leftOut'];
  /** Rows of other tables than the one that is imported are not looked at further. */
  readonly table?: string;
}

/** How a database writes its rows as JSON. */
export interface JsonDump {
  readonly shape: RowShape;
  /** Throws INVALID_ARGUMENT for a row that is none, or that has a wrong vector. */
  readonly read: (row: Json) => DumpedRow;
  /** The vector without a name is called so. */
  readonly unnamed: string;
  /** Why a row may have no vector at all, and what to do. */
  readonly missing: string;
  /** How the id and the payload are understood, for people. */
  readonly understood: readonly string[];
  /** What the table of a row is called in this database, such as `class`. */
  readonly tableWord?: string;
}

/**
 * A dump of rows in JSON, in lines, lists, pages or one document. It is read twice, to know the vectors of all rows before the
 * first one. Memory: the largest row.
 */
export async function openJsonDump(file: string, choice: ColumnChoice, dump: JsonDump): Promise<RowSource> {
  const survey = await surveyOf(file, choice, dump);
  const plan = survey.vectors.plan(file, choice.vector, dump.unnamed);
  return {
    total: survey.total,
    ...plan.source,
    understood: [
      ...(survey.table === undefined ? [] : [`${dump.tableWord ?? 'table'}: ${survey.table}`]),
      ...dump.understood,
      ...plan.understood,
    ],
    async *rows() {
      for await (const text of rowTexts(file, dump.shape)) {
        const read = readText(text, dump);
        if (!isOf(read, survey.table)) continue;
        yield asRow(
          { file, line: text.line },
          read,
          (row) => ({
            id: row.id,
            ...plan.parts(row.vectors, dump.missing),
            payload: chosenOf(row.payload, choice.payload),
            leftOut: [...(row.leftOut ?? []), ...(plan.parts(row.vectors, dump.missing).leftOut ?? [])],
          }),
          plan.dimensions,
        );
      }
    },
  };
}

type Read = { readonly row: DumpedRow } | { readonly wrong: string; readonly id?: string };

function readText(text: JsonText, { read }: JsonDump): Read {
  const object = objectOf(text);
  if ('wrong' in object) return { wrong: object.wrong };
  try {
    return { row: read(object.fields) };
  } catch (error) {
    const { id, uuid } = object.fields;
    const known = idText(id ?? uuid);
    return { wrong: toVectronError(error).message, ...(known === undefined ? {} : { id: known }) };
  }
}

/** Rows that cannot be read are told in any case: which table they are of is not known. */
const isOf = (read: Read, table: string | undefined): boolean =>
  'wrong' in read || table === undefined || read.row.table === undefined || read.row.table === table;

function asRow(
  place: Place,
  read: Read,
  parts: (row: DumpedRow) => Parts,
  dimensions: Parameters<typeof rowOf>[2],
): ImportRow {
  if ('row' in read) return rowOf(place, parts(read.row), dimensions);
  return { place, ...(read.id === undefined ? {} : { id: read.id }), reason: read.wrong };
}

/** What of a payload was chosen. */
function chosenOf(payload: Record<string, unknown>, names: readonly string[] | undefined): Record<string, unknown> {
  if (names === undefined) return payload;
  return Object.fromEntries(Object.entries(payload).filter(([name]) => names.includes(name)));
}

interface Survey {
  readonly total: number;
  readonly vectors: VectorSurvey;
  readonly table?: string;
}

async function surveyOf(file: string, choice: ColumnChoice, dump: JsonDump): Promise<Survey> {
  const tables = new Map<string, { total: number; vectors: VectorSurvey }>();
  const of = (name: string) => {
    const known = tables.get(name) ?? { total: 0, vectors: new VectorSurvey() };
    tables.set(name, known);
    return known;
  };
  let wrong = 0;
  for await (const text of rowTexts(file, dump.shape)) {
    const read = readText(text, dump);
    if ('wrong' in read) wrong += 1;
    else {
      const table = of(read.row.table ?? '');
      table.total += 1;
      table.vectors.add(read.row.vectors);
    }
  }
  const names = [...tables.keys()].filter((name) => name !== '');
  const word = dump.tableWord ?? 'table';
  if (choice.table !== undefined && !names.includes(choice.table)) {
    throw VectronError.invalid(
      'table',
      `${file} has no ${word} ${choice.table}; choose one of ${names.join(', ') || 'none'}`,
    );
  }
  if (choice.table === undefined && names.length > 1) {
    throw VectronError.invalid('table', `${file} has objects of ${names.join(', ')}: choose one ${word} with --table`);
  }
  const table = choice.table ?? names[0];
  const own = of(table ?? '');
  // Rows of no table are of every one.
  const rest = table === undefined ? undefined : tables.get('');
  return {
    total: own.total + (rest?.total ?? 0) + wrong,
    vectors: own.vectors,
    ...(table === undefined ? {} : { table }),
  };
}

/** Values that a payload cannot have are left out by name. */
export const leftOut = (reason: string): LeftOut => new LeftOut(reason);

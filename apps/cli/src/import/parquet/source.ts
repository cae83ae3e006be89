import { toVectronError, VectronError } from '@vectron/errors';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { type Fields, type FormatRules, type Roles, rowOf, understand } from '../fields.js';
import { SAMPLE_ROWS } from '../json-source.js';
import type { ColumnChoice, ImportRow, Place, ReadRow, RowSource } from '../rows.js';
import { ColumnCursor } from './columns.js';
import { type Convert, converterOf, physicalSchema } from './values.js';

/** Rows put together at a time. */
const STEP = 256;

/** A column that becomes JSON, or why it does not. */
export interface ParquetColumn {
  readonly name: string;
  /** In the physical schema. */
  readonly node: SchemaTree;
  readonly convert: Convert | undefined;
  readonly why?: string;
}

export interface ParquetFile {
  readonly file: string;
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly root: SchemaTree;
  readonly columns: readonly ParquetColumn[];
}

/**
 * The rows of a Parquet file. Values keep what they are: 64-bit integers, all digits of decimals and times (as text), structs as
 * objects, binary as base64. Columns of types without a form in JSON are left out by name. Memory: a page of each column.
 */
export async function parquetSource(file: string, choice: ColumnChoice): Promise<RowSource> {
  const open = await openParquet(file);
  const { metadata, columns } = open;
  const rules: FormatRules = { jsonText: true, floatLists: floatLists(columns) };
  const sample: Fields[] = [];
  for await (const { values } of records(open)) {
    // Every column, also where it has no value: it is there to be named.
    sample.push({
      ...Object.fromEntries(columns.map(({ name }) => [name, undefined])),
      ...('fields' in values ? values.fields : {}),
    });
    if (sample.length >= SAMPLE_ROWS) break;
  }
  if (sample.length === 0) sample.push(Object.fromEntries(columns.map(({ name }) => [name, undefined])));
  const { roles, dimension, understood } = understand(file, sample, choice, rules);
  const needed = [roles.id, roles.vector].map((name) => columns.find((one) => one.name === name));
  const unreadable = needed.find((one) => one?.why !== undefined);
  if (unreadable !== undefined)
    throw VectronError.invalid(
      'file',
      `${file}: column ${unreadable.name} ${unreadable.why}, which cannot be read; choose other columns with --id and --vector`,
    );
  const leftOut = columns.flatMap(({ name, why }) =>
    why === undefined
      ? []
      : [{ what: name, reason: `the column ${why}, which has no form in JSON; convert it to text to keep it` }],
  );
  return {
    total: Number(metadata.num_rows),
    dimension,
    understood: [...understood, ...leftOut.map(({ what, reason }) => `left out: ${what} (${reason})`)],
    async *rows() {
      for await (const { place, at, values } of records(open)) yield asRow(values, roles, rules, place, at, leftOut);
    },
  };
}

function asRow(
  values: Values,
  roles: Roles,
  rules: FormatRules,
  place: Place,
  at: number,
  leftOut: NonNullable<ReadRow['leftOut']>,
): ImportRow {
  if ('wrong' in values) return { place, id: values.id(roles), reason: values.wrong };
  const row = rowOf(values.fields, roles, rules, place, at);
  return 'reason' in row || leftOut.length === 0 ? row : { ...row, leftOut: [...leftOut, ...(row.leftOut ?? [])] };
}

export async function openParquet(file: string): Promise<ParquetFile> {
  const wrong = (cause: unknown) => {
    throw VectronError.invalid(
      'file',
      `${file} is not a readable Parquet file: ${(cause as Error).message}; export it again`,
    );
  };
  const buffer = await asyncBufferFromFile(file);
  // Geometry is told by its metadata; it has no part in an import.
  const metadata = await parquetMetadataAsync(buffer, { geoparquet: false }).catch(wrong);
  if (metadata === undefined) return wrong(new Error('it has no metadata'));
  const logical = parquetSchema(metadata);
  const physical = { ...metadata, schema: physicalSchema(metadata.schema) };
  const root = parquetSchema(physical);
  const columns = logical.children.map((node, at): ParquetColumn => {
    const convert = converterOf(node);
    const common = { name: node.element.name, node: root.children[at] };
    return typeof convert === 'function' ? { ...common, convert } : { ...common, convert: undefined, why: convert.why };
  });
  return { file, buffer, metadata, root, columns };
}

export type Values =
  | { readonly fields: Fields }
  | { readonly wrong: string; readonly id: (roles: Roles) => string | undefined };

/** All rows, in the order of the file; their line is their number, from 1. */
export async function* records({
  file,
  buffer,
  metadata,
  root,
  columns,
}: ParquetFile): AsyncGenerator<{ place: Place; at: number; values: Values }> {
  const read = columns.filter((column) => column.convert !== undefined);
  let at = 0;
  try {
    for (const group of metadata.row_groups) {
      const metas = group.columns.flatMap(({ meta_data: meta }): ColumnMetaData[] =>
        meta === undefined ? [] : [meta],
      );
      const cursors = read.map(({ node }) => new ColumnCursor(buffer, node, root, metas));
      const rows = Number(group.num_rows);
      for (let from = 0; from < rows; from += STEP) {
        const count = Math.min(STEP, rows - from);
        const taken = await Promise.all(cursors.map((cursor) => cursor.take(count)));
        for (let row = 0; row < count; row++) {
          yield { place: { file, line: at + 1 }, at, values: valuesOf(read, taken, row) };
          at += 1;
        }
      }
    }
  } catch (cause) {
    throw VectronError.invalid(
      'file',
      `${file} cannot be read further than row ${at}: ${(cause as Error).message}; export it again`,
    );
  }
}

function valuesOf(columns: readonly ParquetColumn[], taken: readonly ArrayLike<unknown>[], row: number): Values {
  const entries: [string, unknown][] = [];
  let wrong: string | undefined;
  for (const [i, { name, convert }] of columns.entries()) {
    const value = taken[i][row];
    try {
      entries.push([name, value === undefined || value === null ? null : (convert as Convert)(value)]);
    } catch (error) {
      wrong ??= `column "${name}": ${toVectronError(error).message}`;
    }
  }
  const fields = Object.fromEntries(entries);
  if (wrong === undefined) return { fields };
  return {
    wrong,
    id: ({ id }) => (id === undefined || typeof fields[id] === 'object' ? undefined : String(fields[id])),
  };
}

function floatLists(columns: readonly ParquetColumn[]): Set<string> {
  const isFloat = (node: SchemaTree): boolean =>
    node.children.length === 1
      ? isFloat(node.children[0])
      : node.children.length === 0 && ['FLOAT', 'DOUBLE'].includes(node.element.type ?? '');
  return new Set(columns.filter(({ node }) => node.children.length === 1 && isFloat(node)).map(({ name }) => name));
}

import { VectronError } from '@vectron/errors';
import type { ColumnChoice } from '../../rows.js';
import { inherited, type PgColumn, type PgTable, qualified } from './catalog.js';
import { isBits, isUnknown, typeText, type VectorForm, vectorForm } from './values.js';

export interface VectorColumn {
  readonly column: PgColumn;
  /** undefined: by the text of each value. */
  readonly form: VectorForm | undefined;
  /** What the operator class of an index on the column compares by; undefined: it has no such index. */
  readonly distance?: string;
}

/** What the columns of a table are for points. */
export interface Plan {
  readonly table: PgTable;
  /** It and its partitions and children: their rows are its rows. */
  readonly tables: ReadonlySet<PgTable>;
  readonly id: PgColumn;
  readonly vector: VectorColumn;
  readonly named: readonly VectorColumn[];
  readonly sparse: readonly PgColumn[];
  readonly payload: readonly PgColumn[];
  readonly distance?: string;
  readonly understood: readonly string[];
}

/** What the first reading has found out about the rows of a table. */
export interface RowsSeen {
  rows: number;
  /** Columns of no known type whose values, one at least, all are written as pgvector writes vectors. */
  readonly likeVectors: Set<string>;
  /** Columns of no known type that have another value. */
  readonly notVectors: Set<string>;
}

/** Decides by types and constraints, then by names. Throws INVALID_ARGUMENT that says what to choose from. */
export function planOf(
  file: string,
  tables: readonly PgTable[],
  seen: ReadonlyMap<PgTable, RowsSeen>,
  choice: ColumnChoice,
): Plan {
  const table = tableOf(file, tables, seen, choice);
  const family = new Set(tables.filter((one) => descends(one, table)));
  const columns = columnsOf(table, family);
  const understood = [`table: ${qualified(table)}`];
  const say = (line: string) => understood.push(line);
  const chosen = (name: string, flag: string) => {
    const column = columns.find((one) => one.name === name) ?? columns.find((one) => folded(one.name) === folded(name));
    if (column !== undefined) return column;
    const names = columns.map((one) => one.name).join(', ');
    throw VectronError.invalid(
      flag,
      `${file}: ${qualified(table)} has no column ${name} for --${flag}; choose one of ${names}`,
    );
  };
  const { id, why } =
    choice.id === undefined ? idOf(file, table, columns) : { id: chosen(choice.id, 'id'), why: 'chosen' };
  say(`id: column "${id.name}" (${typeText(id)}, ${why})`);
  const vectors = vectorsOf(file, table, {
    columns: columns.filter((one) => one !== id),
    family,
    seen,
    choice,
    chosen,
  });
  const [vector, ...others] = vectors;
  say(`vector: column "${vector.column.name}" (${typeText(vector.column)})`);
  const payload = choice.payload?.map((name) => chosen(name, 'payload'));
  const named = others
    .filter(({ column }) => payload?.includes(column) !== true)
    .map((one) => ({ ...one, distance: distanceOf(one.column, family, () => {}) }));
  for (const { column, distance } of named) {
    say(`named vector: column "${column.name}" (${typeText(column)}${distance === undefined ? '' : `, ${distance}`})`);
  }
  const isFree = (column: PgColumn) => column !== id && !vectors.some((one) => one.column === column);
  const sparse = columns.filter(
    (one) => isFree(one) && vectorForm(one.type) === 'sparse' && payload?.includes(one) !== true,
  );
  for (const column of sparse) say(`sparse vector: column "${column.name}" (${typeText(column)}), its indices from 0`);
  const rest = payload ?? columns.filter((one) => isFree(one) && !sparse.includes(one) && !one.generated);
  if (rest.length > 0) say(`payload: ${rest.map((one) => `"${one.name}" (${typeText(one)})`).join(', ')}`);
  const generated = columns.filter((one) => one.generated).map((one) => `"${one.name}"`);
  if (generated.length > 0)
    say(`left out: ${generated.join(', ')}, which PostgreSQL computes and pg_dump does not write`);
  const distance = distanceOf(vector.column, family, say);
  return { table, tables: family, id, vector, named, sparse, payload: rest, distance, understood };
}

const folded = (name: string) => name.toLowerCase();

const descends = (table: PgTable, from: PgTable): boolean =>
  table === from || table.parents.some((parent) => descends(parent, from));

/** Of the table, and those that only its children have. */
function columnsOf(table: PgTable, family: ReadonlySet<PgTable>): PgColumn[] {
  const columns = [...inherited(table)];
  for (const child of family) {
    for (const column of child.columns) if (!columns.some(({ name }) => name === column.name)) columns.push(column);
  }
  return columns;
}

const hasVectors = (table: PgTable, seen: ReadonlyMap<PgTable, RowsSeen>) =>
  inherited(table).some(({ type }) => vectorForm(type) === 'dense') || (seen.get(table)?.likeVectors.size ?? 0) > 0;

function tableOf(
  file: string,
  tables: readonly PgTable[],
  seen: ReadonlyMap<PgTable, RowsSeen>,
  { table: wanted, vector }: ColumnChoice,
): PgTable {
  const list = (some: readonly PgTable[]) => some.map((one) => nameIn(one, tables)).join(', ');
  if (wanted !== undefined) {
    const found = tables.filter((one) => isNamed(one, wanted));
    if (found.length === 1) return found[0];
    const what = found.length === 0 ? `no table ${wanted}` : `several tables ${wanted}`;
    throw VectronError.invalid(
      'table',
      `${file} has ${what}; choose with --table one of ${list(found.length === 0 ? tables : found)}`,
    );
  }
  const hasRows = (table: PgTable) => tables.some((one) => descends(one, table) && (seen.get(one)?.rows ?? 0) > 0);
  const roots = tables.filter((one) => one.parents.length === 0);
  const has = (table: PgTable) =>
    vector === undefined ? hasVectors(table, seen) : inherited(table).some(({ name }) => name === vector);
  const candidates = roots.filter((one) => has(one) && hasRows(one));
  if (candidates.length === 1) return candidates[0];
  if (candidates.length > 1) {
    throw VectronError.invalid(
      'table',
      `${file} has vectors in the tables ${list(candidates)}: choose one with --table`,
    );
  }
  const filled = roots.filter(hasRows);
  if (filled.length === 0) {
    throw VectronError.invalid(
      'file',
      `${file} has no table with rows: dump it with pg_dump in plain format, with data`,
    );
  }
  throw VectronError.invalid(
    'table',
    `${file} has no table with a column of type vector or halfvec: name the table with --table, of ${list(filled)}, and the column with --vector`,
  );
}

/** With the database where there are several. */
const nameIn = (table: PgTable, tables: readonly PgTable[]) =>
  tables.some(({ database }) => database !== table.database)
    ? `${table.database}.${qualified(table)}`
    : qualified(table);

/** `wanted`: the name, with or without schema and database, with or without quotes. */
function isNamed(table: PgTable, wanted: string): boolean {
  const { database, schema, name } = table;
  const forms = [name, `${schema}.${name}`, `${database}.${schema}.${name}`];
  const sql = qualified(table);
  const quoted = [
    qualified(table),
    sql.slice(sql.length - `"${name.replaceAll('"', '""')}"`.length),
    `${database}.${sql}`,
  ];
  return forms.includes(wanted) || quoted.includes(wanted);
}

function idOf(file: string, table: PgTable, columns: readonly PgColumn[]): { id: PgColumn; why: string } {
  const named = (name: string | undefined) => columns.find((one) => one.name === name);
  const keys = table.primaryKey ?? [];
  const fail = (why: string): VectronError => {
    const names = columns.map((one) => one.name).join(', ');
    return VectronError.invalid(
      'id',
      `${file}: ${qualified(table)} ${why}: choose the column of the id with --id, of ${names}`,
    );
  };
  if (keys.length > 1) throw fail(`has a primary key of ${keys.length} columns, ${keys.join(', ')}`);
  const key = named(keys[0]);
  if (key !== undefined) return { id: key, why: 'primary key' };
  const scalar = columns.filter(({ type }) => type === undefined || (!type.isArray && canBeId(type.name)));
  const byName = ['id', 'uuid', '_id'].map((name) => scalar.find((one) => folded(one.name) === name));
  const uniques = table.uniques
    .filter((names) => names.length === 1)
    .flatMap(([name]) => scalar.filter((one) => one.name === name && one.notNull));
  const unique = uniques.find((one) => byName.includes(one)) ?? (uniques.length === 1 ? uniques[0] : undefined);
  if (unique !== undefined) return { id: unique, why: 'unique, not null' };
  const common = byName.find((one) => one !== undefined);
  if (common !== undefined) return { id: common, why: 'by its name' };
  const numbered = scalar.filter((one) => one.numbered);
  if (numbered.length === 1) return { id: numbered[0], why: 'numbered by PostgreSQL' };
  const uuids = scalar.filter((one) => one.type?.name === 'uuid' && one.notNull);
  if (uuids.length === 1) return { id: uuids[0], why: 'the only uuid that is not null' };
  throw fail('has no primary key, no unique column and no column called id');
}

const canBeId = (name: string) =>
  vectorForm({ name, args: [], isArray: false }) === undefined && !['json', 'jsonb', 'boolean', 'bool'].includes(name);

interface Choosing {
  readonly columns: readonly PgColumn[];
  readonly family: ReadonlySet<PgTable>;
  readonly seen: ReadonlyMap<PgTable, RowsSeen>;
  readonly choice: ColumnChoice;
  readonly chosen: (name: string, flag: string) => PgColumn;
}

/** The first one is the point's vector, the others are named ones. */
function vectorsOf(file: string, table: PgTable, { columns, family, seen, choice, chosen }: Choosing): VectorColumn[] {
  const withBitIndex = new Set(
    [...family].flatMap(({ indexes }) => indexes.filter(isBitIndex).map(({ column }) => column)),
  );
  const isLike = ({ name }: PgColumn) => [...family].some((one) => seen.get(one)?.likeVectors.has(name));
  const dense = columns.flatMap((column): VectorColumn[] => {
    const ofDomain = column.type !== undefined && isUnknown(column.type) && isLike(column);
    if (vectorForm(column.type) === 'dense' || ofDomain) return [{ column, form: 'dense' }];
    return isBits(column.type) && withBitIndex.has(column.name) ? [{ column, form: 'bits' }] : [];
  });
  if (choice.vector !== undefined) {
    const column = chosen(choice.vector, 'vector');
    const form = isBits(column.type) ? 'bits' : vectorForm(column.type);
    if (form === 'sparse') {
      throw VectronError.invalid(
        'vector',
        `${file}: column ${column.name} is sparse; choose a dense column with --vector: sparse ones are imported beside it`,
      );
    }
    return [{ column, form }, ...dense.filter((one) => one.column !== column)];
  }
  if (dense.length > 0) return dense;
  const like = columns.filter((one) => one.type === undefined && isLike(one));
  if (like.length === 1) return [{ column: like[0], form: 'dense' }];
  const among = like.length === 0 ? columns : like;
  const names = among.map(({ name }) => name).join(', ');
  const why =
    like.length === 0
      ? 'has no column of type vector, halfvec or bit with an index'
      : 'has several columns like vectors';
  throw VectronError.invalid('vector', `${file}: ${qualified(table)} ${why}: choose one with --vector, of ${names}`);
}

const isBitIndex = ({ operators }: { readonly operators?: string }) => operators?.startsWith('bit_') === true;

const DISTANCES: Record<string, string> = { cosine: 'cosine', l2: 'euclidean', ip: 'dot', hamming: 'euclidean' };

/** That of the vector indexes of the column; undefined where they have none in common that Vectron has. */
function distanceOf(column: PgColumn, family: ReadonlySet<PgTable>, say: (line: string) => void): string | undefined {
  const indexes = [...family]
    .flatMap((one) => one.indexes)
    .filter((one) => one.column === column.name && (one.method === 'hnsw' || one.method === 'ivfflat'));
  // ivfflat has a default: L2.
  const operators = [...new Set(indexes.map((one) => one.operators ?? 'vector_l2_ops'))];
  if (operators.length === 0) return undefined;
  const kinds = operators.map((one) => one.split('_').at(-2) ?? '');
  const distances = [...new Set(kinds.map((kind) => DISTANCES[kind]))];
  const [distance] = distances;
  if (distances.length === 1 && distance !== undefined) {
    say(`distance: ${distance} (index of ${operators.join(', ')})`);
    return distance;
  }
  say(`distance: not taken from the indexes, which are of ${operators.join(', ')}`);
  return undefined;
}

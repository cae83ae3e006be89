import { open } from 'node:fs/promises';
import { VectronError } from '@vectron/errors';
import { ByteWindow } from '../byte-window.js';
import { fileBytes } from '../file-bytes.js';
import type { ColumnChoice, ImportRow, Place, RowSource } from '../rows.js';
import { Frequencies } from './frequencies.js';
import { Catalog, type PgColumn, type PgRows, type PgTable, qualified } from './pg/catalog.js';
import { type Cell, cellsOf, tupleCells } from './pg/cells.js';
import { type Plan, planOf, type RowsSeen } from './pg/plan.js';
import { type SqlEvent, SqlEvents } from './pg/sql-events.js';
import { NotUtf8 } from './pg/sql-tokens.js';
import { declaredDimension, denseOf, isBits, isUnknown, reader, sparseOf, vectorForm } from './pg/values.js';
import { type Dimensions, type Parts, rowOf } from './row-of.js';

/**
 * A plain dump of pg_dump or pg_dumpall, of a database with pgvector. It is read twice: types come first, keys and indexes
 * after the rows. Memory: the longest row or statement.
 */
export async function openPgvector(file: string, choice: ColumnChoice): Promise<RowSource> {
  await refuseOtherFormats(file);
  const survey = await Survey.of(file, choice.vector);
  const plan = planOf(file, survey.catalog.tables, survey.seen, choice);
  const dimensions = survey.dimensions(plan);
  const { dimension, named } = dimensions;
  return {
    total: [...plan.tables].reduce((sum, table) => sum + (survey.seen.get(table)?.rows ?? 0), 0),
    dimension: dimension === 0 ? undefined : dimension,
    understood: [...plan.understood, ...survey.understood(plan)],
    namedVectors: Array.from(named, ([name, of]) => {
      const distance = plan.named.find(({ column }) => column.name === name)?.distance;
      return { name, dimension: of, ...(distance === undefined ? {} : { distance }) };
    }),
    sparseVectors: plan.sparse.map(({ name }) => name),
    distance: plan.distance,
    rows: () => rowsOf(file, plan, dimensions),
  };
}

const ELSE = 'make a plain one with';

async function refuseOtherFormats(file: string): Promise<void> {
  const handle = await open(file);
  try {
    if ((await handle.stat()).isDirectory()) {
      throw VectronError.invalid(
        'file',
        `${file} is a directory; of one by pg_dump ${ELSE} pg_restore -f dump.sql ${file}`,
      );
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(264), 0, 264, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    if (head.startsWith('PGDMP') || head.startsWith('toc.dat\0')) {
      const form = head.startsWith('PGDMP') ? 'custom' : 'tar';
      throw VectronError.invalid('file', `${file} is a dump in ${form} format: ${ELSE} pg_restore -f dump.sql ${file}`);
    }
    if (/^(\xff\xfe|\xfe\xff)/.test(head)) {
      throw VectronError.invalid('file', `${file} is UTF-16, as some shells write it: ${ELSE} pg_dump -f dump.sql`);
    }
  } finally {
    await handle.close();
  }
}

/** Events of the dump, with the table and columns of each row. */
async function* events(file: string, catalog: Catalog): AsyncGenerator<{ event: SqlEvent; rows?: PgRows }> {
  const window = new ByteWindow((await fileBytes(file)).chunks);
  let rows: PgRows | undefined;
  try {
    for await (const event of new SqlEvents(window)) {
      if (event.kind === 'connect') catalog.connect(event.database);
      if (event.kind === 'statement') rows = catalog.take(event.tokens, event.line);
      yield { event, rows };
    }
  } catch (cause) {
    if (!(cause instanceof NotUtf8)) throw cause;
    throw VectronError.invalid(
      'file',
      `${file}:${window.line}: the dump is not in UTF-8: make it with pg_dump --encoding=UTF8`,
    );
  } finally {
    await window.close();
  }
}

/** As pgvector writes a vector: no spaces, no text. */
const LIKE_VECTOR = /^\[-?\d[-+\d.eE]*(,-?\d[-+\d.eE]*)*\]$/;

/** What one reading of the dump finds out. */
class Survey {
  readonly seen = new Map<PgTable, RowsSeen>();
  /** Dimensions of the vectors whose types do not say it, by column. */
  private readonly lengths = new Map<PgTable, Map<string, Frequencies>>();
  private torn = false;
  private complete = false;
  private begun = false;

  private constructor(
    readonly catalog: Catalog,
    private readonly vector: string | undefined,
  ) {}

  /** `vector`: the column that was chosen. */
  static async of(file: string, vector: string | undefined): Promise<Survey> {
    const survey = new Survey(new Catalog(file), vector);
    for await (const { event, rows } of events(file, survey.catalog)) survey.take(event, rows);
    return survey;
  }

  private take(event: SqlEvent, rows: PgRows | undefined): void {
    if (event.kind === 'torn') this.torn = true;
    if (event.kind === 'complete') this.complete = true;
    if (event.kind !== 'copy' && event.kind !== 'tuple') return;
    this.begun = true;
    if (rows === undefined) return;
    const { table, columns } = rows;
    const known = this.seen.get(table);
    const seen = known ?? { rows: 0, likeVectors: new Set<string>(), notVectors: new Set<string>() };
    if (known === undefined) this.seen.set(table, seen);
    seen.rows += 1;
    if (!columns.some((one) => this.isOpen(one) || (isUnknown(one.type) && !seen.notVectors.has(one.name)))) return;
    const cells = cellsOfEvent(event);
    if (cells === undefined) return;
    for (const [at, column] of columns.entries()) this.cell(table, column, cells[at]);
  }

  private cell(table: PgTable, column: PgColumn, cell: Cell): void {
    if (typeof cell !== 'string') return;
    if (isUnknown(column.type) && column.name !== this.vector) {
      const { likeVectors, notVectors } = this.seen.get(table) as RowsSeen;
      if (notVectors.has(column.name)) return;
      if (!LIKE_VECTOR.test(cell)) {
        likeVectors.delete(column.name);
        notVectors.add(column.name);
        return;
      }
      likeVectors.add(column.name);
    } else if (!this.isOpen(column)) return;
    const lengths = this.lengths.get(table) ?? new Map<string, Frequencies>();
    this.lengths.set(table, lengths);
    const frequencies = lengths.get(column.name) ?? new Frequencies();
    lengths.set(column.name, frequencies);
    const dimension = lengthOf(cell);
    if (dimension !== undefined) frequencies.add(dimension);
  }

  /** It may be a vector, and its type does not say of which dimension. */
  private isOpen({ name, type }: PgColumn): boolean {
    if (declaredDimension(type) !== undefined) return false;
    return vectorForm(type) === 'dense' || isBits(type) || name === this.vector;
  }

  /** Declared, or what most values have; a named vector without either is left out. */
  dimensions(plan: Plan): Dimensions {
    const of = (column: PgColumn): number => {
      const declared = declaredDimension(column.type);
      if (declared !== undefined) return declared;
      const all = [...plan.tables].map((table) => this.lengths.get(table)?.get(column.name));
      return Frequencies.sum(all.filter((one) => one !== undefined)).most ?? 0;
    };
    const named = plan.named.map(({ column }) => [column.name, of(column)] as const);
    return { dimension: of(plan.vector.column), named: new Map(named.filter(([, dimension]) => dimension > 0)) };
  }

  understood(plan: Plan): string[] {
    const notes: string[] = [];
    const empty = plan.named.filter(({ column }) => !this.dimensions(plan).named.has(column.name));
    for (const { column } of empty) notes.push(`left out: column "${column.name}", which has no vector in any row`);
    if (this.begun && !this.torn && !this.complete && plan.table.declared && plan.table.primaryKey === undefined) {
      notes.push(
        'the dump has no last line "PostgreSQL database dump complete": its end, with the keys, may be missing',
      );
    }
    return notes;
  }
}

/** Numbers in a list, or bits; undefined where it is neither. */
function lengthOf(cell: string): number | undefined {
  if (/^[01]+$/.test(cell)) return cell.length;
  if (!/^[[{][-+\d.eE,\s]+[\]}]$/.test(cell)) return undefined;
  let commas = 0;
  for (let at = cell.indexOf(','); at !== -1; at = cell.indexOf(',', at + 1)) commas += 1;
  return commas + 1;
}

/** undefined: the row cannot be read. */
function cellsOfEvent(event: Extract<SqlEvent, { kind: 'copy' | 'tuple' }>): Cell[] | undefined {
  try {
    return event.kind === 'copy' ? cellsOf(event.bytes) : tupleCells(event.bytes, event.backslashes);
  } catch {
    return undefined;
  }
}

async function* rowsOf(file: string, plan: Plan, dimensions: Dimensions): AsyncGenerator<ImportRow> {
  const readers = new Map(plan.payload.map(({ name, type }) => [name, reader(type)]));
  const ours = new Set([...plan.tables].map(key));
  for await (const { event, rows } of events(file, new Catalog(file))) {
    if (rows === undefined || !ours.has(key(rows.table))) continue;
    if (event.kind === 'copy' || event.kind === 'tuple') {
      yield rowOfEvent({ file, line: event.line }, event, rows, { plan, readers, dimensions });
    } else if (event.kind === 'torn') {
      const what = event.row ? 'the file ends within this row' : 'the file ends here, before the end of the table';
      yield { place: { file, line: event.line }, reason: `${what}: what follows was cut off; make the dump again` };
    }
  }
}

const key = ({ database, schema, name }: PgTable) => JSON.stringify([database, schema, name]);

interface Reading {
  readonly plan: Plan;
  readonly readers: ReadonlyMap<string, (text: string) => unknown>;
  readonly dimensions: Dimensions;
}

function rowOfEvent(
  place: Place,
  event: Extract<SqlEvent, { kind: 'copy' | 'tuple' }>,
  { table, columns }: PgRows,
  reading: Reading,
): ImportRow {
  let id: string | undefined;
  try {
    const cells = event.kind === 'copy' ? cellsOf(event.bytes) : tupleCells(event.bytes, event.backslashes);
    if (cells.length !== columns.length) {
      throw new Error(
        `it must have ${columns.length} values, one for each column of ${qualified(table)}, not ${cells.length}`,
      );
    }
    const values = new Map(columns.map(({ name }, at) => [name, cells[at]]));
    id = values.get(reading.plan.id.name) ?? undefined;
    return rowOf(place, partsOf(values, reading), reading.dimensions);
  } catch (cause) {
    return { place, ...(id === undefined ? {} : { id }), reason: (cause as Error).message };
  }
}

/** Throws an Error that says which value is wrong. */
function partsOf(values: ReadonlyMap<string, Cell>, { plan, readers, dimensions }: Reading): Parts {
  const vectorName = plan.vector.column.name;
  const text = values.get(vectorName) ?? null;
  const payload: Record<string, unknown> = {};
  for (const { name } of plan.payload) {
    const value = values.get(name);
    if (value !== undefined)
      define(payload, name, value === null ? null : within(name, () => readers.get(name)?.(value)));
  }
  const vectors: [string, Float32Array][] = [];
  for (const { column, form } of plan.named) {
    const value = values.get(column.name) ?? null;
    if (value !== null && dimensions.named.has(column.name)) {
      vectors.push([column.name, within(column.name, () => denseOf(value, form))]);
    }
  }
  const sparse = plan.sparse.flatMap(({ name }) => {
    const value = values.get(name) ?? null;
    return value === null ? [] : [[name, within(name, () => sparseOf(value))] as const];
  });
  return {
    id: values.get(plan.id.name) ?? null,
    vector: text === null ? undefined : within(vectorName, () => denseOf(text, plan.vector.form)),
    noVector: `it has no vector: column ${vectorName} is NULL; fill it, or choose another column with --vector`,
    payload,
    vectors: Object.fromEntries(vectors),
    sparse: Object.fromEntries(sparse),
    leftOut: Object.entries(payload).flatMap(([name, value]) => notNumbers(name, value, plan)),
  };
}

/** As an own property, whatever the name. */
function define(payload: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(payload, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Decimals that no double has stay text, which filters on numbers do not find. */
function notNumbers(name: string, value: unknown, { payload }: Plan): { what: string; reason: string }[] {
  const type = payload.find((column) => column.name === name)?.type;
  if (type === undefined || type.isArray || !['numeric', 'decimal'].includes(type.name)) return [];
  return typeof value === 'string'
    ? [{ what: `${name} as a number`, reason: 'no double has all its digits: it is text' }]
    : [];
}

function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`column ${name}: ${(cause as Error).message}`, { cause });
  }
}

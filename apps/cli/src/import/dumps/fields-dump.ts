import { toVectronError, VectronError } from '@vectron/errors';
import { isPlainObject, parseJson } from '@vectron/model';
import type { ColumnChoice, ImportRow, Place, RowSource } from '../rows.js';
import { Frequencies } from './frequencies.js';
import { idText, LeftOut, type Parts, rowOf } from './row-of.js';
import { VectorPlan, type VectorValue, vectorOf } from './vector-survey.js';

export type Fields = Readonly<Record<string, unknown>>;

/** A row of columns, or why it cannot be read. */
export interface FieldsRow {
  readonly place: Place;
  readonly fields?: Fields;
  readonly wrong?: string;
}

/** What the type of a column says of its lists, where there is one. */
export type ListType = 'floats' | 'small integers' | 'bytes' | 'others';

/** Rows of columns without a schema that says which is the id, which are vectors. */
export interface FieldsDump {
  readonly rows: () => AsyncGenerator<FieldsRow>;
  /** By column. Columns that are not in it are of a file without types. */
  readonly listTypes: ReadonlyMap<string, ListType>;
  /** A JSON object with more columns, such as `$meta`. */
  readonly more?: string;
  /** Texts that are JSON objects in every row are read as such. */
  readonly jsonTexts: boolean;
  /** Columns that cannot be read. */
  readonly unread?: readonly { readonly what: string; readonly reason: string }[];
  /** Of a column of bytes, which is left out. */
  readonly bytesReason: string;
  /** Why a row may have no vector, and what to do. */
  readonly missing: string;
}

const ID_NAMES = ['id', '_id', 'pk', 'uuid', 'primary_key', 'auto_id', 'doc_id'];
/** A list of a file without types is a vector when it has a name such as these, or a fraction in it. */
const VECTOR_NAME = /vec|emb|dense|feature/i;
const FIRST_NAMES = [/^(vector|embedding|dense_vector|dense)$/i, VECTOR_NAME, /./];
/** The id of rows that have none, by choice. */
const ROW = 'row';

/** What the values of a column are like, over all rows. */
class ColumnSeen {
  readonly lengths = new Frequencies();
  values = 0;
  lists = 0;
  hasFraction = false;
  sparse = 0;
  isFilledSparse = false;
  jsonTexts = 0;

  add(value: unknown): void {
    if (value === undefined || value === null) return;
    this.values += 1;
    if (Array.isArray(value) || value instanceof Float32Array) {
      const list = value as ArrayLike<unknown>;
      if (list.length > 0 && isNumbers(list)) {
        this.lists += 1;
        this.lengths.add(list.length);
        this.hasFraction ||= Array.from(list).some((one) => typeof one === 'number' && !Number.isInteger(one));
      }
      return;
    }
    const pairs = sparseOf(value);
    if (pairs !== undefined) {
      this.sparse += 1;
      this.isFilledSparse ||= pairs.indices.length > 0;
    }
    if (typeof value === 'string' && value.startsWith('{') && jsonObject(value) !== undefined) this.jsonTexts += 1;
  }

  isVector(name: string, type: ListType | undefined): boolean {
    if (this.lists === 0 || this.lists < this.values || type === 'bytes' || type === 'others') return false;
    if (this.lengths.kinds > 1) return false;
    return type !== undefined || this.hasFraction || VECTOR_NAME.test(name);
  }

  get isSparse(): boolean {
    return this.isFilledSparse && this.sparse === this.values;
  }
}

function isNumbers(list: ArrayLike<unknown>): boolean {
  for (let at = 0; at < list.length; at++)
    if (typeof list[at] !== 'number' && typeof list[at] !== 'bigint') return false;
  return true;
}

const jsonObject = (text: string): Record<string, unknown> | undefined => {
  try {
    const value = parseJson(text);
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

/** `{"12": 0.5}`, or its JSON text; undefined: it is something else. */
function sparseOf(value: unknown): { indices: number[]; values: number[] } | undefined {
  const object = typeof value === 'string' && value.startsWith('{') ? jsonObject(value) : value;
  if (!isPlainObject(object)) return undefined;
  if (Array.isArray(object.indices) && Array.isArray(object.values) && Object.keys(object).length === 2) {
    return { indices: object.indices.map(Number), values: object.values.map(Number) };
  }
  const entries = Object.entries(object);
  if (!entries.every(([index, one]) => /^\d{1,10}$/.test(index) && typeof one === 'number')) return undefined;
  return { indices: entries.map(([index]) => Number(index)), values: entries.map(([, one]) => one as number) };
}

interface Columns {
  readonly id: string | undefined;
  readonly plan: VectorPlan;
  readonly bytes: ReadonlySet<string>;
  readonly jsonTexts: ReadonlySet<string>;
  readonly understood: readonly string[];
  readonly total: number;
}

/** Reads the rows twice: what the columns are is decided by all values. Throws INVALID_ARGUMENT. */
export async function openFieldsDump(file: string, choice: ColumnChoice, dump: FieldsDump): Promise<RowSource> {
  const columns = await columnsOf(file, choice, dump);
  return {
    total: columns.total,
    ...columns.plan.source,
    understood: columns.understood,
    async *rows() {
      let at = 0;
      for await (const row of dump.rows()) {
        yield asRow(row, at, columns, choice, dump);
        at += 1;
      }
    },
  };
}

async function columnsOf(file: string, choice: ColumnChoice, dump: FieldsDump): Promise<Columns> {
  const seen = new Map<string, ColumnSeen>();
  let total = 0;
  for await (const { fields } of dump.rows()) {
    total += 1;
    if (fields === undefined) continue;
    const { all } = spread(fields, dump.more);
    for (const [name, value] of Object.entries(all)) {
      const column = seen.get(name) ?? new ColumnSeen();
      seen.set(name, column);
      column.add(value);
    }
  }
  const names = [...seen.keys()];
  const have = `its columns are ${names.join(', ') || 'none'}`;
  const chosen = (flag: 'id' | 'vector', name: string | undefined) => {
    if (name === undefined || names.includes(name)) return name;
    throw VectronError.invalid(flag, `${file} has no column ${name} for --${flag}; choose another; ${have}`);
  };
  const isNumbered = choice.id === ROW && !names.includes(ROW);
  const id = isNumbered ? undefined : (chosen('id', choice.id) ?? idByName(names));
  if (id === undefined && !isNumbered && total > 0) {
    const message = `${file} does not say which column is the primary key: name it with --id, or number the rows with --id ${ROW}; ${have}`;
    throw VectronError.invalid('id', message);
  }
  const isFree = (name: string) => name !== id && choice.payload?.includes(name) !== true;
  const typeOf = (name: string) => dump.listTypes.get(name);
  const vectors = names.filter((name) => isFree(name) && seen.get(name)?.isVector(name, typeOf(name)) === true);
  const first =
    chosen('vector', choice.vector) ??
    FIRST_NAMES.map((pattern) => vectors.find((name) => pattern.test(name))).find((name) => name !== undefined);
  const bytes = new Set(names.filter((name) => typeOf(name) === 'bytes' && name !== first));
  if (first === undefined && total > 0) {
    const why = bytes.size > 0 ? ` (${[...bytes].join(', ')}: ${dump.bytesReason})` : '';
    throw VectronError.invalid('vector', `${file} has no column of vectors; choose one with --vector; ${have}${why}`);
  }
  const dense = new Map(
    [...new Set([first ?? '', ...vectors])].map((name) => [name, seen.get(name)?.lengths.most ?? 0]),
  );
  const sparse = new Set(names.filter((name) => isFree(name) && seen.get(name)?.isSparse === true));
  const jsonTexts = new Set(
    names.filter((name) => {
      const column = seen.get(name);
      return dump.jsonTexts && column !== undefined && column.values > 0 && column.jsonTexts === column.values;
    }),
  );
  const plan = new VectorPlan(first ?? '', '', dense, sparse);
  const left = [...[...bytes].map((what) => ({ what, reason: dump.bytesReason })), ...(dump.unread ?? [])].map(
    ({ what, reason }) => `left out: ${what} (${reason})`,
  );
  const texts = [...jsonTexts]
    .filter((name) => !sparse.has(name))
    .map((name) => `${name}: JSON texts, read as objects`);
  const idText = id === undefined ? 'id: the number of the row, from 0' : `id: column "${id}"`;
  return { id, plan, bytes, jsonTexts, total, understood: [idText, ...plan.understood, ...left, ...texts] };
}

function idByName(names: readonly string[]): string | undefined {
  if (names.includes(ID_NAMES[0])) return ID_NAMES[0];
  const alike = names.filter((name) => ID_NAMES.includes(name.toLowerCase()));
  return alike.length === 1 ? alike[0] : undefined;
}

/** The columns with those in `more`, which do not replace others; `lost`: those that would. */
function spread(fields: Fields, more: string | undefined): { all: Fields; lost: string[] } {
  if (more === undefined || !Object.hasOwn(fields, more)) return { all: fields, lost: [] };
  const { [more]: own, ...rest } = fields;
  const object = typeof own === 'string' ? jsonObject(own) : own;
  if (!isPlainObject(object)) return { all: own === null || own === undefined || own === '' ? rest : fields, lost: [] };
  const lost = Object.keys(object).filter((name) => Object.hasOwn(rest, name));
  return { all: { ...object, ...rest }, lost: lost.map((name) => `${more}.${name}`) };
}

function asRow(row: FieldsRow, at: number, columns: Columns, choice: ColumnChoice, dump: FieldsDump): ImportRow {
  const { place, fields, wrong } = row;
  if (fields === undefined) return { place, reason: wrong ?? 'it cannot be read; export it again' };
  const { all, lost } = spread(fields, dump.more);
  const id = columns.id === undefined ? String(at) : all[columns.id];
  try {
    return rowOf(place, partsOf(id, all, lost, columns, choice, dump), columns.plan.dimensions);
  } catch (error) {
    const known = idText(id);
    return { place, ...(known === undefined ? {} : { id: known }), reason: toVectronError(error).message };
  }
}

function partsOf(
  id: unknown,
  all: Fields,
  lost: readonly string[],
  { plan, bytes, jsonTexts, id: idColumn }: Columns,
  choice: ColumnChoice,
  dump: FieldsDump,
): Parts {
  const vectors = new Map<string, VectorValue>();
  const payload: Record<string, unknown> = {};
  const leftOut = lost.map((what) => ({ what, reason: 'a column has this name' }));
  for (const [name, value] of Object.entries(all)) {
    if (bytes.has(name)) {
      if (value !== null && value !== undefined) leftOut.push({ what: name, reason: dump.bytesReason });
    } else if (name === plan.first || plan.dimensions.named.has(name)) {
      const vector = denseOf(value, name);
      if (vector !== undefined) vectors.set(name, vector);
    } else if (plan.sparse.has(name)) {
      const pairs = sparseOf(value);
      if (pairs !== undefined) vectors.set(name, { kind: 'sparse', ...pairs });
    } else if (choice.payload === undefined ? name !== idColumn : choice.payload.includes(name)) {
      payload[name] = jsonTexts.has(name) && typeof value === 'string' ? parseJson(value, name) : finite(value);
    }
  }
  const parts = plan.parts(vectors, dump.missing);
  return { id, ...parts, payload, leftOut: [...(dump.unread ?? []), ...leftOut, ...(parts.leftOut ?? [])] };
}

/** NaN, which pandas has for a missing number, and infinities are left out by name. */
const finite = (value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? new LeftOut(`${value} is no number that JSON has`) : value;

/** A dense vector from floats, from a list or from a list as text. Throws INVALID_ARGUMENT naming `name` for other values. */
function denseOf(value: unknown, name: string): VectorValue | undefined {
  if (value instanceof Float32Array) return { kind: 'dense', numbers: value };
  const list = typeof value === 'string' && value.startsWith('[') ? parseJson(value, name) : value;
  return vectorOf(list, name);
}

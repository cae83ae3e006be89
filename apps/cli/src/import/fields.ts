import { toVectronError, VectronError } from '@vectron/errors';
import { InexactNumber, isPlainObject, parseJson } from '@vectron/model';
import type { Point } from '@vectron/sdk';
import { floatsOf, shown } from './json-floats.js';
import type { ColumnChoice, ImportRow, Place, ReadRow } from './rows.js';

/** The values of a row by the names of their columns, as JSON has them; a column that is absent has no value in this row. */
export type Fields = Readonly<Record<string, unknown>>;

/** What the columns of a file are. */
export interface Roles {
  /** The column of the ids; undefined: each row has its number, from 0. */
  readonly id: string | undefined;
  readonly vector: string;
  /** A column that holds the whole payload, or the columns that become its fields; undefined: all others. */
  readonly payload: { readonly whole: string } | { readonly fields: readonly string[] } | undefined;
  /** Columns of a point as Vectron exports it: `sparse`, `vectors`, `ttlSeconds`, `expiresAt`. */
  readonly own: ReadonlySet<string>;
}

/** What a format allows besides JSON values. */
export interface FormatRules {
  /** Vectors and payloads may be JSON text: CSV has text alone, and Parquet is often written so. */
  readonly jsonText: boolean;
  /** Columns whose type says that they are lists of floating-point numbers. */
  readonly floatLists?: ReadonlySet<string>;
}

const OWN = ['sparse', 'vectors', 'ttlSeconds', 'expiresAt'] as const;
const ID_NAMES = ['id', '_id', 'uuid'];
const VECTOR_NAMES = ['vector', 'embedding', 'embeddings', 'emb', 'vec', 'values', 'dense_vector'];
/** A list of fewer numbers under an unknown name may be a box or a colour. */
const LEAST_UNNAMED = 8;
/** The name of a row's number, given in place of a column of ids. */
export const ROW_NUMBER = 'row';

/**
 * Decides which column is the id, the vector and the payload: by what was chosen, else by name, else by the values of the
 * rows given. Throws INVALID_ARGUMENT, listing the columns and naming the flag, when none is clearly the one.
 */
export function understand(
  file: string,
  rows: readonly Fields[],
  choice: ColumnChoice,
  rules: FormatRules,
): { roles: Roles; dimension: number | undefined; understood: string[] } {
  // All rows will be refused for reasons of their own.
  if (rows.length === 0) return unseen(choice);
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const values = (name: string) =>
    rows.map((row) => valueAt(row, name)).filter((value) => value !== undefined && value !== null);
  const have = `it has the columns ${columns.slice(0, 50).join(', ') || '(none)'}`;
  const chosen = (flag: 'id' | 'vector', name: string) => {
    if (columns.includes(name) || rows.some((row) => valueAt(row, name) !== undefined)) return name;
    throw VectronError.invalid(flag, `--${flag} ${name}: ${file} has no column of this name; choose another; ${have}`);
  };
  const unclear = (flag: 'id' | 'vector', hint = '') =>
    VectronError.invalid(
      flag,
      `${file}: the column of the ${flag} is ambiguous; choose it with --${flag}${hint}; ${have}`,
    );

  const numbered = choice.id === ROW_NUMBER && !columns.includes(ROW_NUMBER);
  const id = numbered ? undefined : choice.id === undefined ? named(columns, ID_NAMES) : chosen('id', choice.id);
  if (id === undefined && !numbered) throw unclear('id', `, or number the rows with --id ${ROW_NUMBER}`);

  const lists = (name: string) => values(name).flatMap((value) => asNumbers(value, rules) ?? []);
  const isFull = (name: string) => values(name).length > 0 && lists(name).length === values(name).length;
  const vector =
    choice.vector === undefined
      ? vectorColumn(
          columns.filter((name) => name !== id),
          isFull,
          (name) => looksLikeVectors(lists(name), rules.floatLists?.has(name) === true),
        )
      : chosen('vector', choice.vector);
  if (vector === undefined) throw unclear('vector');

  const others = columns.filter((name) => name !== id && name !== vector);
  const payload = payloadColumns(others, choice, values, rules);
  const own = ownColumns(payload !== undefined && 'whole' in payload, values);
  const missing = choice.payload?.find((name) => !columns.includes(name));
  if (missing !== undefined)
    throw VectronError.invalid(
      'payload',
      `--payload ${missing}: ${file} has no column of this name; choose another; ${have}`,
    );
  const dimension = mostCommon(lists(vector).map((list) => list.length));
  return {
    roles: { id, vector, payload, own },
    dimension,
    understood: said({ id, vector, payload, own }, others, dimension),
  };
}

/** Of a file without a row that can be read. */
function unseen({ id = 'id', vector = 'vector', payload }: ColumnChoice) {
  const roles: Roles = { id, vector, payload: payload && { fields: payload }, own: new Set() };
  return { roles, dimension: undefined, understood: ['no row could be read'] };
}

/** The column of the first of the names that there is; of names in another case only when one column has one of them. */
function named(columns: readonly string[], names: readonly string[]): string | undefined {
  if (columns.includes(names[0])) return names[0];
  const alike = columns.filter((column) => names.includes(column.toLowerCase()));
  return alike.length === 1 ? alike[0] : undefined;
}

function vectorColumn(
  columns: readonly string[],
  isFull: (name: string) => boolean,
  looksLike: (name: string) => boolean,
): string | undefined {
  // Under this name it can be nothing else, even where no row has a sound one.
  if (columns.includes(VECTOR_NAMES[0])) return VECTOR_NAMES[0];
  const byName = columns.filter((name) => VECTOR_NAMES.includes(name.toLowerCase()) && isFull(name));
  if (byName.length > 0) return byName.length === 1 ? byName[0] : undefined;
  const byValue = columns.filter((name) => isFull(name) && looksLike(name));
  return byValue.length === 1 ? byValue[0] : undefined;
}

/** Lists of one length that are not whole numbers, or are of a floating-point type. */
function looksLikeVectors(lists: readonly (readonly number[])[], isFloat: boolean): boolean {
  const [first] = lists;
  if (first.length < LEAST_UNNAMED || lists.some(({ length }) => length !== first.length)) return false;
  return isFloat || lists.some((list) => list.some((value) => !Number.isInteger(value)));
}

/** In one more list, so that flatMap keeps it; undefined when it is no list of numbers. */
function asNumbers(value: unknown, { jsonText }: FormatRules): [number[]] | undefined {
  const list = jsonText && typeof value === 'string' ? attempt(() => parseJson(value)) : value;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const floats = attempt(() => floatsOf(list, ''));
  return floats === undefined ? undefined : [floats];
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    // What is wrong with it is said where the row is read.
    return undefined;
  }
}

type Values = (name: string) => readonly unknown[];

const isSparse = (value: unknown) =>
  isPlainObject(value) && Array.isArray(value.indices) && Array.isArray(value.values);
const OWN_SHAPES: Record<(typeof OWN)[number], (value: unknown) => boolean> = {
  sparse: (value) => isPlainObject(value) && Object.values(value).every(isSparse),
  vectors: (value) => isPlainObject(value) && Object.values(value).every(Array.isArray),
  ttlSeconds: (value) => typeof value === 'number',
  expiresAt: (value) => typeof value === 'string',
};

/**
 * The columns that hold parts of a point: under such a name, of such values, and with a payload or nothing beside them. They may
 * come later than the rows that were looked at.
 */
function ownColumns(hasPayload: boolean, values: Values): Set<string> {
  const isSound = (name: (typeof OWN)[number]) => values(name).every((value) => OWN_SHAPES[name](parsedText(value)));
  // A date or a number beside columns of the file's own is one of these.
  return new Set(OWN.filter((name) => isSound(name) && (hasPayload || name === 'sparse' || name === 'vectors')));
}

const parsedText = (value: unknown) =>
  typeof value === 'string' && value.startsWith('{') ? attempt(() => parseJson(value)) : value;

function payloadColumns(
  others: readonly string[],
  choice: ColumnChoice,
  values: Values,
  { jsonText }: FormatRules,
): Roles['payload'] {
  if (choice.payload !== undefined) return { fields: choice.payload };
  const isObject = (value: unknown) => isPlainObject(jsonText ? parsedText(value) : value);
  // Of points that have nothing else one may have a payload later on.
  const isPoint = others.every((name) => name === 'payload' || (OWN as readonly string[]).includes(name));
  const whole = (isPoint || others.includes('payload')) && values('payload').every(isObject);
  return whole ? { whole: 'payload' } : undefined;
}

function mostCommon(lengths: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function said({ id, vector, payload, own }: Roles, others: readonly string[], dimension: number | undefined): string[] {
  const rest = others.filter((name) => !own.has(name));
  const fields = payload === undefined ? rest : 'fields' in payload ? payload.fields : [];
  const inPayload =
    payload !== undefined && 'whole' in payload ? rest.filter((name) => name === payload.whole) : fields;
  const outside = rest.filter((name) => !inPayload.includes(name));
  return [
    id === undefined ? 'id: the number of the row, from 0' : `id: column "${id}"`,
    `vector: column "${vector}"${dimension === undefined ? '' : `, ${dimension} dimensions`}`,
    `payload: ${inPayload.length === 0 ? 'none' : `${'whole' in (payload ?? {}) ? 'what is in ' : ''}column${inPayload.length > 1 ? 's' : ''} ${inPayload.join(', ')}`}`,
    ...[...own].flatMap((name) => (others.includes(name) ? [`${name}: column "${name}", as Vectron exports it`] : [])),
    ...(outside.length > 0 ? [`left out: ${outside.join(', ')}`] : []),
  ];
}

/** The value of a column, or at a path within one: `meta.id`. */
function valueAt(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  let value: unknown = fields;
  for (const key of name.split('.')) {
    if (!isPlainObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

/** The row of a file whose columns are understood. `at`: its number, from 0. */
export function rowOf(fields: Fields, roles: Roles, rules: FormatRules, place: Place, at: number): ImportRow {
  let id: string | undefined;
  try {
    id = roles.id === undefined ? String(at) : idOf(valueAt(fields, roles.id), roles.id);
    const vector = vectorOf(valueAt(fields, roles.vector), roles.vector, rules);
    const { payload, leftOut } = payloadOf(fields, roles, rules);
    const point = { id, vector, payload, ...ownParts(fields, roles.own) } as Point;
    return leftOut.length > 0 ? ({ place, point, leftOut } satisfies ReadRow) : { place, point };
  } catch (error) {
    return { place, id, reason: toVectronError(error).message };
  }
}

function idOf(value: unknown, column: string): string {
  if (typeof value === 'string' || typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  if (value instanceof InexactNumber && /^-?\d+$/.test(value.literal)) return value.literal;
  if (value === undefined || value === null)
    throw VectronError.invalid(
      'id',
      `it has no id: column "${column}" is empty; fill it, or choose another column with --id`,
    );
  throw VectronError.invalid('id', `column "${column}": an id must be text or an integer, not ${shown(value)}`);
}

function vectorOf(value: unknown, column: string, { jsonText }: FormatRules): number[] | Float32Array {
  if (value instanceof Float32Array) return value;
  if (value === undefined || value === null) {
    throw VectronError.invalid(
      'vector',
      `it has no vector: column "${column}" is empty; fill it, or choose another column with --vector`,
    );
  }
  const list = jsonText && typeof value === 'string' ? parseJson(value, column) : value;
  if (!Array.isArray(list))
    throw VectronError.invalid('vector', `${column} must be a list of numbers, not ${shown(value)}`);
  if (list.length === 0) throw VectronError.invalid('vector', `${column} must not be an empty list`);
  return floatsOf(list, column);
}

function payloadOf(fields: Fields, { id, vector, payload, own }: Roles, { jsonText }: FormatRules) {
  const others = Object.keys(fields).filter((name) => name !== id && name !== vector && !own.has(name));
  const isIn = (name: string) =>
    payload === undefined || ('whole' in payload ? name === payload.whole : payload.fields.includes(name));
  const leftOut = others
    .filter((name) => !isIn(name) && fields[name] !== undefined && fields[name] !== null)
    .map((what) => ({ what, reason: 'is in no column that becomes the payload; name those with --payload' }));
  if (payload !== undefined && 'whole' in payload) {
    const value = fields[payload.whole] ?? undefined;
    const whole = jsonText && typeof value === 'string' ? parseJson(value, payload.whole) : value;
    return { payload: whole as Point['payload'], leftOut };
  }
  const names = payload === undefined ? others : payload.fields;
  const entries = names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]] as const]));
  return { payload: Object.fromEntries(entries), leftOut };
}

function ownParts(fields: Fields, own: ReadonlySet<string>): Partial<Point> {
  const has = (name: (typeof OWN)[number]) => own.has(name) && fields[name] !== undefined && fields[name] !== null;
  const value = (name: (typeof OWN)[number]) => parsedText(fields[name]);
  return {
    ...(has('sparse') ? { sparse: sparseOf(value('sparse')) } : {}),
    ...(has('vectors') ? { vectors: namedOf(value('vectors')) } : {}),
    ...(has('ttlSeconds') ? { ttlSeconds: value('ttlSeconds') as number } : {}),
    ...(has('expiresAt') ? { ttlSeconds: secondsUntil(value('expiresAt')) } : {}),
  };
}

function sparseOf(value: unknown): Point['sparse'] {
  if (!isPlainObject(value)) throw VectronError.invalid('sparse', `sparse must be an object, not ${shown(value)}`);
  const entries = Object.entries(value).map(([name, one]) => {
    if (!isSparse(one)) throw VectronError.invalid('sparse', `sparse.${name} must have the lists indices and values`);
    const { indices, values } = one as { indices: unknown[]; values: unknown[] };
    return [
      name,
      { indices: floatsOf(indices, `sparse.${name}.indices`), values: floatsOf(values, `sparse.${name}.values`) },
    ];
  });
  return Object.fromEntries(entries) as Point['sparse'];
}

function namedOf(value: unknown): Point['vectors'] {
  if (!isPlainObject(value)) throw VectronError.invalid('vectors', `vectors must be an object, not ${shown(value)}`);
  const entries = Object.entries(value).map(([name, list]) => {
    if (!Array.isArray(list))
      throw VectronError.invalid('vectors', `vectors.${name} must be a list, not ${shown(list)}`);
    return [name, floatsOf(list, `vectors.${name}`)];
  });
  return Object.fromEntries(entries) as Point['vectors'];
}

function secondsUntil(value: unknown): number {
  const left = Date.parse(String(value)) - Date.now();
  if (Number.isNaN(left))
    throw VectronError.invalid(
      'expiresAt',
      `expiresAt must be a time such as 2027-01-31T12:00:00Z, not ${shown(value)}`,
    );
  if (left <= 0)
    throw VectronError.invalid('expiresAt', `it expired at ${String(value)}; set a later expiresAt, or omit it`);
  return Math.ceil(left / 1000);
}

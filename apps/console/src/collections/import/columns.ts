import { isPlainObject, parseJson } from '@vectron/model/exact-json';
import type { Row } from './rows.js';

/** Which column is what. `payload` undefined: all others. */
export interface Columns {
  readonly id: string;
  readonly vector: string;
  readonly payload: readonly string[] | 'whole';
}

export interface Understood {
  readonly names: readonly string[];
  readonly id: string;
  readonly vector: string;
  readonly payload: readonly string[] | 'whole';
  /** Of the first vector that could be read. */
  readonly dimension: number | undefined;
}

const ID_NAMES = ['id', '_id', 'uuid'];
const VECTOR_NAMES = ['vector', 'embedding', 'embeddings', 'emb', 'vec', 'values', 'dense_vector'];
/** The column that holds the whole payload, as Vectron exports points. */
const WHOLE = 'payload';

/** What the columns of the first rows are by their names and values; empty where that is not clear. */
export function understand(rows: readonly Row[]): Understood {
  const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields ?? {})))];
  const value = (name: string) =>
    rows.map(({ fields }) => fields?.[name]).find((one) => one !== undefined && one !== null);
  const id = names.find((name) => ID_NAMES.includes(name.toLowerCase())) ?? '';
  const lists = names.filter((name) => numbersOf(value(name)) !== undefined);
  const byName = lists.find((name) => VECTOR_NAMES.includes(name.toLowerCase()));
  const vector = byName ?? (lists.length === 1 ? lists[0] : '');
  const others = names.filter((name) => name !== id && name !== vector);
  const isWhole = others.includes(WHOLE) && isPlainObject(objectOf(value(WHOLE)));
  return { names, id, vector, payload: isWhole ? 'whole' : others, dimension: numbersOf(value(vector))?.length };
}

/** Cells of CSV are text, and Parquet has lists as text, too. */
export function numbersOf(value: unknown): number[] | undefined {
  const list = typeof value === 'string' && value.trimStart().startsWith('[') ? attempt(value) : value;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return list.every((one) => typeof one === 'number' && Number.isFinite(one)) ? (list as number[]) : undefined;
}

const objectOf = (value: unknown): unknown =>
  typeof value === 'string' && value.trimStart().startsWith('{') ? attempt(value) : value;

function attempt(text: string): unknown {
  try {
    return parseJson(text, 'value');
  } catch {
    // What is wrong with it is said where the row is read.
    return undefined;
  }
}

export interface ImportPoint {
  readonly id: string;
  readonly vector: number[];
  readonly payload: Record<string, unknown>;
}

/** The point of a row, or why it is none. */
export function pointOf(
  { fields = {}, reason }: Row,
  columns: Columns,
  dimension: number,
): ImportPoint | { reason: string } {
  if (reason !== undefined) return { reason };
  const id = fields[columns.id];
  if (typeof id !== 'string' && typeof id !== 'bigint' && !Number.isSafeInteger(id))
    return { reason: `column ${columns.id} has no id: text or an integer` };
  const vector = numbersOf(fields[columns.vector]);
  if (vector === undefined) return { reason: `column ${columns.vector} is not a list of finite numbers` };
  if (vector.length !== dimension) return { reason: `its vector has ${vector.length} dimensions, not ${dimension}` };
  const payload = payloadOf(fields, columns.payload);
  return isPlainObject(payload) ? { id: String(id), vector, payload } : { reason: 'its payload is not a JSON object' };
}

function payloadOf(fields: NonNullable<Row['fields']>, payload: Columns['payload']): unknown {
  if (payload === 'whole') return objectOf(fields[WHOLE] ?? {});
  return Object.fromEntries(payload.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}

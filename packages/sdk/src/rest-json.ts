import { VectronError } from '@vectron/errors';
import { filterJson, newMessage, parseTrustedJson } from '@vectron/model';
import { CONTRACT, type FieldContract, type filters, messageOf } from '@vectron/proto';

/**
 * The JSON that REST takes and gives for messages, by the contract: proto3 JSON, but for filters, dense vectors and
 * payloads, which have shorter forms (proto/options/options.proto).
 */

type Fields = Record<string, unknown>;

const EMPTY = Buffer.alloc(0);
/** Messages that are any JSON. */
const FREE: ReadonlySet<string | undefined> = new Set(['google.protobuf.Struct', 'google.protobuf.Value']);

/** A request without what has its default value. `name`: full name of the message. */
export function toJson(name: string, message: object): Fields {
  const given = message as Fields;
  const json: Fields = {};
  for (const field of messageOf(name).fields) {
    const { rest, optional } = field;
    if (rest?.hidden || rest?.readOnly) continue;
    // The text has the integers that a double cannot hold.
    const text = given[`${field.json}Json`];
    const value =
      typeof text === 'string' && text !== '' ? parseTrustedJson(text) : given[camel(rest?.document) ?? field.json];
    if (value === undefined || (!optional && isDefault(value))) continue;
    json[field.json] = rest?.document === undefined ? fieldJson(field, value) : value;
  }
  return json;
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === 0 || value === 0n || value === false;
}

function fieldJson(field: FieldContract, value: unknown): unknown {
  const one = (item: unknown) => valueJson(field, item);
  if (field.list) return field.type === 'message' || field.type === 'float' ? (value as unknown[]).map(one) : value;
  if (field.key === undefined) return one(value);
  return Object.fromEntries(Array.from(value as Map<string, unknown>, ([key, item]) => [key, one(item)]));
}

function valueJson({ type, ref = '' }: FieldContract, value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return value.toString();
  if (type === 'bytes') return (value as Buffer).toString('base64');
  if (type !== 'message' || FREE.has(ref)) return value;
  const { form } = messageOf(ref);
  if (form === 'filter') return filterJson(value as filters.Filter);
  if (form === 'vector') return (value as { vectorF32: Buffer }).vectorF32.toString('base64');
  return toJson(ref, value as object);
}

/** The message of an answer. `name`: its full name. Fields that this version does not know are left out. */
export function fromJson(name: string, json: unknown): object {
  const given = json as Fields;
  const message = newMessage(name);
  for (const field of messageOf(name).fields) {
    const value = given[field.json];
    if (value === undefined || value === null || field.rest?.hidden) continue;
    const document = camel(field.rest?.document);
    if (document === undefined) message[field.json] = fieldOf(field, value);
    else message[document] = value;
  }
  return message;
}

function fieldOf(field: FieldContract, value: unknown): unknown {
  const { type, list, key } = field;
  const one = (item: unknown) => messageValue(field, item);
  if (type === 'float' && list) return floats(value);
  if (list) return type === 'string' ? value : (value as unknown[]).map(one);
  if (key === undefined) return one(value);
  return new Map(Object.entries(value as Fields).map(([name, item]) => [name, one(item)]));
}

/** Most of a long answer are vectors: they are taken as they are, unless a float is so large that it was read as a bigint. */
const floats = (value: unknown) => {
  const list = value as (number | bigint)[];
  return list.every((one) => typeof one === 'number') ? list : list.map(Number);
};

function messageValue({ type, ref = '' }: FieldContract, value: unknown): unknown {
  switch (type) {
    case 'string':
    case 'bool':
      return value;
    case 'int64':
    case 'uint64':
      return BigInt(value as string);
    case 'bytes':
      return Buffer.from(value as string, 'base64');
    case 'enum':
      return typeof value === 'string' ? CONTRACT.enums[ref]?.[value] : value;
    case 'message':
      if (FREE.has(ref)) return value;
      if (messageOf(ref).form === 'vector') return { vector: floats(value), vectorF32: EMPTY };
      return fromJson(ref, value);
    default:
      return Number(value);
  }
}

/** Where a field of a template or an option is in the message. */
export const camel = <T extends string | undefined>(name: T): T =>
  name?.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) as T;

/** Parameters of a request without a body: `a.b` for a field of a message in it, unless the contract names it. */
export function toQuery(name: string, json: Readonly<Fields>, prefix = ''): Fields {
  const query: Fields = {};
  for (const field of messageOf(name).fields) {
    const value = json[field.json];
    if (value === undefined) continue;
    if (field.list || field.key !== undefined || FREE.has(field.ref)) {
      throw new VectronError('INTERNAL', `${name}.${field.name} cannot be a query parameter`);
    }
    const at = field.rest?.queryName ?? prefix + field.json;
    if (field.ref !== undefined && field.type === 'message')
      Object.assign(query, toQuery(field.ref, value as Fields, `${at}.`));
    else query[at] = value;
  }
  return query;
}

import { VectronError } from '@vectron/errors';
import { type FieldContract, type MessageContract, messageOf } from '@vectron/proto';
import { hint } from '../document.js';
import { isPlainObject } from '../exact-json.js';
import { filterMessage } from '../filter-json.js';
import { defaultOf, type ReadScalar, scalarReader } from './scalars.js';

/** A message as ts-proto has it: maps are Map, 64-bit integers bigint, bytes Buffer, absent messages undefined. */
export type Message = Record<string, unknown>;
type Json = Record<string, unknown>;
type Read = (value: unknown, at: string) => unknown;

interface FieldReader {
  readonly field: FieldContract;
  /** Sets the field of the message. */
  readonly set: (message: Message, value: unknown, at: string) => void;
}
interface MessageReader {
  readonly name: string;
  /** Readers of the fields by name, in lowerCamelCase and in snake_case. */
  readonly fields: ReadonlyMap<string, FieldReader>;
  readonly defaults: readonly (readonly [string, FieldContract])[];
}

const readers = new Map<string, MessageReader>();

/**
 * The message `name` from JSON by the proto3 JSON mapping, in the forms that proto/options declares, or from the objects that
 * a program gives to the SDK. Names are taken in lowerCamelCase and snake_case, null and undefined are the same as absent,
 * and a typed array of numbers is a list of them. Unknown fields, values of other types and a field that is given twice are
 * INVALID_ARGUMENT; `at` is the place of the value in the request, empty for its root.
 */
export function readMessage(name: string, json: unknown, at = ''): Message {
  if (!isPlainObject(json)) {
    throw VectronError.invalid(at || 'body', `${at || 'the body'} must be a JSON object${hint(json)}`);
  }
  const reader = readerOf(name);
  const message = newMessage(name);
  const given = new Set<FieldContract>();
  for (const key of Object.keys(json)) {
    const value = json[key];
    if (value === undefined) continue;
    const place = at === '' ? key : `${at}.${key}`;
    const known = reader.fields.get(key);
    if (known === undefined) throw VectronError.invalid(place, `unknown field ${place}`);
    if (value === null && known.field.ref !== 'google.protobuf.Value') continue;
    if (given.has(known.field))
      throw VectronError.invalid(place, `${place} occurs twice, in camelCase and in snake_case; send it once`);
    given.add(known.field);
    known.set(message, value, place);
  }
  return message;
}

/**
 * The field of the message `name` that a path of keys and places in lists, as JSON has it, leads to or into: what is in a
 * payload or a filter are no fields.
 */
export function fieldAt(name: string, path: readonly (string | number)[]): string {
  let place = '';
  let within: string | undefined = name;
  for (const key of path) {
    if (typeof key === 'number') {
      place += `[${key}]`;
      if (within === undefined) return place;
      continue;
    }
    if (within === undefined) return place;
    const field: FieldContract | undefined = readerOf(within).fields.get(key)?.field;
    place += place === '' ? key : `.${key}`;
    const ref: string = field?.type === 'message' ? (field.ref ?? '') : '';
    within = ref === '' || ref.startsWith('google.') || messageOf(ref).form === 'filter' ? undefined : ref;
    if (field === undefined || field.rest?.document !== undefined) within = undefined;
    if (within === undefined && !field?.list) return place;
  }
  return place;
}

/** The message with every field at its default. */
export function newMessage(name: string): Message {
  const message: Message = {};
  for (const [local, field] of readerOf(name).defaults) {
    if (field.oneof !== undefined) message[field.oneof] = undefined;
    else if (field.list) message[local] = [];
    else if (field.key !== undefined) message[local] = new Map();
    else message[local] = field.optional ? undefined : defaultOf(field.type);
  }
  return message;
}

function readerOf(name: string): MessageReader {
  const known = readers.get(name);
  if (known !== undefined) return known;
  const contract = messageOf(name);
  const fields = new Map<string, FieldReader>();
  const reader = { name, fields, defaults: contract.fields.map((field) => [field.json, field] as const) };
  readers.set(name, reader);
  for (const field of contract.fields) {
    if (field.rest?.hidden) continue;
    const own = fieldReader(field, contract);
    fields.set(field.json, own);
    fields.set(field.name, own);
  }
  return reader;
}

function fieldReader(field: FieldContract, { fields }: MessageContract): FieldReader {
  const { json, oneof, rest } = field;
  if (rest?.readOnly) {
    const set = (_message: Message, _value: unknown, at: string) => {
      throw VectronError.invalid(at, `${at} is set by the server; omit it`);
    };
    return { field, set };
  }
  if (rest?.document !== undefined) {
    const target = fields.find(({ name }) => name === rest.document)?.json as string;
    const set: FieldReader['set'] = (message, value, at) => {
      message[target] = documentOf(value, at);
    };
    return { field, set };
  }
  const read = fieldValue(field);
  if (oneof === undefined) {
    const set: FieldReader['set'] = (message, value, at) => {
      message[json] = read(value, at);
    };
    return { field, set };
  }
  return {
    field,
    set: (message, value, at) => {
      if (message[oneof] !== undefined)
        throw VectronError.invalid(at, `${at}: only one of the alternative fields is allowed; send one`);
      message[oneof] = { $case: json, value: read(value, at) };
    },
  };
}

/** Any JSON object; what a payload may hold is checked where it is encoded. */
function documentOf(value: unknown, at: string): Json {
  if (!isPlainObject(value)) throw VectronError.invalid(at, `${at} must be a JSON object${hint(value)}`);
  return value;
}

function fieldValue(field: FieldContract): Read {
  const read = elementReader(field);
  if (field.key !== undefined) return mapReader(read, scalarReader(field.key));
  if (!field.list) return read;
  return field.type === 'float' ? readFloats : listReader(read);
}

function elementReader({ type, ref }: FieldContract): Read {
  if (type !== 'message') return scalarReader(type, ref);
  const name = ref as string;
  if (name === 'google.protobuf.Struct') return documentOf;
  if (name === 'google.protobuf.Value') return (value) => value;
  const { form } = messageOf(name);
  if (form === 'filter') return (value, at) => filterMessage(value, at);
  if (form === 'vector') return (value, at) => readVector(name, value, at);
  return (value, at) => readMessage(name, value, at);
}

/** A list of numbers, base64 of little-endian float32, or the message itself. */
function readVector(name: string, value: unknown, at: string): Message {
  if (Array.isArray(value) || isNumbers(value))
    return { ...newMessage(name), vector: Array.from(readFloats(value, at)) };
  return readMessage(name, typeof value === 'string' ? { vectorF32: value } : value, at);
}

const listReader =
  (read: Read): Read =>
  (value, at) => {
    if (!Array.isArray(value) && !isNumbers(value))
      throw VectronError.invalid(at, `${at} must be a list${hint(value)}`);
    // Array.from goes through gaps, too.
    return Array.from(value as unknown[], (one, i) => element(one, `${at}[${i}]`, read));
  };

/**
 * A typed array of numbers. A Buffer is none: its bytes might be meant as the numbers, or as float32 values. Nor is an array of
 * bigint.
 */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  if (!ArrayBuffer.isView(value) || 'readFloatLE' in value) return false;
  return !/DataView|Big/.test(Object.prototype.toString.call(value));
}

const readListOfFloats = listReader(scalarReader('float'));

/** Vectors: a list of plain numbers is taken as it is. */
export function readFloats(value: unknown, at: string): ArrayLike<number> {
  if (!Array.isArray(value) && !isNumbers(value)) {
    throw VectronError.invalid(at, `${at} must be a list of numbers${hint(value)}`);
  }
  for (let i = 0; i < value.length; i++) {
    const one: unknown = value[i];
    if (typeof one !== 'number' || one > 3.4e38 || one < -3.4e38) {
      return readListOfFloats(value, at) as number[];
    }
  }
  return value;
}

const mapReader =
  (read: Read, readKey: ReadScalar): Read =>
  (value, at) => {
    const entries = Object.entries(documentOf(value, at)).filter(([, one]) => one !== undefined);
    return new Map(entries.map(([key, one]) => [readKey(key, at), element(one, `${at}.${key}`, read)]));
  };

function element(value: unknown, at: string, read: Read): unknown {
  if (value === null || value === undefined) throw VectronError.invalid(at, `${at} must not be ${value}`);
  return read(value, at);
}

import { WireType } from '@bufbuild/protobuf/wire';
import { BinaryReader, BinaryWriter } from './wire.js';

/**
 * google.protobuf.Struct and Value as the JavaScript values that they stand for, in the place of what ts-proto generates:
 *
 * - A key `__proto__` is a key like others; generated code assigns it, and it vanishes.
 * - Payloads nest 64 levels, each of which is three messages; generated code ends at 100 messages.
 * - What nests deeper than 65 levels is read as empty from there on, without recursion: whoever takes a payload refuses 65 levels, and names
 *   the field, which nobody here knows.
 *
 * A Value without a kind is undefined, which payloads refuse in lists and leave out of objects. Integers beyond 2^53 and bigint have no place here.
 */
const MOST_LEVELS = 65;

type JsonObject = { [key: string]: unknown };

/** A message of google.protobuf.Struct around its object: what generated code passes from `decode` to `unwrap`. */
export interface StructMessage {
  readonly object: JsonObject;
}
export interface ValueMessage {
  readonly value: unknown;
}

const tag = (field: number, type: WireType) => (field << 3) | type;
const ENTRIES = tag(1, WireType.LengthDelimited);
const KEY = tag(1, WireType.LengthDelimited);
const VALUE = tag(2, WireType.LengthDelimited);
const ITEMS = tag(1, WireType.LengthDelimited);
const KIND = {
  null: tag(1, WireType.Varint),
  number: tag(2, WireType.Bit64),
  string: tag(3, WireType.LengthDelimited),
  bool: tag(4, WireType.Varint),
  struct: tag(5, WireType.LengthDelimited),
  list: tag(6, WireType.LengthDelimited),
};

export const Struct = {
  wrap: (object: JsonObject | undefined): StructMessage => ({ object: object ?? {} }),
  unwrap: ({ object }: StructMessage): JsonObject => object,
  encode({ object }: StructMessage, writer: BinaryWriter = new BinaryWriter()): BinaryWriter {
    writeObject(object, writer);
    return writer;
  },
  decode(input: BinaryReader | Uint8Array, length?: number): StructMessage {
    const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
    return { object: readObject(reader, endOf(reader, length), 1) };
  },
};

export const Value = {
  wrap: (value: unknown): ValueMessage => ({ value }),
  unwrap: ({ value }: ValueMessage): unknown => value,
  encode({ value }: ValueMessage, writer: BinaryWriter = new BinaryWriter()): BinaryWriter {
    writeValue(value, writer);
    return writer;
  },
  decode(input: BinaryReader | Uint8Array, length?: number): ValueMessage {
    const reader = input instanceof BinaryReader ? input : new BinaryReader(input);
    return { value: readValue(reader, endOf(reader, length), 0) };
  },
};

const endOf = (reader: BinaryReader, length: number | undefined) =>
  length === undefined ? reader.len : reader.pos + length;

function writeObject(object: JsonObject, writer: BinaryWriter): void {
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    writer.uint32(ENTRIES).fork();
    if (key !== '') writer.uint32(KEY).string(key);
    writer.uint32(VALUE).fork();
    writeValue(value, writer);
    writer.join().join();
  }
}

function writeValue(value: unknown, writer: BinaryWriter): void {
  if (value === null) writer.uint32(KIND.null).int32(0);
  else if (typeof value === 'number') writer.uint32(KIND.number).double(value);
  else if (typeof value === 'string') writer.uint32(KIND.string).string(value);
  else if (typeof value === 'boolean') writer.uint32(KIND.bool).bool(value);
  else if (Array.isArray(value)) {
    writer.uint32(KIND.list).fork();
    for (const item of value) {
      writer.uint32(ITEMS).fork();
      writeValue(item, writer);
      writer.join();
    }
    writer.join();
  } else if (typeof value === 'object') {
    writer.uint32(KIND.struct).fork();
    writeObject(value as JsonObject, writer);
    writer.join();
  } else if (value !== undefined) throw new TypeError(`google.protobuf.Value holds no ${typeof value}`);
}

/** `level`: how many objects and lists there are around what is read, itself included. */
function readObject(reader: BinaryReader, end: number, level: number): JsonObject {
  const object: JsonObject = {};
  if (level > MOST_LEVELS) {
    reader.pos = end;
    return object;
  }
  fields(reader, end, (field, type) => {
    if (tag(field, type) !== ENTRIES) return false;
    let key = '';
    let value: unknown;
    fields(reader, endOf(reader, reader.uint32()), (inEntry, typeInEntry) => {
      if (tag(inEntry, typeInEntry) === KEY) key = reader.string();
      else if (tag(inEntry, typeInEntry) === VALUE) value = readValue(reader, endOf(reader, reader.uint32()), level);
      else return false;
      return true;
    });
    if (key === '__proto__') Object.defineProperty(object, key, { value, ...DATA });
    else object[key] = value;
    return true;
  });
  return object;
}
const DATA = { enumerable: true, configurable: true, writable: true };

function readList(reader: BinaryReader, end: number, level: number): unknown[] {
  const list: unknown[] = [];
  if (level > MOST_LEVELS) {
    reader.pos = end;
    return list;
  }
  fields(reader, end, (field, type) => {
    if (tag(field, type) !== ITEMS) return false;
    list.push(readValue(reader, endOf(reader, reader.uint32()), level));
    return true;
  });
  return list;
}

/** `level`: of the object or list around the value. */
function readValue(reader: BinaryReader, end: number, level: number): unknown {
  let value: unknown;
  fields(reader, end, (field, type) => {
    switch (tag(field, type)) {
      case KIND.null:
        reader.int32();
        value = null;
        return true;
      case KIND.number:
        value = reader.double();
        return true;
      case KIND.string:
        value = reader.string();
        return true;
      case KIND.bool:
        value = reader.bool();
        return true;
      case KIND.struct:
        value = readObject(reader, endOf(reader, reader.uint32()), level + 1);
        return true;
      case KIND.list:
        value = readList(reader, endOf(reader, reader.uint32()), level + 1);
        return true;
      default:
        return false;
    }
  });
  return value;
}

/** Calls `read` at each field, which is skipped when that says that it is none of its own. */
function fields(reader: BinaryReader, end: number, read: (field: number, type: WireType) => boolean): void {
  if (end > reader.len) throw new RangeError('the message ends within a field');
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (!read(field, type)) reader.skip(type, field);
  }
  if (reader.pos > end) throw new RangeError('a field goes on behind the end of its message');
}

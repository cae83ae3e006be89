import { createFileRegistry, type DescField, type DescMessage, fromBinary, ScalarType } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DESCRIPTOR_SET_BASE64 } from '@vectron/proto/descriptors';

/**
 * What a wire can carry of a JavaScript value, written by hand: neither the SDK nor the generated code of the servers has a
 * part in it. A value that the wire has no form for is Unsayable, with the reason.
 */
export class Unsayable extends Error {}

const tagOf = (value: unknown) => Object.prototype.toString.call(value).slice('[object '.length, -1);

/** JSON text, with numbers as they are; lone surrogates are escaped. */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return String(value);
    case 'bigint':
      if (value < -(2n ** 63n) || value >= 2n ** 64n)
        throw new Unsayable('an integer beyond 64 bits is a double in JSON');
      return value.toString();
    case 'number':
      if (!Number.isFinite(value)) throw new Unsayable(`JSON has no ${value}`);
      return Object.is(value, -0) ? '-0' : String(value);
    case 'object':
      break;
    default:
      throw new Unsayable(`JSON has no ${typeof value}`);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${Array.from(value, jsonText).join(',')}]`;
  requirePlain(value, 'JSON');
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${jsonText(one)}`).join(',')}}`;
}

function requirePlain(value: object, wire: string): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    const name = tagOf(value) === 'Object' ? 'instance of a class' : tagOf(value);
    throw new Unsayable(`${wire} has no ${name}`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Unsayable(`${wire} has no symbol as a key`);
}

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')));

function utf8(text: string): Buffer {
  if (!text.isWellFormed()) throw new Unsayable('a string of protobuf is UTF-8, which has no lone surrogates');
  return Buffer.from(text);
}

/** Bytes of the message `name`, with the fields given by their names in lowerCamelCase. */
export function messageBytes(name: string, given: object): Buffer {
  const message = registry.getMessage(name) as DescMessage;
  return writeMessage(message, given);
}

function writeMessage(message: DescMessage, given: object): Buffer {
  const writer = new BinaryWriter();
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const field = message.fields.find(({ localName }) => localName === key);
    if (field === undefined)
      throw new Unsayable(`${message.name} has no field ${key}, and protobuf passes over unknown ones`);
    writeField(writer, field, value);
  }
  return Buffer.from(writer.finish());
}

const lengthDelimited = (writer: BinaryWriter, number: number, bytes: Uint8Array) =>
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);

function writeField(writer: BinaryWriter, field: DescField, value: unknown): void {
  const { number } = field;
  switch (field.fieldKind) {
    case 'list':
      if (!Array.isArray(value)) throw new Unsayable(`${field.name} is a list in the proto`);
      if (field.listKind === 'scalar' && field.scalar !== ScalarType.STRING) {
        const packed = new BinaryWriter();
        for (const one of Array.from(value)) writeScalar(packed, field.scalar, one);
        lengthDelimited(writer, number, packed.finish());
        return;
      }
      for (const one of Array.from(value)) {
        if (field.listKind === 'message') lengthDelimited(writer, number, valueBytes(field.message, one));
        else if (typeof one === 'string') lengthDelimited(writer, number, utf8(one));
        else throw new Unsayable(`a string of protobuf is no ${typeof one}`);
      }
      return;
    case 'map':
      if (tagOf(value) !== 'Object') throw new Unsayable(`a map of protobuf is no ${tagOf(value)}`);
      for (const [key, one] of Object.entries(value as object)) {
        if (field.mapKind !== 'message') throw new Unsayable('not needed here');
        const entry = new BinaryWriter();
        lengthDelimited(entry, 1, utf8(key));
        lengthDelimited(entry, 2, valueBytes(field.message, one));
        lengthDelimited(writer, number, entry.finish());
      }
      return;
    case 'message':
      lengthDelimited(writer, number, valueBytes(field.message, value));
      return;
    case 'scalar':
      if (field.scalar === ScalarType.STRING) {
        if (typeof value !== 'string') throw new Unsayable(`a string of protobuf is no ${typeof value}`);
        lengthDelimited(writer, number, utf8(value));
        return;
      }
      writer.tag(number, WIRE[field.scalar] ?? WireType.Varint);
      writeScalar(writer, field.scalar, value);
      return;
    default:
      throw new Unsayable('not needed here');
  }
}

const WIRE: Partial<Record<ScalarType, WireType>> = {
  [ScalarType.FLOAT]: WireType.Bit32,
  [ScalarType.DOUBLE]: WireType.Bit64,
  [ScalarType.BYTES]: WireType.LengthDelimited,
};

function writeScalar(writer: BinaryWriter, type: ScalarType, value: unknown): void {
  const name = ScalarType[type].toLowerCase();
  switch (type) {
    case ScalarType.BOOL:
      if (typeof value !== 'boolean') throw new Unsayable(`a bool of protobuf is no ${typeof value}`);
      writer.bool(value);
      return;
    case ScalarType.BYTES:
      if (!Buffer.isBuffer(value)) throw new Unsayable(`bytes of protobuf are no ${tagOf(value)}`);
      writer.bytes(value);
      return;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      if (typeof value !== 'number')
        throw new Unsayable(`a ${name} of protobuf is no ${value === null ? 'null' : typeof value}`);
      // The writer of the library refuses a number beyond float32; a client in C sends Infinity.
      if (type === ScalarType.DOUBLE) writer.double(value);
      else writer.raw(new Uint8Array(Float32Array.of(value).buffer));
      return;
    case ScalarType.UINT32:
    case ScalarType.INT32: {
      const [least, most] = type === ScalarType.UINT32 ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
      if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
        throw new Unsayable(`a ${name} of protobuf holds no ${String(value)}`);
      }
      if (type === ScalarType.UINT32) writer.uint32(value as number);
      else writer.int32(value as number);
      return;
    }
    case ScalarType.UINT64:
      if (typeof value !== 'bigint' || value < 0n || value >= 2n ** 64n) {
        throw new Unsayable(`a ${name} of protobuf holds no ${String(value)}`);
      }
      writer.uint64(value);
      return;
    default:
      throw new Unsayable('not needed here');
  }
}

/** Of messages that JavaScript has other forms for; others as they are. */
function valueBytes(message: DescMessage, value: unknown): Uint8Array {
  switch (message.typeName) {
    case 'google.protobuf.Struct':
      if (tagOf(value) !== 'Object') throw new Unsayable(`a Struct is no ${tagOf(value)}`);
      return structBytes(value as object);
    case 'vectron.v1.Filter':
      return filterBytes(value as Record<string, unknown>);
    case 'vectron.v1.DenseVector':
      return messageBytes('vectron.v1.DenseVector', { vector: value });
    default:
      if (tagOf(value) !== 'Object') throw new Unsayable(`a message of protobuf is no ${tagOf(value)}`);
      return writeMessage(message, value as object);
  }
}

/** google.protobuf.Struct. */
function structBytes(value: object): Uint8Array {
  requirePlain(value, 'a Struct');
  const writer = new BinaryWriter();
  for (const [key, one] of Object.entries(value)) {
    if (one === undefined) continue;
    const entry = new BinaryWriter();
    lengthDelimited(entry, 1, utf8(key));
    lengthDelimited(entry, 2, anyBytes(one));
    lengthDelimited(writer, 1, entry.finish());
  }
  return writer.finish();
}

/** google.protobuf.Value; one of nothing for `undefined`. */
function anyBytes(value: unknown): Uint8Array {
  const writer = new BinaryWriter();
  switch (typeof value) {
    case 'undefined':
      break;
    case 'number':
      writer.tag(2, WireType.Bit64).double(value);
      break;
    case 'string':
      lengthDelimited(writer, 3, utf8(value));
      break;
    case 'boolean':
      writer.tag(4, WireType.Varint).bool(value);
      break;
    case 'object':
      if (value === null) writer.tag(1, WireType.Varint).int32(0);
      else if (Array.isArray(value)) {
        const list = new BinaryWriter();
        for (const one of Array.from(value)) lengthDelimited(list, 1, anyBytes(one));
        lengthDelimited(writer, 6, list.finish());
      } else lengthDelimited(writer, 5, structBytes(value));
      break;
    default:
      throw new Unsayable(`a Struct has no ${typeof value}`);
  }
  return writer.finish();
}

/** vectron.v1.Filter of its JSON form, for conditions that the message can hold. */
function filterBytes(json: Record<string, unknown>): Uint8Array {
  if (tagOf(json) !== 'Object') throw new Unsayable(`a message of protobuf is no ${tagOf(json)}`);
  const { field, ...test } = json;
  if (field === undefined) {
    const lists = ['all', 'any', 'none'].filter((name) => json[name] !== undefined);
    if (!lists.every((name) => Array.isArray(json[name]))) throw new Unsayable('a list of protobuf is a list');
    const inner = lists.map((name) => [name, { filters: json[name] }]);
    return messageBytes('vectron.v1.Filter', { ...json, ...Object.fromEntries(inner), ...idsOf(json) });
  }
  return messageBytes('vectron.v1.Filter', { field: { path: field, ...testOf(test) } });
}

const idsOf = ({ ids }: Record<string, unknown>) => (ids === undefined ? {} : { ids: { ids } });

const BOUNDS = ['gt', 'gte', 'lt', 'lte'];

function testOf(test: Record<string, unknown>): object {
  const names = Object.keys(test);
  if (names.length > 0 && names.every((name) => BOUNDS.includes(name))) {
    const values = Object.values(test);
    if (values.every((one) => typeof one === 'number')) return { number: test };
    if (values.every((one) => typeof one === 'string')) return { datetime: test };
    throw new Unsayable('the message has bounds that are numbers or texts');
  }
  if ('eq' in test) return { in: { values: [scalarOf(test.eq)] } };
  const listed = ['in', 'notIn'].filter((name) => Array.isArray(test[name]));
  return {
    ...test,
    ...Object.fromEntries(listed.map((name) => [name, { values: Array.from(test[name] as unknown[], scalarOf) }])),
  };
}

function scalarOf(value: unknown): object {
  if (value === undefined) return {};
  const kind = { string: 'text', number: 'number', boolean: 'flag' }[typeof value as string];
  if (kind === undefined) throw new Unsayable(`a Scalar is no ${value === null ? 'null' : tagOf(value)}`);
  return { [kind]: value };
}

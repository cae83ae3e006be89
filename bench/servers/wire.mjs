// Protocol buffers' wire format for servers whose contracts are no part of this repository: the few fields that are sent,
// and the few that are read.
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A message from `[field, kind, value]`; kinds: message (bytes), string, varint, bool, float, double, floats (bytes). */
export function encoded(...fields) {
  const writer = new BinaryWriter();
  for (const [field, kind, value] of fields) {
    if (kind === 'message') writer.tag(field, WireType.LengthDelimited).bytes(value);
    else if (kind === 'string') writer.tag(field, WireType.LengthDelimited).string(value);
    else if (kind === 'varint') writer.tag(field, WireType.Varint).uint64(value);
    else if (kind === 'bool') writer.tag(field, WireType.Varint).bool(value);
    else if (kind === 'float') writer.tag(field, WireType.Bit32).float(value);
    else if (kind === 'double') writer.tag(field, WireType.Bit64).double(value);
    else if (kind === 'floats') writer.tag(field, WireType.LengthDelimited).bytes(floatBytes(value));
    else throw new Error(`${kind} is no kind of field`);
  }
  return Buffer.from(writer.finish());
}

/** Little-endian float32: a packed `repeated float`, or what contracts carry as bytes. */
export const floatBytes = (vector) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** The values of a field of a message, in order: bytes of length-delimited ones, numbers of varints. */
export function valuesOf(bytes, wanted) {
  const reader = new BinaryReader(bytes);
  const values = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== wanted) reader.skip(type, field);
    else if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else if (type === WireType.Varint) values.push(Number(reader.uint64()));
    else throw new Error(`field ${field} has wire type ${type}, and neither bytes nor a varint`);
  }
  return values;
}

/** A google.protobuf.Struct-like map: entries of field 1, key 1, value 2; `value` makes the bytes of a value. */
export const entriesOf = (field, entries, value) =>
  Object.entries(entries).map(([key, one]) => [
    field,
    'message',
    encoded([1, 'string', key], [2, 'message', value(one)]),
  ]);

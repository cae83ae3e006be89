import { CONTRACT, type FieldContract, messageOf } from '@vectron/proto';
import { stringifyJson } from '../exact-json.js';
import { decodeVector } from '../vector.js';
import type { Message } from './read-json.js';
import { scalarWriter } from './scalars.js';

type Write = (value: never) => string;
/** Text of the field with its name, or nothing for a field that is left out. */
type WriteField = (message: Message) => string;

const writers = new Map<string, readonly WriteField[]>();

/**
 * JSON text of the message `name` by the proto3 JSON mapping, in the forms that proto/options declares: names in
 * lowerCamelCase, 64-bit integers as strings, scalars, lists and maps also at their defaults, absent messages left out.
 */
export function writeMessage(name: string, message: object): string {
  let text = '{';
  for (const write of writersOf(name)) {
    const field = write(message as Message);
    if (field !== '') text += text === '{' ? field : `,${field}`;
  }
  return `${text}}`;
}

/** As writeMessage, without the fields named: for who has a faster way to write these. */
export function writeWithout(name: string, message: object, left: readonly string[]): string {
  const fields = messageOf(name).fields.filter(({ json }) => !left.includes(json));
  const texts = fields.map((field) => writerOf(name, field)(message as Message)).filter((text) => text !== '');
  return `{${texts.join(',')}}`;
}

function writersOf(name: string): readonly WriteField[] {
  let known = writers.get(name);
  if (known === undefined) {
    known = messageOf(name)
      .fields.filter(({ rest }) => !rest?.hidden && !rest?.writeOnly)
      .map((field) => writerOf(name, field));
    writers.set(name, known);
  }
  return known;
}

function writerOf(name: string, field: FieldContract): WriteField {
  const { json, rest, oneof } = field;
  const prefix = `${JSON.stringify(json)}:`;
  const local = (wanted: string | undefined) =>
    wanted && messageOf(name).fields.find((one) => one.name === wanted)?.json;
  const document = local(rest?.document);
  if (document !== undefined) return payloadWriter(prefix, document, `${json}Json`);
  const write = valueWriter(field);
  const exact = local(rest?.exact);
  const empty = rest?.omitEmpty ? isEmpty : (value: unknown) => value === undefined;
  return (message) => {
    if (exact !== undefined && message[exact] !== '') return prefix + message[exact];
    let value = message[json];
    if (oneof !== undefined) {
      const chosen = message[oneof] as { $case: string; value: unknown } | undefined;
      value = chosen?.$case === json ? chosen.value : undefined;
    }
    return empty(value) ? '' : prefix + write(value as never);
  };
}

/** The document as JSON text where that is at hand, otherwise the document. */
const payloadWriter =
  (prefix: string, document: string, text: string): WriteField =>
  (message) => {
    if (typeof message[text] === 'string' && message[text] !== '') return prefix + message[text];
    return message[document] === undefined ? '' : prefix + stringifyJson(message[document], 'payload');
  };

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === 0n || value === false) return true;
  if (value instanceof Map) return value.size === 0;
  return Array.isArray(value) && value.length === 0;
}

function valueWriter(field: FieldContract): Write {
  const write = elementWriter(field);
  if (field.key !== undefined) {
    return (value: Map<unknown, never>) => {
      const entries = Array.from(value, ([key, one]) => `${JSON.stringify(String(key))}:${write(one)}`);
      return `{${entries.join(',')}}`;
    };
  }
  if (!field.list) return write;
  return (value: never[]) => `[${value.map((one) => write(one)).join(',')}]`;
}

function elementWriter({ type, ref }: FieldContract): Write {
  if (type !== 'message') return scalarWriter(type, ref);
  const name = ref as string;
  if (name === 'google.protobuf.Struct' || name === 'google.protobuf.Value') {
    return (value: unknown) => stringifyJson(value ?? null, 'value');
  }
  if (CONTRACT.messages[name].form === 'vector') return vectorWriter;
  return (value: object) => writeMessage(name, value);
}

const floats = scalarWriter('float');

function vectorWriter({ vector, vectorF32 }: { vector: number[]; vectorF32: Buffer }): string {
  const values = vectorF32.length > 0 ? decodeVector(vectorF32) : vector;
  return `[${Array.from(values, (value) => floats(value as never)).join(',')}]`;
}

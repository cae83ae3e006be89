import { VectronError } from '@vectron/errors';
import { type FieldContract, messageOf } from '@vectron/proto';
import { parseJson } from '../exact-json.js';
import { type Message, newMessage, readMessage } from './read-json.js';
import { scalarReader } from './scalars.js';

/** A field that a query parameter may set: the fields to go through, and the last one. */
interface Parameter {
  readonly field: FieldContract;
  readonly within: readonly FieldContract[];
}

const known = new Map<string, ReadonlyMap<string, Parameter>>();

/** The query parameters that set fields of the message `name`, by every spelling. */
export function queryParameters(name: string): ReadonlyMap<string, Parameter> {
  let parameters = known.get(name);
  if (parameters === undefined) {
    const found = new Map<string, Parameter>();
    collect(name, [], found);
    parameters = found;
    known.set(name, parameters);
  }
  return parameters;
}

const FORMS = new Set(['google.protobuf.Struct', 'google.protobuf.Value']);
/** Whether a message is given as JSON text in one parameter, instead of field by field. */
export const isJsonParameter = ({ type, ref = '' }: FieldContract): boolean =>
  type === 'message' && (FORMS.has(ref) || (!ref.startsWith('google.') && messageOf(ref).form !== undefined));

function collect(name: string, within: readonly FieldContract[], found: Map<string, Parameter>): void {
  for (const field of messageOf(name).fields) {
    const { rest, type, ref = '', list, key } = field;
    if (rest?.hidden || rest?.readOnly || key !== undefined) continue;
    const add = (spelling: string) => found.set(spelling, { field, within });
    if (type === 'message' && !isJsonParameter(field)) {
      // A list of messages has no place in a query string, nor has a message within itself.
      if (!list && !within.some((outer) => outer.ref === ref)) collect(ref, [...within, field], found);
      continue;
    }
    const path = [...within, field];
    add(path.map((one) => one.name).join('.'));
    add(path.map((one) => one.json).join('.'));
    if (rest?.queryName !== undefined) {
      add(rest.queryName);
      add(rest.queryName.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()));
    }
  }
}

/** Sets the fields that the parameters name. Throws INVALID_ARGUMENT for one that is unknown, wrong or given twice. */
export function readQuery(name: string, message: Message, query: URLSearchParams): void {
  const parameters = queryParameters(name);
  const given = new Map<Parameter['field'], string>();
  for (const spelling of new Set(query.keys())) {
    const values = query.getAll(spelling);
    const parameter = parameters.get(spelling);
    if (parameter === undefined) throw VectronError.invalid(spelling, `unknown query parameter ${spelling}`);
    const { field, within } = parameter;
    const before = given.get(field);
    if (before !== undefined || (values.length > 1 && !field.list)) {
      throw VectronError.invalid(spelling, `${spelling} occurs twice; send it once`);
    }
    given.set(field, spelling);
    let target = message;
    for (const outer of within) {
      target[outer.json] ??= newMessage(outer.ref as string);
      target = target[outer.json] as Message;
    }
    if (isJsonParameter(field)) {
      const parsed = readMessage(nameWith(name, within), { [field.name]: parseJson(values[0], spelling) });
      target[field.json] = parsed[field.json];
    } else {
      const texts = values.map((text) => textValue(field, text, spelling));
      target[field.json] = field.list ? texts : texts[0];
    }
  }
}

const nameWith = (name: string, within: readonly FieldContract[]) => within.at(-1)?.ref ?? name;

/** The value of a field that stands as text in a path or a query string. */
export function textValue({ type, ref }: FieldContract, text: string, at: string): unknown {
  const read = scalarReader(type, ref);
  if (type === 'bool') {
    if (text !== 'true' && text !== 'false') throw VectronError.invalid(at, `${at} must be true or false`);
    return text === 'true';
  }
  if (type === 'enum' && /^\d+$/.test(text)) return read(Number(text), at);
  if (text === '' && type !== 'string' && type !== 'bytes') throw VectronError.invalid(at, `${at} must not be empty`);
  return read(text, at);
}

import { VectronError } from '@vectron/errors';
import {
  InexactNumber,
  isPlainObject,
  isWideInteger,
  NO_EXACT_FORM,
  parseTrustedJson,
  stringifyJson,
} from './exact-json.js';

/** A payload: a JSON object, in which integers beyond 2^53 are `bigint`. */
export type Document = Record<string, unknown>;

const MAX_DEPTH = 64;
const EMPTY = Buffer.alloc(0);

/**
 * A payload as it is stored, JSON text; empty for an empty one. Refuses what JSON cannot hold without a change, objects
 * deeper than 64 and keys named `__proto__`, which many languages' objects cannot hold. A property that is `undefined` is
 * absent. docs/data-model.md, "Numbers" and "Values", has the table.
 */
export function encodeDocument(document: unknown, field: string): Buffer {
  if (document === undefined) return EMPTY;
  checkDocument(document, field);
  const text = stringifyJson(document, field);
  return text === '{}' ? EMPTY : Buffer.from(text);
}

/** Throws INVALID_ARGUMENT when `document` is not what encodeDocument takes; the field is the place of what is wrong. */
export function checkDocument(document: unknown, field: string): asserts document is Document {
  if (!isPlainObject(document)) throw VectronError.invalid(field, `a payload must be a JSON object${hint(document)}`);
  checkItems(document, { field, keys: [] });
}

export function decodeDocument(payload: Buffer): Document {
  return payload.length === 0 ? {} : (parseTrustedJson(payload.toString(), 'payload') as Document);
}

/** Where a walk is: the field it began at, and the keys on the way. */
interface Place {
  readonly field: string;
  readonly keys: (string | number)[];
}

const pathOf = ({ field, keys }: Place) =>
  field + keys.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');

function refuse(place: Place, what: string): never {
  const path = pathOf(place);
  throw VectronError.invalid(path, `${path} ${what}`);
}

function checkItems(value: object, place: Place): void {
  const { field, keys } = place;
  if (keys.length >= MAX_DEPTH) {
    throw VectronError.invalid(
      field,
      `a payload can be nested at most ${MAX_DEPTH} levels deep and must not contain itself`,
    );
  }
  if (Array.isArray(value)) {
    if (Object.keys(value).length !== value.length)
      refuse(place, 'must be a list without gaps and without named properties');
    for (let at = 0; at < value.length; at++) {
      keys.push(at);
      checkValue(value[at], place);
      keys.pop();
    }
    return;
  }
  if (!isPlainObject(value)) refuse(place, `must be a plain object or a list${hint(value)}`);
  if (typeof value.toJSON === 'function') refuse(place, 'has a method toJSON: send its result');
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(place, 'must not have a symbol as a key');
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw VectronError.invalid(field, 'a payload key must not be __proto__');
    if (!key.isWellFormed()) throw VectronError.invalid(field, 'a payload key must be valid Unicode');
    const item = value[key];
    if (item === undefined) continue;
    keys.push(key);
    checkValue(item, place);
    keys.pop();
  }
}

function checkValue(value: unknown, place: Place): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'string':
      if (!value.isWellFormed()) refuse(place, 'must be valid Unicode');
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(place, 'must be a finite number');
      return;
    case 'bigint':
      if (!isWideInteger(value)) refuse(place, NO_EXACT_FORM);
      return;
    case 'object':
      if (value instanceof InexactNumber) refuse(place, NO_EXACT_FORM);
      if (value !== null) checkItems(value, place);
      return;
    default:
      refuse(
        place,
        `is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}, which JSON cannot represent; omit it or send null`,
      );
  }
}

/** What to send instead of a value that is no plain object, by what it is. */
export function hint(value: unknown): string {
  if (value instanceof InexactNumber) return `, and ${value.literal.slice(0, 40)} ${NO_EXACT_FORM}`;
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (tag === 'Date') return ': send the toISOString() of a Date';
  if (tag === 'Map') return ': send the Object.fromEntries() of a Map';
  if (tag === 'Set' || tag.endsWith('Array')) return tag === 'Array' ? '' : `: send the Array.from() of a ${tag}`;
  return tag === 'Object' && !isPlainObject(value) ? ', not an instance of a class' : '';
}

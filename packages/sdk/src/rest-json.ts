import { filterJson, parseTrustedJson } from '@vectron/model';
import type { filters } from '@vectron/proto';

type Fields = Record<string, unknown>;

/** Declared `optional`: their default values say something. */
const OPTIONAL: ReadonlySet<string> = new Set(['includeMetadata', 'scoreThreshold', 'ifVersion', 'durability']);
/** Of any JSON, as the caller gave it, by their names in REST. */
const FREE: Readonly<Record<string, string>> = { document: 'payload', replace: 'replace', set: 'set' };
/** The same as text, which JSON needs no field of its own for. */
const FREE_TEXT: Readonly<Record<string, string>> = { payloadJson: 'payload', replaceJson: 'replace', setJson: 'set' };

/**
 * The JSON form of a request: proto3 JSON without default values, with a filter in its short form, a payload as the object
 * that it is, and a dense vector as base64.
 */
export function bodyOf(message: object): Fields {
  const fields: Fields = {};
  for (const [name, value] of Object.entries(message)) {
    if (value === undefined || (isDefault(value) && !OPTIONAL.has(name))) continue;
    if (name === 'filter') fields.filter = filterJson(value as filters.Filter);
    else if (name in FREE && !Array.isArray(value)) fields[FREE[name]] = value;
    else if (name in FREE_TEXT) fields[FREE_TEXT[name]] = parseTrustedJson(value as string, name);
    else fields[name] = jsonOf(value);
  }
  return fields;
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return value === '' || value === 0 || value === 0n || value === false;
}

function jsonOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map(jsonOf) : value;
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, one]) => [key, jsonOf(one)]));
  if (typeof value !== 'object' || value === null) return value;
  // A DenseVector.
  if ('vectorF32' in value && Object.keys(value).length === 2) return jsonOf(value.vectorF32);
  return bodyOf(value);
}

/** The proto3 JSON form of an answer, from what REST sends: payloads are objects there, and dense vectors lists. */
export function answerOf(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(answerOf);
  if (typeof json !== 'object' || json === null) return json;
  return 'payload' in json ? pointOf(json as Fields) : mapped(json as Fields, answerOf);
}

function pointOf({ payload, vectors, ...point }: Fields): Fields {
  const dense = mapped((vectors ?? {}) as Fields, (vector) => ({ vector }));
  return { ...point, vectors: dense, document: payload };
}

const mapped = (fields: Fields, by: (value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, by(value)]));

import { VectronError } from '@vectron/errors';

/** A payload: a JSON object. */
export type Document = Record<string, unknown>;

const MAX_DEPTH = 64;
const EMPTY = Buffer.alloc(0);

/**
 * A payload as it is stored, JSON text; empty for an empty one. Refuses what JSON cannot hold, objects deeper than
 * 64 and keys named `__proto__`, which many languages' objects cannot hold.
 */
export function encodeDocument(document: unknown, field: string): Buffer {
  if (document === undefined) return EMPTY;
  if (document === null || typeof document !== 'object' || Array.isArray(document)) {
    throw VectronError.invalid(field, 'a payload is a JSON object');
  }
  check(document, field, 1);
  const text = JSON.stringify(document);
  return text === '{}' ? EMPTY : Buffer.from(text);
}

function check(value: object, field: string, depth: number): void {
  if (depth > MAX_DEPTH) throw VectronError.invalid(field, `a payload nests at most ${MAX_DEPTH} levels`);
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw VectronError.invalid(field, 'a payload key must not be __proto__');
    if (!key.isWellFormed()) throw VectronError.invalid(field, 'a payload key is not valid Unicode');
    const item = (value as Document)[key];
    if (typeof item === 'number' && !Number.isFinite(item))
      throw VectronError.invalid(field, `${field}.${key} is not a finite number`);
    if (typeof item === 'string' && !item.isWellFormed())
      throw VectronError.invalid(field, `${field}.${key} is not valid Unicode`);
    if (item !== null && typeof item === 'object') check(item, field, depth + 1);
  }
}

export function decodeDocument(payload: Buffer): Document {
  return payload.length === 0 ? {} : (JSON.parse(payload.toString()) as Document);
}

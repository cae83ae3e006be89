import type { Document } from '@vectron/model';

/** The view of the old field: a value that is no string appears as its JSON text. */
export function stringMap(document: Document): Map<string, string> {
  return new Map(
    Object.entries(document).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

export function fromStringMap(map: Map<string, string>): Document {
  // defineProperty, because an assignment to `__proto__` would vanish instead of being refused.
  const document: Document = {};
  for (const [key, value] of map) {
    Object.defineProperty(document, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return document;
}

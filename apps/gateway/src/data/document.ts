import { type Document, decodeDocument, holdsBigInt, stringifyJson } from '@vectron/model';
import type { gateway } from '@vectron/proto';

/** The view of the old field: a value that is no string appears as its JSON text. */
export function stringMap(document: Document): Map<string, string> {
  return new Map(
    Object.entries(document).map(([key, value]) => [key, typeof value === 'string' ? value : stringifyJson(value)]),
  );
}

export { fromStringMap } from '@vectron/model';

/** The three views of a stored payload in a message: as strings, as a Struct, and as text where a Struct is not exact. */
export function payloadFields(payload: Buffer): Pick<gateway.Point, 'payload' | 'document' | 'payloadJson'> {
  const document = decodeDocument(payload);
  const { value, valueJson } = structView(document);
  return { payload: stringMap(document), document: value, payloadJson: valueJson };
}

/**
 * A value as google.protobuf.Value can hold it: integers beyond 2^53, which are no doubles, are their digits as strings.
 * `valueJson`: the exact value as JSON text when there is one, otherwise empty.
 */
export function structView<T>(value: T): { value: T; valueJson: string } {
  return holdsBigInt(value) ? { value: withDigits(value) as T, valueJson: stringifyJson(value) } : { value, valueJson: '' };
}

function withDigits(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withDigits);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withDigits(item)]));
}

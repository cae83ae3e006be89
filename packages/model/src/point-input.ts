import { VectronError } from '@vectron/errors';
import type { gateway } from '@vectron/proto';
import type { Document } from './document.js';
import { parseJson } from './exact-json.js';
import type { PointInput } from './points.js';
import type { VectorInput } from './vector.js';

/** The forms that a message has for one vector; `packedVector`: `vector`, left as little-endian float32. */
export type VectorForms = Pick<gateway.Point, 'vector' | 'vectorF32'> & { readonly packedVector?: Buffer };
const NO_BYTES = Buffer.alloc(0);

/** The point of a message, as the homes write it; `at`: its place among the points. Throws INVALID_ARGUMENT. */
export function pointInput(point: gateway.Point & VectorForms, at: number): PointInput {
  const vector = vectorInput(point, `points[${at}].vector`);
  const { id, text, sparse, ttlSeconds, ifVersion } = point;
  const payload = payloadOf(point, `points[${at}]`);
  const vectors = Array.from(
    point.vectors,
    ([name, forms]) => [name, vectorInput(forms, `points[${at}].vectors.${name}`)] as const,
  );
  return { id, vector, text, payload, sparse, vectors, ttlSeconds, ifVersion };
}

/** `vector` holds what a client sent unpacked, number by number. */
export function vectorInput({ vector, packedVector = NO_BYTES, vectorF32 }: VectorForms, field: string): VectorInput {
  const forms = [vector, packedVector, vectorF32].filter(({ length }) => length > 0);
  if (forms.length > 1) throw VectronError.invalid(field, `${field}: send either vector or vector_f32`);
  return forms[0] ?? [];
}

/** `payload_json` counts alone, so that a point that was read can be written as it is. */
function payloadOf({ payloadJson, document, payload }: gateway.Point, at: string): unknown {
  if (payloadJson !== '') return parseJson(payloadJson, `${at}.payload_json`, () => '');
  if (document !== undefined && payload.size > 0) {
    throw VectronError.invalid(`${at}.document`, 'send either payload or document');
  }
  return document ?? fromStringMap(payload);
}

/** The payload of the old field, whose values are texts. defineProperty, because an assignment to `__proto__` would vanish instead of being refused. */
export function fromStringMap(map: ReadonlyMap<string, string>): Document {
  const document: Document = {};
  for (const [key, value] of map) {
    Object.defineProperty(document, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return document;
}

import { VectronError } from '@vectron/errors';
import { z } from 'zod';

/**
 * REST bodies by the proto3 JSON mapping: camelCase and snake_case accepted, int64 as string or number, unknown
 * fields refused and named, null the same as absent. zod describes the camelCase form; OpenAPI comes from it too.
 */
export function message<S extends z.ZodRawShape>(shape: S) {
  const names = new Set(Object.keys(shape));
  return z.preprocess((value) => camelized(value, names), z.strictObject(shape));
}

function camelized(value: unknown, names: Set<string>): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    const camel = key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    entries.push([names.has(camel) ? camel : key, item]);
  }
  return Object.fromEntries(entries);
}

/** A vector, checked by the service: parsing thousands of numbers through a schema would dominate a search. */
export const vectorNumbers = z
  .custom<number[]>(
    (value) => Array.isArray(value) && value.every((x) => typeof x === 'number'),
    'must be an array of numbers',
  )
  .meta({ type: 'array', items: { type: 'number', format: 'float' } });

export const bytesBase64 = z.base64().transform((text) => Buffer.from(text, 'base64'));

/** Little-endian float32 as base64. */
export const vectorBase64 = bytesBase64.meta({ description: 'little-endian float32, base64' });

/** Any JSON object; its keys and values are checked by the service. */
export const jsonObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be a JSON object',
  )
  .meta({ type: 'object', additionalProperties: true });

export const uint32 = z.int().min(0).max(0xffff_ffff);
export const int32 = z.int().min(-0x8000_0000).max(0x7fff_ffff);
export const int64 = z.union([z.int(), z.string().regex(/^-?\d{1,19}$/)]).transform((value) => BigInt(value));

/** Throws INVALID_ARGUMENT naming the first wrong field. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = fieldPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const field = path === '' ? issue.keys[0] : `${path}.${issue.keys[0]}`;
    throw VectronError.invalid(field, `unknown field ${field}`);
  }
  throw VectronError.invalid(path || 'body', `${path || 'body'}: ${issue.message}`);
}

function fieldPath(path: PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

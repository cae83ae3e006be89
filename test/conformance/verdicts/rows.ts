import type { ErrorCode } from '@vectron/errors';
import type { Input, Method } from './homes.js';

/** An input with the one verdict that every home has of it. */
export interface Row extends Input {
  readonly name: string;
  readonly verdict: 'OK' | ErrorCode;
  /** The place that a refusal names, in the spelling of the protos. */
  readonly at?: string;
}

type Told = Pick<Input, 'json' | 'grpc' | 'cli' | 'not'>;

/** Rows of one method: each input is accepted. */
export const accepts = (method: Method, inputs: Readonly<Record<string, unknown>>, told: Told = {}): Row[] =>
  Object.entries(inputs).map(([name, given]) => ({
    method,
    name: `${method}: ${name}`,
    given,
    verdict: 'OK',
    ...told,
  }));

/** Rows of one method: each input is refused, for what is at the place. */
export const refuses = (
  method: Method,
  at: string | undefined,
  inputs: Readonly<Record<string, unknown>>,
  told: Told & { readonly code?: ErrorCode } = {},
): Row[] => {
  const { code = 'INVALID_ARGUMENT', ...rest } = told;
  return Object.entries(inputs).map(([name, given]) => ({
    method,
    name: `${method}: ${name}`,
    given,
    verdict: code,
    at,
    ...rest,
  }));
};

/** An input with the whole text of REST's body, where no value stands for it. */
export const text = (
  method: Method,
  name: string,
  json: string | Buffer,
  verdict: Row['verdict'],
  at?: string,
): Row => ({
  method,
  name: `${method}: ${name}`,
  given: undefined,
  json,
  verdict,
  at,
  not: NO_TEXT,
});
const NO_TEXT = {
  gRPC: 'its messages are no JSON',
  'SDK over REST': 'it takes values',
  'SDK over gRPC': 'it takes values',
  embedded: 'it takes values',
} as const;

/** `levels` of objects or lists in each other, made without recursion. */
export function nested(levels: number, kind: 'object' | 'list' = 'object'): unknown {
  let value: unknown = kind === 'object' ? {} : [];
  for (let level = 1; level < levels; level++) value = kind === 'object' ? { a: value } : [value];
  return value;
}

export const nestedText = (levels: number, kind: 'object' | 'list' = 'object'): string =>
  kind === 'object'
    ? `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
    : `${'['.repeat(levels)}${']'.repeat(levels)}`;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) | 0x80);
    if (rest < 128) return Buffer.from(bytes);
  }
}

/** Messages around messages, from the inside out: each step is the bytes before the length of what is inside. */
export function wrapped(inside: Buffer, steps: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [inside];
  let length = inside.length;
  for (const step of steps) {
    const size = varint(length);
    parts.push(size, step);
    length += size.length + step.length;
  }
  return Buffer.concat(parts.reverse());
}

const byte = (...bytes: number[]) => Buffer.from(bytes);
/** Value.struct_value, Struct.fields, the entry's key `a` and its value. */
const OBJECT_STEPS = [byte(0x0a, 0x01, 0x61, 0x12), byte(0x0a), byte(0x2a)];
/** Value.list_value, ListValue.values. */
const LIST_STEPS = [byte(0x0a), byte(0x32)];

/** vectron.v1.UpsertRequest with one point whose document is `{"a": ...}` with `levels` of objects or lists in all. */
export function nestedUpsert(collection: string, levels: number, kind: 'object' | 'list'): Buffer {
  const name = Buffer.concat([byte(0x0a), varint(collection.length), Buffer.from(collection)]);
  const innermost = kind === 'object' ? byte(0x2a, 0) : byte(0x32, 0);
  const inner = Array.from({ length: levels - 2 }, () => (kind === 'object' ? OBJECT_STEPS : LIST_STEPS)).flat();
  const document = wrapped(innermost, [...inner, OBJECT_STEPS[0], OBJECT_STEPS[1]]);
  const vector = Buffer.concat([byte(0x12, 8), Buffer.from(Float32Array.of(1, 2).buffer)]);
  const point = Buffer.concat([byte(0x0a, 1, 0x78), vector, byte(0xa2, 0x01), varint(document.length), document]);
  return Buffer.concat([name, byte(0x12), varint(point.length), point]);
}

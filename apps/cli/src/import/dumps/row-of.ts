import { VectronError } from '@vectron/errors';
import { checkDocument, checkPointId, InexactNumber } from '@vectron/model';
import type { Point } from '@vectron/sdk';
import type { ImportRow, Place, ReadRow, RefusedRow } from '../rows.js';

/** In place of a value that a payload cannot have. */
export class LeftOut {
  constructor(readonly reason: string) {}
}

/** What a source has read of a row, before it is known to be a point. */
export interface Parts {
  readonly id: unknown;
  readonly vector: Float32Array | undefined;
  /** Why there is no vector. */
  readonly noVector?: string;
  /** Values may be LeftOut. */
  readonly payload: Record<string, unknown>;
  readonly vectors?: Record<string, Float32Array>;
  readonly sparse?: Record<string, { readonly indices: number[]; readonly values: number[] }>;
  readonly leftOut?: ReadRow['leftOut'];
}

/** Dimensions of the vectors of a collection: of the first one, and of others by name. */
export interface Dimensions {
  readonly dimension: number;
  readonly named: ReadonlyMap<string, number>;
}

/** The point of a row, or why it is none. */
export function rowOf(place: Place, parts: Parts, { dimension, named }: Dimensions): ImportRow {
  const id = idText(parts.id);
  const refuse = (reason: string): RefusedRow => ({ place, ...(id === undefined ? {} : { id }), reason });
  if (id === undefined) return refuse(`it has no id: an id must be text or an integer, not ${said(parts.id)}`);
  const { vector, vectors = {}, sparse = {} } = parts;
  if (vector === undefined) return refuse(parts.noVector ?? 'it has no vector; export the rows with their vectors');
  try {
    checkPointId(id, 'id');
    checkDense('the vector', vector, dimension);
    for (const [name, one] of Object.entries(vectors)) checkDense(`the vector ${name}`, one, named.get(name));
    for (const [name, one] of Object.entries(sparse)) checkSparse(name, one);
    const { payload, leftOut } = withoutLeftOut(parts);
    checkDocument(payload, 'payload');
    const point: Point = {
      ...{ id, vector, payload },
      ...(Object.keys(vectors).length === 0 ? {} : { vectors }),
      ...(Object.keys(sparse).length === 0 ? {} : { sparse }),
    };
    return { place, point, ...(leftOut.length === 0 ? {} : { leftOut }) };
  } catch (error) {
    if (!(error instanceof VectronError)) throw error;
    return refuse(error.message);
  }
}

/** Text, or an integer of 64 bits, exactly; undefined: neither. */
export function idText(id: unknown): string | undefined {
  if (typeof id === 'string' || typeof id === 'bigint') return String(id);
  return typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : undefined;
}

const said = (value: unknown) => {
  if (value === undefined) return 'a missing value';
  const text = value instanceof InexactNumber ? value.literal : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

function checkDense(what: string, vector: Float32Array, dimension: number | undefined): void {
  if (dimension !== undefined && vector.length !== dimension) {
    const message = `${what} has ${vector.length} dimensions, and must have ${dimension} as those of most rows`;
    throw VectronError.invalid('vector', message);
  }
  const at = vector.findIndex((one) => !Number.isFinite(one));
  if (at >= 0) throw VectronError.invalid('vector', `${what}: position ${at} must be a finite number of 32 bits`);
}

function checkSparse(name: string, { indices, values }: { indices: number[]; values: number[] }): void {
  const wrong = (reason: string) => VectronError.invalid('sparse', `the sparse vector ${name} ${reason}`);
  if (indices.length !== values.length)
    throw wrong(`must have as many values as indices, not ${values.length} and ${indices.length}`);
  const index = indices.find((one) => !(Number.isInteger(one) && one >= 0 && one <= 0xffff_ffff));
  if (index !== undefined) throw wrong(`has the index ${index}, and indices must be integers from 0 to 4294967295`);
  if (new Set(indices).size !== indices.length) throw wrong('must not have an index twice');
  if (!values.every((one) => Number.isFinite(Math.fround(one)))) throw wrong('must have finite values of 32 bits');
}

function withoutLeftOut(parts: Parts): {
  payload: Record<string, unknown>;
  leftOut: { what: string; reason: string }[];
} {
  const leftOut = [...(parts.leftOut ?? [])];
  const kept = Object.entries(parts.payload).filter(([what, value]) => {
    if (!(value instanceof LeftOut)) return true;
    leftOut.push({ what, reason: value.reason });
    return false;
  });
  return { payload: Object.fromEntries(kept), leftOut };
}

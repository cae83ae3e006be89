import { VectronError } from '@vectron/errors';
import type { workerData } from '@vectron/proto';
import { checkLength } from './vector.js';

/** A vector of few dimensions that are not zero: as many values as indices, each index once. */
export interface SparseInput {
  readonly indices: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const MAX_INDICES = 65_536;

/** As shards take it, with rising indices. Throws INVALID_ARGUMENT naming what is wrong. */
export function sparseData(name: string, { indices, values }: SparseInput, field: string): workerData.SparseData {
  if (indices.length !== values.length || indices.length > MAX_INDICES) {
    throw VectronError.invalid(
      field,
      `${field} must have the same number of values and indices, at most ${MAX_INDICES}`,
    );
  }
  const pairs = Array.from(indices, (index, at) => {
    const value = values[at];
    if (!(Number.isInteger(index) && index >= 0 && index <= 0xffff_ffff)) {
      throw VectronError.invalid(
        `${field}.indices[${at}]`,
        `${field}.indices[${at}] must be an integer from 0 to 4294967295, not ${index}`,
      );
    }
    if (!Number.isFinite(Math.fround(value))) {
      throw VectronError.invalid(`${field}.values[${at}]`, `${field}.values[${at}] must be a finite float32`);
    }
    return [index, value] as const;
  }).sort((a, b) => a[0] - b[0]);
  pairs.forEach(([index], at) => {
    if (at > 0 && pairs[at - 1][0] === index) {
      throw VectronError.invalid(`${field}.indices`, `${field}.indices: the index ${index} occurs twice; send it once`);
    }
  });
  checkLength(
    pairs.reduce((sum, [, value]) => sum + value * value, 0),
    `${field}.values`,
  );
  return { name, indices: pairs.map(([index]) => index), values: pairs.map(([, value]) => value) };
}

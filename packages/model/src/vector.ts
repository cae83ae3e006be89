import { VectronError } from '@vectron/errors';

/** A vector as it came: numbers, or little-endian float32 bytes. */
export type VectorInput = ArrayLike<number> | Buffer;

/**
 * The greatest sum of the squares of a vector's values: a sixteenth of the greatest float32, so that the inner product and
 * the squared distance of any two vectors, and of what is made of examples, are float32 values that are finite.
 */
export const MAX_SQUARED_LENGTH = 2 ** 124;

/** Throws INVALID_ARGUMENT when scores of the vector might not be finite. */
export function checkLength(squared: number, field: string): void {
  if (squared <= MAX_SQUARED_LENGTH) return;
  const message = `${field} is too long to be scored: the sum of the squares of its values must be at most 2^124 (2.1e37)`;
  throw VectronError.invalid(field, message);
}

/**
 * Little-endian float32 bytes of a vector that fits the collection. Throws DIMENSION_MISMATCH, or
 * INVALID_ARGUMENT for a value that is no finite float32, for a vector whose scores might not be finite and for a zero vector
 * under cosine.
 */
export function encodeVector(input: VectorInput, dimension: number, distance: string, field: string): Buffer {
  const floats = Buffer.isBuffer(input) ? viewOf(input, field) : new Float32Array(input);
  if (floats.length !== dimension) {
    throw new VectronError(
      'DIMENSION_MISMATCH',
      `${field} has ${floats.length} dimensions, but the collection has ${dimension}; send a vector of the model for which it was created`,
      {
        details: { field },
      },
    );
  }
  let norm = 0;
  for (let i = 0; i < floats.length; i++) {
    const x = floats[i];
    if (!Number.isFinite(x)) throw VectronError.invalid(`${field}[${i}]`, `${field}[${i}] must be a finite float32`);
    norm += x * x;
  }
  checkLength(norm, field);
  if (norm === 0 && distance === 'cosine') {
    throw VectronError.invalid(field, `${field} must not be all zeros, because such a vector has no cosine similarity`);
  }
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Little-endian float32 bytes of a vector whose dimension the shard knows. Throws INVALID_ARGUMENT for no finite float32. */
export function encodeAnyVector(input: VectorInput, field: string): Buffer {
  const dimension = Buffer.isBuffer(input) ? Math.floor(input.length / 4) : input.length;
  if (dimension === 0) throw VectronError.invalid(field, `${field} must not be empty`);
  return encodeVector(input, dimension, 'dot', field);
}

/** A query's vector: of the first vector's dimension and metric; the shard checks those of a named one. */
export const encodeQueryVector = (
  { dimension, distance }: { readonly dimension: number; readonly distance: string },
  using: string,
  vector: VectorInput,
  field: string,
): Buffer => (using === '' ? encodeVector(vector, dimension, distance, field) : encodeAnyVector(vector, field));

/** A view where the bytes are aligned, else a copy. */
function viewOf(bytes: Buffer, field: string): Float32Array {
  if (bytes.length % 4 !== 0)
    throw VectronError.invalid(field, `${field} must consist of whole float32 values (4 bytes each)`);
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const copy = Uint8Array.from(bytes);
  return new Float32Array(copy.buffer);
}

export function decodeVector(bytes: Buffer): number[] {
  return Array.from(viewOf(bytes, 'vector'));
}

import { VectronError } from '@vectron/errors';
import type { Vector } from './client.js';

/** Little-endian float32 bytes: a view of a Float32Array, a copy of numbers. */
export function toBytes(vector: Vector): Buffer {
  const floats = vector instanceof Float32Array ? vector : Float32Array.from(vector);
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

export function toFloats(values: readonly number[]): Float32Array | undefined {
  return values.length === 0 ? undefined : Float32Array.from(values);
}

export function oneQuery({ vector, text, likeId }: { vector?: Vector; text?: string; likeId?: string }): void {
  if ([vector, text, likeId].filter((one) => one !== undefined).length !== 1) {
    throw VectronError.invalid('vector', 'a search takes one of vector, text and likeId');
  }
}

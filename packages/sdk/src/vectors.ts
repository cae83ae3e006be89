/** Little-endian float32 bytes: a view of a Float32Array, a copy of numbers. */
export function toBytes(vector: ArrayLike<number>): Buffer {
  const floats = vector instanceof Float32Array ? vector : Float32Array.from(vector);
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
}

export function toFloats(values: readonly number[]): Float32Array | undefined {
  return values.length === 0 ? undefined : Float32Array.from(values);
}

export type Quantization = 'int8' | 'none' | 'float16' | 'binary' | 'product';
export type Storage = 'memory' | 'mmap' | 'disk';

export interface Planned {
  readonly points: number;
  readonly dimension: number;
  /** Links a node of the graph, M. */
  readonly links: number;
  readonly quantization: Quantization;
  readonly storage: Storage;
}

/** Of a point in a shard besides vector and graph: its slot, and the entry of the table of codes. */
const SLOT_BYTES = 110;
const HEADER_BYTES = 16;
const WORD_BYTES = 4;
/** Rows of this size and more begin on a line of the processor's cache. */
const LINE_BYTES = 64;
const rowOf = (bytes: number) => {
  const unit = bytes >= LINE_BYTES ? LINE_BYTES : WORD_BYTES;
  return Math.ceil(bytes / unit) * unit;
};

/** Bytes of a vector in the form in which the graph compares vectors. */
function codeBytes(quantization: Quantization, dimension: number): number {
  switch (quantization) {
    case 'none':
      // The graph reads the full vectors.
      return 0;
    case 'float16':
      return 2 * dimension;
    case 'binary':
      return dimension / 8;
    case 'product':
      return dimension / 4;
    default:
      return dimension;
  }
}

/**
 * Bytes that one replica of all shards takes for vectors and graph: a full vector of float32, its code, 2 M links on the layer that
 * every point is on and M links of each of the 1 in M points that are on a higher one. A collection with no deleted points.
 */
export function memoryOf({ points, dimension, links, quantization, storage }: Planned): {
  bytes: number;
  onDisk: number;
} {
  const full = rowOf(4 * dimension);
  const block = rowOf(codeBytes(quantization, dimension) + HEADER_BYTES + 2 * links * WORD_BYTES);
  const upper = rowOf((1 + links) * WORD_BYTES) / Math.max(1, links - 1);
  const inMemory = block + upper + SLOT_BYTES + (storage === 'memory' ? full : 0);
  return { bytes: points * inMemory, onDisk: storage === 'memory' ? 0 : points * full };
}

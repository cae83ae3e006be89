/**
 * What a collection takes in memory and on disk, by its settings: the formula of docs/guide/capacity.md. The sizes of rows are those of
 * crates/vectron-kernels/src/arena.rs and crates/vectron-hnsw/src/codes.rs; what stands as a constant was measured by `npm run bench:capacity`.
 */
export type Quantization = 'int8' | 'none' | 'float16' | 'binary' | 'product';
export type VectorStorage = 'memory' | 'mmap' | 'disk';

/** A collection as it is planned: one vector a point, no point deleted. */
export interface PlannedCollection {
  /** Number of points, 0 and more. */
  readonly points: number;
  /** Components of a vector, 1 and more. */
  readonly dimension: number;
  /** How the graph compares vectors; int8 unless it is given. */
  readonly quantization?: Quantization;
  /** Where the full vectors are. Default: memory. */
  readonly storage?: VectorStorage;
  /** Links of a node of the graph on the upper layers, M, 2 and more. Default: 16. */
  readonly m?: number;
  /** Of the id of a point, on average. Default: 16. */
  readonly idBytes?: number;
  /** Of the payload of a point as JSON, on average; compression halves it. Default: 0. */
  readonly payloadBytes?: number;
  /** Number of shards that the points are spread over, 1 unless it is given. */
  readonly shards?: number;
}

/** Bytes of one replica of all shards. */
export interface Capacity {
  /** Bytes in the memory of the process, without mapped files. */
  readonly memory: number;
  /** Of mapped files, which the system keeps in memory as far as it can. */
  readonly pageCache: number;
  readonly disk: number;
}

/** Bytes of a server without points: Node, the services, the core. */
export const BASE_MEMORY = 177e6;
export const BASE_DISK = 1e6;
/** Of a point beside its vector and its node: where it is, its id twice, its version, its row. */
const POINT_MEMORY = 200;
/** Of a point on disk beside its vector and payload: keys, versions, the format. */
const POINT_DISK = 60;
/** Rows that were read lately (--cache), once for all collections of a process. */
const ROWS_CACHED = 256 * 2 ** 20;
/** What RocksDB has not compacted yet, as a share of what it stores. */
const UNCOMPACTED = 1.1;
/** Of the log of a shard that rests (--raft-log-keep). */
const LOG_KEPT = 8 * 2 ** 20;
const FLOAT_BYTES = 4;
const WORD_BYTES = 4;
/** Words of a node besides its links. */
const NODE_WORDS = 4;
/** Rows of this size and more begin on a line of the processor's cache. */
const LINE_BYTES = 64;
/** Components that a byte of a product code stands for, and how many values a byte has. */
const PART = 8;
const CENTROIDS = 256;

const upTo = (bytes: number, unit: number) => Math.ceil(bytes / unit) * unit;

/** Bytes of a row of an arena: its data, and words that change. */
function row(data: number, words: number): number {
  const bytes = upTo(data, WORD_BYTES) + words * WORD_BYTES;
  return upTo(bytes, bytes >= LINE_BYTES ? LINE_BYTES : WORD_BYTES);
}

/**
 * Bytes of a vector as the graph compares it. Without quantization that is the full vector: 0 where it is in memory or mapped
 * already, and all of it where it is on disk alone.
 */
export function codeBytes(dimension: number, quantization: Quantization, storage: VectorStorage): number {
  switch (quantization) {
    case 'int8':
      return upTo(dimension, 32) + 12;
    case 'float16':
      return 2 * dimension;
    case 'binary':
      return upTo(dimension, 64) / 8 + 16;
    case 'product':
      return upTo(Math.ceil(dimension / PART), 4) + 4;
    default:
      return storage === 'disk' ? FLOAT_BYTES * dimension : 0;
  }
}

/** What a shard holds once for all its codes: the codebook of product codes. */
const sharedBytes = (dimension: number, quantization: Quantization) =>
  quantization === 'product' ? Math.ceil(dimension / PART) * CENTROIDS * PART * FLOAT_BYTES : 0;

/** Bytes that one replica of all shards takes. Payload indexes and named vectors come on top. */
export function capacity({
  points,
  dimension,
  quantization = 'int8',
  storage = 'memory',
  m = 16,
  idBytes = 16,
  payloadBytes = 0,
  shards = 1,
}: PlannedCollection): Capacity {
  const code = codeBytes(dimension, quantization, storage);
  const vector = row(FLOAT_BYTES * dimension, 0);
  const links = NODE_WORDS + 2 * m;
  const node = row(code, links) + row(0, 1 + m) / Math.max(1, m - 1);
  const memory = node + (storage === 'memory' ? vector : 0) + POINT_MEMORY + 2 * idBytes;
  // The saved graph has the vectors that it compares, unless they are in a file or in the store alone.
  const saved = quantization === 'none' && storage === 'memory' ? FLOAT_BYTES * dimension : code;
  const graph = saved + WORD_BYTES * links;
  const stored = UNCOMPACTED * (FLOAT_BYTES * dimension + payloadBytes / 2 + idBytes + POINT_DISK);
  // Vectors on disk are read for rescoring.
  const cached = storage === 'disk' && quantization !== 'none' ? Math.min(ROWS_CACHED, points * vector) : 0;
  const shared = points === 0 ? 0 : shards * sharedBytes(dimension, quantization);
  return {
    memory: points * memory + shared + cached,
    pageCache: storage === 'mmap' ? points * vector : 0,
    disk:
      points * (stored + graph + (storage === 'mmap' ? vector : 0)) +
      shared +
      shards * Math.min(LOG_KEPT, points * dimension * FLOAT_BYTES),
  };
}

// What a collection takes in memory and on disk, by its settings: the formula of docs/guide/capacity.md. The sizes of rows are those of
// crates/vectron-kernels/src/arena.rs and crates/vectron-hnsw; what stands as a constant was measured by run.mjs beside this file.
//   node bench/capacity/formula.mjs --points 10000000 --dimension 768 [--quantization int8] [--storage memory] [--payload BYTES]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const OPTIONS = {
  points: { type: 'string' },
  dimension: { type: 'string' },
  quantization: { type: 'string', default: 'int8' },
  storage: { type: 'string', default: 'memory' },
  m: { type: 'string', default: '16' },
  id: { type: 'string', default: '16' },
  payload: { type: 'string', default: '0' },
  shards: { type: 'string', default: '1' },
};

/** Of a server without points: Node, the services, the core. */
export const BASE_MEMORY = 180e6;
export const BASE_DISK = 1e6;
/** Of a point beside its vector and its node: where it is, its id twice, its version, its row. */
const POINT_MEMORY = 200;
/** Of a point on disk beside its vector and payload: keys, versions, the format. */
const POINT_DISK = 60;
/** What RocksDB has not compacted yet, as a share of what it stores. */
const UNCOMPACTED = 1.1;
/** Of the log of a shard that rests (--raft-log-keep). */
const LOG_KEPT = 8 * 2 ** 20;

const upTo = (bytes, unit) => Math.ceil(bytes / unit) * unit;
/** Rows of an arena: of a cache line and more, a whole number of them. */
const row = (data, words) => upTo(upTo(data, 4) + 4 * words, upTo(data, 4) + 4 * words >= 64 ? 64 : 4);

/** Bytes of a vector as the graph compares it. Without quantisation it is the full vector, which is there already, unless it is on disk. */
export function codeBytes(dimension, quantization, storage) {
  if (quantization === 'int8') return upTo(dimension, 32) + 12;
  if (quantization === 'float16') return dimension * 2;
  if (quantization === 'binary') return 2 ** Math.ceil(Math.log2(dimension)) / 8 + 12;
  if (quantization === 'product') return upTo(Math.ceil(dimension / 8), 4) + 4;
  return storage === 'disk' ? dimension * 4 : 0;
}

/**
 * Bytes of one replica of `points` points, over all shards: in memory, in the page cache (mapped files) and on disk.
 * `idBytes`, `payloadBytes`: of a point, on average; payloads are counted as they are compressed, by half.
 */
export function capacity({
  points,
  dimension,
  quantization = 'int8',
  storage = 'memory',
  m = 16,
  idBytes = 16,
  payloadBytes = 0,
  shards = 1,
}) {
  const code = codeBytes(dimension, quantization, storage);
  const vector = row(dimension * 4, 0);
  const node = row(code, 4 + 2 * m) + row(0, 1 + m) / (m - 1);
  const memory = node + (storage === 'memory' ? vector : 0) + POINT_MEMORY + 2 * idBytes;
  const graph = code + 4 * (4 + 2 * m);
  const stored = UNCOMPACTED * (dimension * 4 + payloadBytes / 2 + idBytes + POINT_DISK);
  return {
    memory: points * memory,
    pageCache: storage === 'mmap' ? points * vector : 0,
    disk:
      points * (stored + graph + (storage === 'mmap' ? vector : 0)) +
      shards * Math.min(LOG_KEPT, points * dimension * 4),
  };
}

// As a program.
const { values } = process.argv[1] === fileURLToPath(import.meta.url) ? parseArgs({ options: OPTIONS }) : {};
if (values !== undefined) {
  const { quantization, storage, ...numbers } = values;
  const shape = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
  for (const [name, value] of Object.entries(shape))
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} must be a number`);
  const { points, dimension, m, id: idBytes, payload: payloadBytes, shards } = shape;
  const taken = capacity({ points, dimension, m, idBytes, payloadBytes, shards, quantization, storage });
  const shown = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
  console.log(`memory of a replica      ${shown(taken.memory)}`);
  if (taken.pageCache > 0) console.log(`page cache, at best      ${shown(taken.pageCache)}`);
  console.log(`disk of a replica        ${shown(taken.disk)}`);
}

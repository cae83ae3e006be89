// What a collection takes in memory and on disk, by its settings: the formula of packages/model/src/capacity.ts as a program.
//   node bench/capacity/formula.mjs --points 10000000 --dimension 768 [--quantization int8] [--storage memory] [--payload BYTES]
import { parseArgs } from 'node:util';
import { capacity } from '../../packages/model/dist/capacity.js';

const QUANTIZATIONS = ['int8', 'none', 'float16', 'binary', 'product'];
const STORAGES = ['memory', 'mmap', 'disk'];
const { values } = parseArgs({
  options: {
    points: { type: 'string' },
    dimension: { type: 'string' },
    quantization: { type: 'string', default: 'int8' },
    storage: { type: 'string', default: 'memory' },
    m: { type: 'string', default: '16' },
    id: { type: 'string', default: '16' },
    payload: { type: 'string', default: '0' },
    shards: { type: 'string', default: '1' },
  },
});
const { quantization, storage, ...numbers } = values;
for (const [name, value, known] of [
  ['quantization', quantization, QUANTIZATIONS],
  ['storage', storage, STORAGES],
])
  if (!known.includes(value)) throw new Error(`--${name} must be one of ${known.join(', ')}`);
const numberOf = (name) => {
  const value = Number(numbers[name]);
  if (numbers[name]?.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`--${name} must be a number`);
  return value;
};
const taken = capacity({
  ...{ points: numberOf('points'), dimension: numberOf('dimension'), m: numberOf('m'), shards: numberOf('shards') },
  ...{ idBytes: numberOf('id'), payloadBytes: numberOf('payload'), quantization, storage },
});
const shown = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
console.log(`memory of a replica      ${shown(taken.memory)}`);
if (taken.pageCache > 0) console.log(`page cache, at best      ${shown(taken.pageCache)}`);
console.log(`disk of a replica        ${shown(taken.disk)}`);

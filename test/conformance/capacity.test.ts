import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { BASE_DISK, BASE_MEMORY, capacity, type Quantization, type VectorStorage } from '@vectron/model/capacity';

interface Taken {
  readonly memory: number;
  readonly disk: number;
}
interface Shape {
  readonly points: number;
  readonly dimension: number;
  readonly quantization: Quantization;
  readonly storage: VectorStorage;
  readonly payloadBytes: number;
  /** Without `disk` where the server did not come to rest. */
  readonly measured: Pick<Taken, 'memory'> & Partial<Taken>;
}

const ID_BYTES = 16;
const [latest] = readdirSync('bench/results')
  .filter((file) => file.startsWith('capacity-'))
  .sort()
  .reverse();
const { rows } = JSON.parse(readFileSync(`bench/results/${latest}`, 'utf8')) as { rows: Shape[] };
const page = readFileSync('docs/guide/capacity.md', 'utf8');

describe('the formula for memory and disk', () => {
  it('is within 15 % of what was measured', () => {
    for (const { measured, ...shape } of rows) {
      const said = capacity({ ...shape, idBytes: ID_BYTES });
      const ratios = [
        (BASE_MEMORY + said.memory + said.pageCache) / measured.memory,
        ...(measured.disk === undefined ? [] : [(BASE_DISK + said.disk) / measured.disk]),
      ];
      expect({ shape, ratios: ratios.filter((ratio) => ratio < 0.85 || ratio > 1.15) }).toEqual({ shape, ratios: [] });
    }
  });

  it('stands on the page beside the figures of that run', () => {
    expect(page).toContain(`bench/results/${latest}`);
    for (const { points, dimension, quantization, storage, measured } of rows) {
      const begin = `| ${points.toLocaleString('en-US')} | ${dimension} | \`${quantization}\` | \`${storage}\` | `;
      expect(page).toContain(begin + (measured.memory / 1e6).toFixed(0));
    }
  });
});

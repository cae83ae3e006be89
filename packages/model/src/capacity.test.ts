import { describe, expect, it } from '@jest/globals';
import { capacity, codeBytes, type Quantization } from './capacity.js';

describe('what a collection takes', () => {
  it('has codes of the size that the core gives them', () => {
    const sizes = (dimension: number) =>
      (['int8', 'float16', 'binary', 'product', 'none'] as Quantization[]).map((one) =>
        codeBytes(dimension, one, 'memory'),
      );
    expect(sizes(768)).toEqual([780, 1_536, 112, 100, 0]);
    // Padded to 32, to 64 bits, and to four bytes of parts of eight components.
    expect(sizes(100)).toEqual([140, 200, 32, 20, 0]);
    expect(codeBytes(768, 'none', 'disk')).toBe(3_072);
  });

  it('is known for a million points', () => {
    const shape = { points: 1_000_000, dimension: 768 };
    // A node of 780 + 4 * 36 bytes in lines of 64, its share of the upper layers, the vector, the bookkeeping and the id.
    const node = 960 + 128 / 15;
    expect(capacity(shape).memory).toBeCloseTo(1e6 * (node + 3_072 + 232), 0);
    expect(capacity({ ...shape, storage: 'disk' }).memory).toBeCloseTo(1e6 * (node + 232) + 256 * 2 ** 20, 0);
    const few = { points: 1_000, dimension: 768 };
    expect(capacity({ ...few, storage: 'disk' }).memory).toBeCloseTo(1e3 * (node + 232 + 3_072), 0);
    expect(capacity({ ...shape, storage: 'mmap' }).pageCache).toBe(3.072e9);
    expect(capacity({ ...shape, storage: 'disk' }).pageCache).toBe(0);
    const stored = 1.1 * (3_072 + 250 + 16 + 60);
    expect(capacity({ ...shape, payloadBytes: 500 }).disk).toBeCloseTo(1e6 * (stored + 780 + 144) + 8 * 2 ** 20, 0);
    // The saved graph of vectors that are in memory alone has them once more.
    const alone = { ...shape, payloadBytes: 500, quantization: 'none' as const };
    expect(capacity(alone).disk).toBeCloseTo(1e6 * (stored + 3_072 + 144) + 8 * 2 ** 20, 0);
    expect(capacity({ ...alone, storage: 'mmap' }).disk).toBeCloseTo(1e6 * (stored + 3_072 + 144) + 8 * 2 ** 20, 0);
    const books = (shards: number) => capacity({ ...shape, quantization: 'product', shards }).memory;
    expect(books(3) - books(1)).toBeCloseTo(2 * 768 * 1_024, 3);
  });

  it('is nothing without points', () => {
    expect(capacity({ points: 0, dimension: 768, quantization: 'product' })).toEqual({
      memory: 0,
      pageCache: 0,
      disk: 0,
    });
  });
});

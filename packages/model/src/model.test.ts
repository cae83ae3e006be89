import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import type { placement } from '@vectron/proto';
import fc from 'fast-check';
import { Route, shardHash, splitHashSpace } from './index.js';

it('computes the shared hash vectors', () => {
  const text = readFileSync('test/conformance/vectors/shard-hash.txt', 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.length).toBeGreaterThanOrEqual(10);
  for (const line of lines) {
    const at = line.indexOf(' ');
    expect([
      line.slice(at + 1),
      shardHash(line.slice(at + 1))
        .toString(16)
        .padStart(16, '0'),
    ]).toEqual([line.slice(at + 1), line.slice(0, at)]);
  }
});

it('covers the hash space without gap or overlap, whatever the count', () => {
  for (let count = 1; count <= 64; count++) {
    const ranges = splitHashSpace(count);
    expect(ranges[0].first).toBe(0n);
    expect(ranges.at(-1)?.last).toBe((1n << 64n) - 1n);
    for (const [at, range] of ranges.slice(1).entries()) expect(range.first).toBe(ranges[at].last + 1n);
  }
});

it('routes every id to the one shard whose range holds its hash', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 64 }), (id, count) => {
      const shards = splitHashSpace(count).map(({ first, last }, at) => ({
        shardId: at,
        firstHash: first,
        lastHash: last,
      }));
      const route = new Route({ name: 'c', shards } as unknown as placement.Collection);
      const owner = route.shardOf(id);
      const hash = shardHash(id);
      return owner.firstHash <= hash && hash <= owner.lastHash;
    }),
  );
});

it('spreads ids that differ at the end only', () => {
  const shards = splitHashSpace(8).map(({ first, last }, at) => ({ shardId: at, firstHash: first, lastHash: last }));
  const route = new Route({ name: 'c', shards } as unknown as placement.Collection);
  const counts = new Array<number>(8).fill(0);
  for (let i = 0; i < 8000; i++) counts[route.shardOf(`item-${i}`).shardId] += 1;
  for (const count of counts) expect(count).toBeGreaterThan(850);
});

import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import type { Point, VectronClient } from './index.js';
import { connect, upsertAll } from './index.js';
import { retrying } from './retrying.js';

const failing = (codes: string[], calls: string[]): VectronClient =>
  ({
    upsert: async (_: string, points: Point[]) => {
      calls.push(points.map((point) => point.id).join());
      const code = codes.shift();
      if (code !== undefined) throw VectronError.fromWire(code, 'on purpose');
      return { upserted: points.length };
    },
    createCollection: async () => {
      calls.push('create');
      throw VectronError.fromWire(codes.shift() ?? '', 'on purpose');
    },
  }) as unknown as VectronClient;

const points = (count: number): Point[] => Array.from({ length: count }, (_, n) => ({ id: String(n), vector: [n] }));

it('retries what may pass and not what will fail again', async () => {
  const calls: string[] = [];
  await retrying(failing(['UNAVAILABLE', 'OVERLOADED'], calls), 3).upsert('c', points(1));
  expect(calls).toHaveLength(3);
  await expect(retrying(failing(['INVALID_ARGUMENT'], calls), 3).upsert('c', points(1))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect(calls).toHaveLength(4);
  await expect(
    retrying(failing(['UNAVAILABLE', 'UNAVAILABLE'], calls), 1).upsert('c', points(1)),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(calls).toHaveLength(6);
});

it('does not repeat what is created once', async () => {
  const calls: string[] = [];
  await expect(
    retrying(failing(['UNAVAILABLE'], calls), 3).createCollection('c', { dimension: 1 }),
  ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(calls).toEqual(['create']);
});

it('batches any number of points, counts every one, and stops at a failure', async () => {
  const calls: string[] = [];
  const seen: number[] = [];
  const written = await upsertAll(failing([], calls), 'c', points(1001), {
    batchSize: 10,
    onProgress: ({ upserted }) => seen.push(upserted),
  });
  expect([written, seen.at(-1), calls.length]).toEqual([1001, 1001, 101]);
  expect(new Set(calls.flatMap((ids) => ids.split(','))).size).toBe(1001);
  calls.length = 0;
  await expect(
    upsertAll(failing(['DIMENSION_MISMATCH'], calls), 'c', points(10_000), { batchSize: 10 }),
  ).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' });
  expect(calls.length).toBeLessThan(20);
});

it('says what an address must look like, and that a server does not answer', async () => {
  expect(() => connect('ftp://x')).toThrow(/use http:\/\/, https:\/\/ or grpc:\/\//);
  for (const url of ['http://127.0.0.1:1', 'grpc://127.0.0.1:1']) {
    const db = connect(url, { retries: 0 });
    await expect(db.listCollections()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await db.close();
  }
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { open } from '@vectron/sdk';
import { until } from '../harness/waiting.js';

const DIMENSION = 128;
const POINTS = 20_000;

it('builds an index while the recall of another collection is measured, also with one thread for indexes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vectron-measuring-'));
  const db = await open(folder, { indexThreads: 1, maxBatch: POINTS });
  let state = 1;
  const vector = () =>
    Float32Array.from({ length: DIMENSION }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32 - 0.5;
    });
  await db.createCollection('large', { dimension: DIMENSION, shards: 1 });
  // At once, so that nothing is measured before all of them are in the index.
  await db.upsert(
    'large',
    Array.from({ length: POINTS }, (_, at) => ({ id: `${at}`, vector: vector() })),
  );
  await db.createCollection('small', { dimension: 2 });
  await db.upsert('small', [{ id: 'a', vector: [1, 0], payload: { title: 'harbour' } }]);
  await until('the large collection is indexed', async () => (await db.collectionStatus('large')).indexLag === 0);
  // From here on its recall is measured: seconds of work.
  await db.createIndex('small', { path: 'title', type: 'text' });
  await until('the index is built', async () => (await db.listIndexes('small')).indexes.every(({ ready }) => ready));
  const { recallEstimate } = await db.search('large', { vector: vector(), topK: 10 });
  expect(recallEstimate).toBeUndefined();
  await until('the recall is measured', async () => {
    const found = await db.search('large', { vector: vector(), topK: 10 });
    return found.recallEstimate !== undefined;
  });
  await db.close();
  rmSync(folder, { recursive: true });
});

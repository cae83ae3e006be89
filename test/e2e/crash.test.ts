import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const DIMENSION = 16;

/** A vector that no other number has. */
function vectorOf(n: number): Float32Array {
  return Float32Array.from({ length: DIMENSION }, (_, i) => Math.sin(n * 12.9898 + i * 78.233) * 2);
}

describe('kill -9 during an upsert stream', () => {
  const data = tempDir('crash');
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle(data);
  });
  afterAll(() => system?.stop());

  it('loses no acknowledged point and keeps no refused one, three times over', async () => {
    const acknowledged: number[] = [];
    const first = connect(system.http, { apiKey: system.adminKey, retries: 0 });
    await first.createCollection('stream', { dimension: DIMENSION, distance: 'euclidean', shards: 2 });
    let next = 0;
    for (let round = 0; round < 3; round++) {
      const db = connect(system.http, { apiKey: system.adminKey, retries: 0 });
      const enough = acknowledged.length + 2_000;
      let killed = false;
      const writer = async () => {
        while (!killed) {
          const ids = Array.from({ length: 20 }, () => next++);
          try {
            await db.upsert(
              'stream',
              ids.map((n) => ({ id: `p${n}`, vector: vectorOf(n), payload: { n } })),
            );
            acknowledged.push(...ids);
            const wrong = [
              ...ids.map((n) => ({ id: `refused-${n}`, vector: vectorOf(n) })),
              { id: 'bad', vector: [1] },
            ];
            await expect(db.upsert('stream', wrong)).rejects.toBeDefined();
          } catch (error) {
            if (!killed) throw error;
          }
        }
      };
      const killer = async () => {
        await until('enough writes', () => acknowledged.length >= enough);
        killed = true;
        await system.processes[0].stop('SIGKILL');
      };
      await Promise.all([killer(), ...Array.from({ length: 4 }, writer)]);

      system = await startSingle(data);
      const again = connect(system.http, { apiKey: system.adminKey });
      const stored = new Set<string>();
      for (let cursor: string | undefined; ; ) {
        const page = await again.listPoints('stream', { limit: 1000, cursor });
        for (const point of page.points) stored.add(point.id);
        cursor = page.nextCursor;
        if (cursor === undefined) break;
      }
      expect(acknowledged.filter((n) => !stored.has(`p${n}`))).toEqual([]);
      expect([...stored].filter((id) => !/^p\d+$/.test(id))).toEqual([]);
      for (const n of acknowledged.filter((_, at) => at % 7 === round)) {
        const { hits, complete } = await again.search('stream', { vector: vectorOf(n), topK: 1 });
        expect([complete, hits[0]?.id, hits[0]?.payload.n]).toEqual([true, `p${n}`, n]);
      }
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(6_000);
  });
});

it('a first start that is killed while it loads the sample is finished by the next one', async () => {
  const data = tempDir('half-sample');
  const first = new VectronProcess(['serve', '--data', data, '--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0']);
  await first.until(/loading debian-packages: [48]000/);
  await first.stop('SIGKILL');
  const system = await startSingle(data, []);
  const db = connect(system.http, { apiKey: system.adminKey });
  const { hits } = await db.search('debian-packages', { likeId: 'exim4-daemon-heavy', topK: 1 });
  expect(hits[0].id).toBe('exim4-doc-info');
  await until(
    'the sample is whole',
    () => db.collectionStatus('debian-packages'),
    ({ points }) => points === 20_000,
  );
  await system.stop();
});

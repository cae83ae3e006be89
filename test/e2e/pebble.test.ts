import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { startSingle, tempDir } from '../harness/system.js';

const vectron = (...args: string[]) => new VectronProcess(args).finish();

/** Builds the Go program once. */
function pebbleTool(): (...args: string[]) => string {
  const binary = join(tempDir('pebble-tool'), 'pebble');
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: 'test/pebble', stdio: 'pipe' });
  return (...args) => execFileSync(binary, args, { encoding: 'utf8' });
}

it('Pebble reads an exported shard whole, writes to it and hands it back; and Vectron imports what Pebble made', async () => {
  const pebble = pebbleTool();
  const data = tempDir('pebble');
  let system = await startSingle(data);
  let db = connect(system.http, { apiKey: system.adminKey });
  await db.createCollection('kept', { dimension: 3, distance: 'euclidean', shards: 1 });
  const points = Array.from({ length: 3_000 }, (_, at) => ({ id: `p${at}`, vector: [at, 0.5, -1], payload: { at } }));
  for (let from = 0; from < points.length; from += 500) await db.upsert('kept', points.slice(from, from + 500));
  await db.upsert('kept', [{ id: 'p7', vector: [7, 0.5, -1], payload: { at: 'again' } }]);
  for (let at = 0; at < 100; at += 1) await db.delete('kept', `p${at * 10}`);
  await system.stop();

  const sound = await vectron('verify', data, '--json');
  expect(sound.code).toBe(0);
  const out = join(tempDir('exported'), 'out');
  const exported = await vectron('export', '--pebble', out, '--data', data, '--json');
  expect(JSON.parse(exported.output)).toEqual([{ shardId: 1, points: 2_900 }]);
  const store = join(out, 'shard-1');
  const left = points.filter((_, at) => at % 10 !== 0 || at >= 1_000);
  const sum = left.reduce((total, { vector }) => total + vector.reduce((a, b) => a + b, 0), 0);
  const read = JSON.parse(pebble('check', store)) as { keys: number; points: number; sum: number };
  expect(read).toMatchObject({ points: 2_900, sum });
  expect(read.keys).toBeGreaterThan(2_900);

  system = await startSingle(data);
  db = connect(system.http, { apiKey: system.adminKey });
  const flags = ['--url', system.http, '--data', data, '--json'];
  const back = await vectron('import', '--pebble', store, '--collection', 'back', '--distance', 'euclidean', ...flags);
  expect([back.code, back.output]).toEqual([0, expect.any(String)]);
  expect(await db.get('back', 'from-go')).toMatchObject({ payload: { by: 'pebble' } });
  expect(await db.get('back', 'p7')).toMatchObject({ payload: { at: 'again' }, vector: Float32Array.of(7, 0.5, -1) });
  expect(await db.get('back', 'p10')).toBeUndefined();
  const { hits } = await db.search('back', { vector: [2_500, 0.5, -1], topK: 1 });
  expect(hits[0].id).toBe('p2500');

  const made = join(tempDir('made'), 'store');
  pebble('make', made);
  const imported = await vectron('import', '--pebble', made, '--collection', 'made', ...flags);
  expect([imported.code, imported.output]).toEqual([0, expect.any(String)]);
  const page = await db.listPoints('made', { limit: 1_000, includeVectors: true });
  expect(page.points.length).toBe(450);
  expect(page.points.find(({ id }) => id === 'go-123')).toMatchObject({
    payload: { at: 123 },
    vector: Float32Array.of(123, 1, 2),
  });
  await system.stop();
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workerData } from '@vectron/proto';
import { panicForTest } from '../native/index.js';
import { Engine, instructionSet } from './index.js';

const OPTIONS = { threads: 2, indexThreads: 1, maxWaiting: 1000, cacheBytes: 8 << 20, writeBufferBytes: 8 << 20 };
const SETTINGS = { dimension: 2, metric: 'cosine', m: 16, efConstruction: 100 };

const vector = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
type Op = NonNullable<workerData.ShardOp['op']>;

describe('Engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open(mkdtempSync(join(tmpdir(), 'vectron-engine-')), OPTIONS);
    await engine.openShard(1, 1, SETTINGS);
  });
  afterAll(() => engine.close());

  const run = async (op: Op, epoch = 1) => {
    const bytes = Buffer.from(workerData.ShardOp.encode({ shardId: 1, shardEpoch: epoch, op }).finish());
    const write = op.$case === 'upsert' || op.$case === 'delete';
    return workerData.ShardOutcome.decode(await engine.submit(bytes, write));
  };
  const search = (values: number[], k: number): Op => ({
    $case: 'search',
    value: { vector: vector(...values), k, ef: 0, exact: false, includePayload: true, includeVector: true },
  });

  it('finds what it stored, payload and vector unchanged', async () => {
    const payload = Buffer.from('{"word":"näher"}');
    const points = [
      { id: 'a', vector: vector(3, 0), payload },
      { id: 'b', vector: vector(0, 2), payload: Buffer.alloc(0) },
    ];
    const written = await run({ $case: 'upsert', value: { points } });
    expect(written.outcome).toEqual({ $case: 'written', value: { index: 1n, affected: 2 } });
    const found = await run(search([1, 0.1], 2));
    if (found.outcome?.$case !== 'search') throw new Error(found.errorMessage);
    expect(found.outcome.value.hits.map((hit) => hit.id)).toEqual(['a', 'b']);
    expect(found.outcome.value.hits[0].payload.equals(payload)).toBe(true);
    expect(found.outcome.value.hits[0].vector.equals(vector(3, 0))).toBe(true);
  });

  it('runs many operations of one tick and answers each', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => run(search([1, i], 1))));
    expect(answers.every((answer) => answer.errorCode === '')).toBe(true);
  });

  it('answers failures as outcomes with their code', async () => {
    expect((await run(search([1, 2, 3], 1))).errorCode).toBe('DIMENSION_MISMATCH');
    expect((await run(search([0, 0], 1))).errorCode).toBe('INVALID_ARGUMENT');
    expect((await run(search([1, 0], 1), 9)).errorCode).toBe('STALE_EPOCH');
    const garbage = workerData.ShardOutcome.decode(await engine.submit(Buffer.from([255, 255]), false));
    expect(garbage.errorCode).toBe('INVALID_ARGUMENT');
  });

  it('gives native errors a code', async () => {
    await expect(engine.openShard(2, 1, { ...SETTINGS, metric: 'hamming' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'unknown metric "hamming"',
    });
  });

  it('says so when another process has the directory', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'vectron-engine-'));
    const first = await Engine.open(dir, OPTIONS);
    await expect(Engine.open(dir, OPTIONS)).rejects.toMatchObject({ code: 'CONFLICT' });
    await first.close();
  });

  it('survives a panic in the core', () => {
    expect(() => panicForTest()).toThrow(/asked to panic/);
    expect(instructionSet()).toMatch(/avx2|scalar/);
  });
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workerData } from '@vectron/proto';
import { until } from '../../../test/harness/waiting.js';
import { panicForTest } from '../native/index.js';
import { aloneHere, DEFAULT_REPLICATION, Engine, instructionSet, matchIds } from './index.js';

const OPTIONS = { threads: 2, indexThreads: 1, maxWaiting: 1000, cacheBytes: 8 << 20, writeBufferBytes: 8 << 20 };
const SETTINGS = { dimension: 2, metric: 'cosine', m: 16, efConstruction: 100 };

const vector = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
type Op = NonNullable<workerData.ShardOp['op']>;

describe('Engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open(mkdtempSync(join(tmpdir(), 'vectron-engine-')), OPTIONS);
    await engine.openShard(aloneHere(1, 1), SETTINGS);
  });
  afterAll(() => engine?.close());

  const run = async (op: Op, epoch = 1) => {
    const bytes = Buffer.from(workerData.ShardOp.encode({ shardId: 1, shardEpoch: epoch, op, timeoutMs: 0 }).finish());
    const write = op.$case === 'upsert' || op.$case === 'delete';
    return workerData.ShardOutcome.decode(await engine.submit(bytes, write));
  };
  const search = (values: number[], k: number): Op => ({
    $case: 'search',
    value: workerData.SearchOp.fromPartial({ vector: vector(...values), k, includePayload: true, includeVector: true }),
  });

  it('finds what it stored, payload and vector unchanged', async () => {
    const payload = Buffer.from('{"word":"näher"}');
    const points = [
      { id: 'a', vector: vector(3, 0), payload },
      { id: 'b', vector: vector(0, 2), payload: Buffer.alloc(0) },
    ];
    const written = await run({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) });
    expect(written.outcome).toMatchObject({ $case: 'written', value: { affected: 2 } });
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

  it('answers each as soon as it is done: one that waits holds up none that was submitted with it', async () => {
    const done: string[] = [];
    const note = (what: string) => (outcome: workerData.ShardOutcome) => {
      done.push(what);
      return outcome;
    };
    const write = () => run({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points: [] }) });
    const { outcome } = await write();
    if (outcome?.$case !== 'written') throw new Error('nothing was written');
    // What comes next is written once the search has been answered: nothing else ends this wait.
    const value = workerData.ChangesOp.fromPartial({ fromIndex: outcome.value.index + 1n, waitMs: 3_600_000 });
    const waiting = run({ $case: 'changes', value }).then(note('changes'));
    await run(search([1, 0], 1)).then(note('search'));
    expect((await write()).errorCode).toBe('');
    expect((await waiting).errorCode).toBe('');
    expect(done).toEqual(['search', 'changes']);
  });

  it('answers failures as outcomes with their code', async () => {
    expect((await run(search([1, 2, 3], 1))).errorCode).toBe('DIMENSION_MISMATCH');
    expect((await run(search([0, 0], 1))).errorCode).toBe('INVALID_ARGUMENT');
    expect((await run(search([1, 0], 1), 9)).errorCode).toBe('STALE_EPOCH');
    const garbage = workerData.ShardOutcome.decode(await engine.submit(Buffer.from([255, 255]), false));
    expect(garbage.errorCode).toBe('INVALID_ARGUMENT');
  });

  it('gives native errors a code', async () => {
    await expect(engine.openShard(aloneHere(2, 1), { ...SETTINGS, metric: 'hamming' })).rejects.toMatchObject({
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

  it('answers many queries in one call, as typed arrays', async () => {
    await engine.openShard(aloneHere(7, 1), { dimension: 3, metric: 'euclidean', m: 16, efConstruction: 100 });
    const points = Array.from({ length: 60 }, (_, i) => ({
      id: i % 2 === 0 ? `p${i}` : `ü${i}`,
      vector: vector(i, 0, 1),
      payload: Buffer.alloc(0),
    }));
    const op = { $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) } as const;
    await engine.submit(
      Buffer.from(workerData.ShardOp.encode({ shardId: 7, shardEpoch: 1, op, timeoutMs: 0 }).finish()),
      true,
    );
    const queries = new Float32Array(40 * 3);
    for (let i = 0; i < 40; i += 1) queries.set([i, 0, 1], i * 3);
    const call = engine.searchMany(7, 1, queries, { k: 3, recall: 0.9 });
    // The core has its own copy: what happens to the caller's buffer does not matter.
    queries.fill(Number.NaN);
    structuredClone(queries.buffer, { transfer: [queries.buffer] });
    const found = await call;
    const ids = matchIds(found);
    expect([...found.counts]).toEqual(Array.from({ length: 40 }, () => 3));
    expect(ids.length).toBe(120);
    for (let i = 0; i < 40; i += 1) expect(ids[i * 3]).toBe(points[i].id);
    expect(found.scores[0]).toBe(1);
    expect(found.appliedIndexes[39]).toBeGreaterThan(1);
    expect([...found.recallEstimates].every((one) => one === 1)).toBe(true);
    expect(found.explain.length).toBe(160);

    const wrong = [
      [engine.searchMany(7, 1, new Float32Array(4), { k: 3 }), 'INVALID_ARGUMENT'],
      [engine.searchMany(7, 1, new Float32Array([1, Number.NaN, 1]), { k: 3 }), 'INVALID_ARGUMENT'],
      [engine.searchMany(7, 1, new Float32Array(3), { k: 0 }), 'INVALID_ARGUMENT'],
      [engine.searchMany(7, 1, new Float32Array(3), { k: 3, recall: 7 }), 'INVALID_ARGUMENT'],
      [engine.searchMany(7, 2, new Float32Array(3), { k: 3 }), 'STALE_EPOCH'],
      [engine.searchMany(8, 1, new Float32Array(3), { k: 3 }), 'SHARD_NOT_FOUND'],
    ] as const;
    for (const [call, code] of wrong) await expect(call).rejects.toMatchObject({ code });
    expect((await engine.searchMany(7, 1, new Float32Array(0), { k: 3 })).counts.length).toBe(0);
    await engine.dropShard(7);
  });

  it('refuses settings it does not know, with code and message', async () => {
    for (const settings of [{ quantization: 'int7' }, { vectors: 'tape' }, { quantization: 'none', vectors: 'disk' }]) {
      await expect(engine.openShard(aloneHere(9, 1), { ...SETTINGS, ...settings })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
  });

  it('is torn down with its worker thread, in the middle of work', async () => {
    const addon = JSON.stringify(new URL('../native/index.js', import.meta.url).href);
    const options = JSON.stringify({ ...DEFAULT_REPLICATION, ...OPTIONS });
    const source = `
      const { workerData, parentPort } = require('node:worker_threads');
      (async () => {
        const { open } = await import(${addon});
        const engine = await open(workerData, ${options});
        await engine.openShard(${JSON.stringify(aloneHere(1, 1))}, ${JSON.stringify({ ...SETTINGS, dimension: 4 })});
        const queries = new Float32Array(400).fill(1);
        for (let i = 0; i < 20; i += 1) void engine.searchMany(1, 1, queries, { k: 10 });
        parentPort.postMessage('busy');
      })();`;
    for (let round = 0; round < 30; round += 1) {
      const dir = mkdtempSync(join(tmpdir(), 'vectron-thread-'));
      const thread = new Worker(source, { eval: true, workerData: dir });
      await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
      await thread.terminate();
    }
    expect((await run(search([1, 0], 1))).errorCode).toBe('');
  });

  it('survives a panic in the core', () => {
    expect(() => panicForTest()).toThrow(/asked to panic/);
    expect(instructionSet()).toMatch(/^(scalar|avx2\+fma|avx512\+vnni|neon)$/);
  });

  it('counts the durations of synced log writes and of client writes, and tells what RocksDB does', async () => {
    const before = engine.storage();
    const points = Array.from({ length: 200 }, (_, n) => ({
      id: `d${n}`,
      vector: vector(1, n),
      payload: Buffer.alloc(0),
    }));
    for (let n = 0; n < 3; n += 1) await run({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) });
    const after = engine.storage();
    expect(after.commits.count).toBe(before.commits.count + 3);
    expect(after.syncs.count).toBeGreaterThan(before.syncs.count);
    for (const { bounds, counts, count, seconds } of [after.syncs, after.commits]) {
      expect(counts.length).toBe(bounds.length);
      expect([...counts, count]).toEqual([...counts, count].toSorted((a, b) => a - b));
      expect(seconds).toBeGreaterThan(0);
    }
    // The log is one from the start.
    expect(after.databases).toBeGreaterThan(0);
    expect(after.memtableBytes).toBeGreaterThan(0);
    expect(after.blockCacheBytes).toBeLessThanOrEqual(after.blockCacheLimit);
    expect(after.blockCacheLimit).toBe((OPTIONS.cacheBytes * 3) / 4);
    expect(after.slowed + after.stopped).toBe(0);
  });

  it('stops reads that nobody waits for any more, those that wait for a thread as well', async () => {
    const points = Array.from({ length: 2_000 }, (_, n) => ({ id: `s${n}`, vector: vector(1, n) }));
    const payload = Buffer.from('{"n":1}');
    const written = points.map((point) => ({ ...point, payload }));
    await run({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points: written }) });
    // Each reads every point: all of them together would take for many seconds.
    const value = { path: 'n', test: { $case: 'exists', value: true } } as const;
    const filter = { condition: { $case: 'field', value } } as never;
    const op: Op = { $case: 'count', value: workerData.CountOp.fromPartial({ filter }) };
    const message = { shardId: 1, shardEpoch: 1, op, timeoutMs: 0, costly: true };
    const bytes = Buffer.from(workerData.ShardOp.encode(message).finish());
    const one = workerData.ShardOutcome.decode(await engine.submit(bytes, false));
    expect(one).toMatchObject({ outcome: { $case: 'counted', value: { count: 2_000n, unindexed: true } } });
    expect(one.cpuUs).toBeGreaterThan(0);
    const tickets = Array.from({ length: 900 }, () => engine.newTicket());
    const outcomes = tickets.map((ticket) => engine.submit(bytes, false, ticket));
    await new Promise(setImmediate);
    expect(engine.operations().costly.waiting).toBeGreaterThan(0);
    expect(engine.operations().usual).toEqual({ waiting: 0, running: 0 });
    engine.cancel(tickets);
    const ended = (await Promise.all(outcomes)).map((outcome) => workerData.ShardOutcome.decode(outcome).errorCode);
    expect(ended.filter((code) => code === 'CANCELLED').length).toBeGreaterThan(0);
    expect(ended.filter((code) => code !== 'CANCELLED' && code !== '')).toEqual([]);
    await until(
      'nothing runs any more',
      () => engine.operations().costly,
      ({ running }) => running === 0,
    );
  });
});

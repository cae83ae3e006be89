import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workerData } from '@vectron/proto';
import type { WorkerClient, WorkerTarget } from './worker-client.js';

/** A worker with an open shard 1 of two dimensions (dot product) at epoch 1, and a client that reaches it. */
export interface WorkerUnderTest {
  readonly client: WorkerClient;
  readonly target: WorkerTarget;
  close(): Promise<void>;
}

type Op = NonNullable<workerData.ShardOp['op']>;

/** What every WorkerClient promises; each implementation's test calls this. */
export function describeWorkerClient(name: string, start: () => Promise<WorkerUnderTest>): void {
  describe(`WorkerClient contract: ${name}`, () => {
    let worker: WorkerUnderTest;
    beforeAll(async () => {
      worker = await start();
    });
    afterAll(() => worker.close());

    const run = async (op: Op, { shardEpoch = 1, timeoutMs = 60_000, shardId = 1 } = {}) => {
      const bytes = Buffer.from(workerData.ShardOp.encode({ shardId, shardEpoch, op, timeoutMs }).finish());
      const write = op.$case === 'upsert' || op.$case === 'delete';
      return workerData.ShardOutcome.decode(await worker.client.submit(worker.target, bytes, { write, timeoutMs }));
    };
    const vector = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
    const search = (k: number): Op => ({
      $case: 'search',
      value: workerData.SearchOp.fromPartial({ vector: vector(1, 1), k, includePayload: true }),
    });

    it('carries writes and reads and gives each call its own answer', async () => {
      const upserts = Array.from({ length: 100 }, (_, n): Op => {
        const points = [{ id: `p${n}`, vector: vector(n, 0), payload: Buffer.from(`{"n":${n}}`) }];
        return { $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) };
      });
      const written = await Promise.all(upserts.map((op) => run(op)));
      expect(new Set(written.map((one) => one.outcome?.$case))).toEqual(new Set(['written']));
      const reads = await Promise.all(
        Array.from({ length: 100 }, (_, n) => run({ $case: 'get', value: { ids: [`p${n}`] } })),
      );
      const found = reads.map((one) => (one.outcome?.$case === 'points' ? one.outcome.value.points[0].id : ''));
      expect(found).toEqual(Array.from({ length: 100 }, (_, n) => `p${n}`));
      const best = await run(search(1));
      expect(best.outcome?.$case === 'search' && best.outcome.value.hits[0].id).toBe('p99');
    });

    it('delivers failed outcomes as outcomes', async () => {
      expect((await run(search(0))).errorCode).toBe('INVALID_ARGUMENT');
      expect((await run(search(1), { shardEpoch: 7 })).errorCode).toBe('STALE_EPOCH');
      expect((await run(search(1), { shardId: 9 })).errorCode).toBe('SHARD_NOT_FOUND');
    });

    it('waits for an answer with the greatest time that a request can give', async () => {
      const points = Array.from({ length: 10_000 }, (_, n) => ({
        id: `r${n}`,
        vector: vector(-n, 0),
        payload: Buffer.alloc(0),
      }));
      const batch: Op = { $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) };
      expect((await run(batch, { timeoutMs: 2 ** 32 - 1 })).outcome?.$case).toBe('written');
    });

    it('answers DEADLINE_EXCEEDED when time is up and goes on working', async () => {
      const points = Array.from({ length: 30_000 }, (_, n) => ({
        id: `q${n}`,
        vector: vector(-n, 0),
        payload: Buffer.alloc(0),
      }));
      const late = run({ $case: 'upsert', value: workerData.PointBatch.fromPartial({ points }) }, { timeoutMs: 1 });
      await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      expect((await run(search(1))).errorCode).toBe('');
    });
  });
}

import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { createLogger, createMetrics } from '@vectron/observability';
import { gateway } from '@vectron/proto';
import { callContext, errorFromRpcStatus, Stop } from '@vectron/rpc';
import { until } from '../../../../test/harness/waiting.js';
import type { Authenticator, Principal } from '../edge/access.js';
import { Admission } from '../edge/admission.js';
import type { AuditLog } from '../edge/audit.js';
import { Edge, type RateLimiter } from '../edge/edge.js';
import type { PointService } from './point.service.js';
import { BATCHES_OF_STREAM } from './stream-window.js';
import { UpsertStreamService } from './upsert-stream.service.js';

const ann = { tenantId: 'ann', userId: 'ann', apiKeyId: 'key', collections: ['c'] as string[] } as Principal;
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A batch of points of these ids. */
const batchOf = (sequence: number, ids: readonly string[] = [`p${sequence}`], fields: object = {}): Buffer =>
  Buffer.from(
    gateway.UpsertBatch.encode(
      gateway.UpsertBatch.fromPartial({
        sequence: BigInt(sequence),
        upsert: { collection: 'c', points: ids.map((id) => ({ id, vector: [1] })), ...fields },
      }),
    ).finish(),
  );

/** A gateway, and streams to it. `consume`: what the rate limit says; `isHeld`: writes end when they are told to. */
function gatewayOf({ consume, isHeld = false }: { consume?: RateLimiter['consume']; isHeld?: boolean } = {}) {
  const metrics = createMetrics();
  const admission = new Admission(
    { read: 1, scan: 1, write: 64, bulk: 64, watch: 1, manage: 1 },
    { read: 0, scan: 0, write: 60_000, bulk: 60_000, manage: 0 },
    metrics,
  );
  const audited: string[] = [];
  const audit = { refused: ({ result }: { result: string }) => void audited.push(result) } as unknown as AuditLog;
  const edge = new Edge(consume && { consume }, {} as Authenticator, admission, audit, metrics);
  const running = new Map<string, () => void>();
  const written: string[] = [];
  const points = {
    upsert: async (_by: Principal, _name: string, [{ id }]: { id: string }[]) => {
      if (isHeld) await new Promise<void>((end) => running.set(id, end));
      running.delete(id);
      if (id.startsWith('wrong')) throw new VectronError('DIMENSION_MISMATCH', `no ${id}`);
      written.push(id);
      return { upserted: 1, shards: [], writeToken: id };
    },
  } as unknown as PointService;
  const logger = createLogger('test', 'silent');
  const service = new UpsertStreamService(points, edge, metrics, logger);

  const open = () => {
    const unread: Buffer[] = [];
    const seen = { read: 0, closed: false };
    const call = new Readable({
      objectMode: true,
      read() {
        const next = unread.shift();
        if (next === undefined) {
          if (seen.closed) this.push(null);
          else waiting = true;
          return;
        }
        seen.read += 1;
        this.push(next);
      },
    });
    let waiting = false;
    const signal = new Stop();
    const context = { ...callContext(), signal, requestId: 'r', refusal: undefined as VectronError | undefined };
    const go = () => {
      if (!waiting) return;
      waiting = false;
      call._read(1);
    };
    const acks: [number, string][] = [];
    const answers = service.acknowledge(ann, call as never, context);
    /** Takes all acks; tells how the stream ended. */
    const read = async () => {
      try {
        for await (const { sequence, outcome } of answers) {
          acks.push([
            Number(sequence),
            outcome?.$case === 'error' ? errorFromRpcStatus(outcome.value).code : (outcome?.value.writeToken ?? ''),
          ]);
        }
        return 'OK';
      } catch (error) {
        return error as VectronError;
      }
    };
    return {
      ...{ acks, seen, signal, context, read, answers },
      send(...batches: Buffer[]) {
        unread.push(...batches);
        go();
      },
      close() {
        seen.closed = true;
        go();
      },
      cancel() {
        call.emit('cancelled');
        signal.abort();
      },
    };
  };
  const inRoom = async () => {
    const all = (await metrics.running.get()).values;
    return all.reduce((sum, { value }) => sum + value, 0);
  };
  return { service, open, running, written, audited, inRoom, metrics };
}

describe('a stream of upserts', () => {
  it('answers each batch in its order, also where one fails, and goes on', async () => {
    const { open, written, inRoom, metrics } = gatewayOf();
    const stream = open();
    stream.send(
      batchOf(1),
      batchOf(2, ['wrong']),
      batchOf(5, []),
      batchOf(6, ['x'], { collection: 'of others' }),
      Buffer.from(gateway.UpsertBatch.encode({ sequence: 8n, upsert: undefined }).finish()),
      batchOf(9),
    );
    stream.close();
    expect(await stream.read()).toBe('OK');
    expect(stream.acks).toEqual([
      [1, 'p1'],
      [2, 'DIMENSION_MISMATCH'],
      [5, 'INVALID_ARGUMENT'],
      [6, 'COLLECTION_NOT_FOUND'],
      [8, 'COLLECTION_NOT_FOUND'],
      [9, 'p9'],
    ]);
    expect([written, await inRoom()]).toEqual([['p1', 'p9'], 0]);
    const requests = (await metrics.requests.get()).values.map(({ labels, value }) => [labels.code, value]);
    expect(Object.fromEntries(requests)).toMatchObject({ OK: 2, DIMENSION_MISMATCH: 1, COLLECTION_NOT_FOUND: 2 });
  });

  it('has a few batches under way, of which those that share a point begin one after the other', async () => {
    const { open, running, written } = gatewayOf({ isHeld: true });
    const stream = open();
    stream.send(batchOf(1, ['a', 'b']), batchOf(2, ['c', 'b']), ...Array.from({ length: 20 }, (_, n) => batchOf(n + 3)));
    stream.close();
    const ended = stream.read();
    await until('writes are under way', () => running.size, (size) => size === BATCHES_OF_STREAM - 1);
    expect([running.has('c'), stream.seen.read]).toEqual([false, BATCHES_OF_STREAM]);
    running.get('p3')?.();
    await settled();
    // Its answer waits for that of the first, and so does its place.
    expect([stream.acks, stream.seen.read]).toEqual([[], BATCHES_OF_STREAM]);
    running.get('a')?.();
    await until('the second is under way', () => running.has('c'));
    await until('all are written', () => {
      for (const end of [...running.values()]) end();
      return written.length === 22;
    });
    expect(await ended).toBe('OK');
    expect(stream.acks.map(([sequence]) => sequence)).toEqual(Array.from({ length: 22 }, (_, n) => n + 1));
  });

  it('refuses a batch over the rate of its key with the time after which to send it again, and goes on', async () => {
    let left = 2;
    const consume = async () => {
      if (left-- === 1) throw new VectronError('RATE_LIMITED', 'more than it may', { details: { retryAfterMs: 70 } });
    };
    const { open, audited } = gatewayOf({ consume });
    const stream = open();
    stream.send(batchOf(1), batchOf(2), batchOf(3));
    stream.close();
    const given: gateway.UpsertAck[] = [];
    for await (const ack of stream.answers) given.push(ack);
    const refused = given[1].outcome;
    expect(given.map(({ outcome }) => outcome?.$case)).toEqual(['written', 'error', 'written']);
    expect(refused?.$case === 'error' && errorFromRpcStatus(refused.value)).toMatchObject({
      code: 'RATE_LIMITED',
      details: { retryAfterMs: 70 },
    });
    // As an upsert that was refused.
    expect(audited).toEqual(['RATE_LIMITED']);
  });

  it('ends with INVALID_ARGUMENT at what it cannot answer, after the answers to what came before', async () => {
    for (const wrong of [batchOf(1), batchOf(0), Buffer.from([0x12, 0xff])]) {
      const { open, inRoom } = gatewayOf();
      const stream = open();
      stream.send(batchOf(1), wrong, batchOf(2));
      expect(await stream.read()).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect([stream.acks, await inRoom()]).toEqual([[[1, 'p1']], 0]);
    }
  });

  it('finishes what was begun when its client goes, however much that is, and begins nothing more', async () => {
    for (let begun = 0; begun <= BATCHES_OF_STREAM; begun++) {
      const { open, running, written, inRoom } = gatewayOf({ isHeld: true });
      const stream = open();
      stream.send(...Array.from({ length: begun }, (_, n) => batchOf(n + 1)));
      const ended = stream.read();
      await until('they are under way', () => running.size, (size) => size === begun);
      stream.cancel();
      stream.send(batchOf(100), batchOf(101));
      await settled();
      for (const end of [...running.values()]) end();
      expect(await ended).toMatchObject({ code: 'CANCELLED' });
      await settled();
      expect([written.length, running.size, await inRoom()]).toEqual([begun, 0, 0]);
    }
  });

  it('answers what was begun when the server stops, and says which batch was the last', async () => {
    const { service, open, running, inRoom } = gatewayOf({ isHeld: true });
    const [stream, idle] = [open(), open()];
    stream.send(batchOf(7), batchOf(9));
    const [ended, idleEnded] = [stream.read(), idle.read()];
    await until('both are under way', () => running.size === 2);
    service.stop();
    stream.send(batchOf(10));
    await settled();
    for (const end of [...running.values()]) end();
    const refusal = await ended;
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('batch 9 was the last') });
    expect([stream.acks, await inRoom()]).toEqual([
      [
        [7, 'p7'],
        [9, 'p9'],
      ],
      0,
    ]);
    expect(await idleEnded).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('no batch') });
    const late = open();
    late.send(batchOf(1));
    expect(await late.read()).toMatchObject({ code: 'UNAVAILABLE' });
    expect(late.acks).toEqual([]);
  });

  it('writes nothing for a caller who may not any more, and ends with the reason', async () => {
    const { open, running, written } = gatewayOf({ isHeld: true });
    const stream = open();
    // The second waits for the first.
    stream.send(batchOf(1, ['a']), batchOf(2, ['a']), batchOf(3));
    const ended = stream.read();
    await until('two are under way', () => running.size === 2);
    stream.context.refusal = new VectronError('UNAUTHENTICATED', 'the token is not valid or has expired');
    stream.signal.abort();
    for (const end of [...running.values()]) end();
    expect(await ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(stream.acks).toEqual([
      [1, 'a'],
      [2, 'UNAUTHENTICATED'],
      [3, 'p3'],
    ]);
    expect(written).toEqual(['a', 'p3']);
  });
});

import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { until } from '../../../test/harness/waiting.js';
import {
  type BulkAck,
  type BulkOptions,
  type BulkTarget,
  BulkWriteError,
  type BulkWriter,
  bulkWriter,
} from './bulk-writer.js';
import { eitherSignal } from './limits.js';
import type { Point } from './types.js';
import { upsertEach } from './upsert-stream.js';

const point = (id: string, text = ''): Point => ({ id, vector: [1], payload: { text } });
const points = (count: number, from = 0): Point[] => Array.from({ length: count }, (_, n) => point(`p${from + n}`));
const idsOf = (some: readonly Point[]) => some.map(({ id }) => id);
const refusal = (code: 'DIMENSION_MISMATCH' | 'UNAVAILABLE' | 'UNAUTHENTICATED' | 'PAYLOAD_TOO_LARGE') =>
  new VectronError(code, `refused with ${code}`);

/** A collection whose upserts a test answers, one by one or by a rule. */
function collection(rule?: (some: readonly Point[]) => VectronError | undefined) {
  const calls: { ids: string[]; answer: (error?: VectronError) => void }[] = [];
  const upsert: BulkTarget['upsert'] = async (some, limits) => {
    if (limits?.signal?.aborted) throw new VectronError('CANCELLED', 'the call was cancelled');
    const error = await new Promise<VectronError | undefined>((answer) => {
      calls.push({ ids: idsOf(some), answer });
      limits?.signal?.addEventListener('abort', () => answer(new VectronError('CANCELLED', 'the call was cancelled')));
      if (rule !== undefined) answer(rule(some));
    });
    if (error !== undefined) throw error;
    return { upserted: some.length, writeToken: `w-${some[0]?.id}` };
  };
  const target: BulkTarget = {
    upsert,
    upsertStream: (batches, options, limits) =>
      upsertEach((some) => upsert(some, limits), batches, {
        ...options,
        signal: eitherSignal(options?.signal, limits?.signal),
      }),
  };
  return { target, calls };
}

/** A writer with all that it tells. */
function writing(target: BulkTarget, options: BulkOptions = {}) {
  const acks: BulkAck[] = [];
  const writer = bulkWriter(target, { ...options, onAck: (ack) => acks.push(ack) });
  return { writer, acks };
}
const told = (acks: readonly BulkAck[]) => acks.map(({ batch, error }) => [batch, error?.code ?? 'OK']);

describe('a bulk writer', () => {
  it('cuts batches by points and by bytes, and tells of each in order and of the progress', async () => {
    const { target, calls } = collection(() => undefined);
    const progress: number[] = [];
    const { writer, acks } = writing(target, {
      batchSize: 4,
      batchBytes: 300,
      onProgress: ({ upserted, failed }) => progress.push(upserted, failed),
    });
    await writer.addAll(points(6));
    for (const id of ['x', 'y']) await writer.add(point(id, 'z'.repeat(250)));
    expect(await writer.close()).toEqual({ upserted: 8, failed: 0, batches: 4 });
    expect(calls.map(({ ids }) => ids)).toEqual([['p0', 'p1', 'p2', 'p3'], ['p4', 'p5'], ['x'], ['y']]);
    expect(told(acks)).toEqual([0, 1, 2, 3].map((batch) => [batch, 'OK']));
    expect(acks.map((ack) => idsOf(ack.points))).toEqual(calls.map(({ ids }) => ids));
    expect(acks.map(({ writeToken }) => writeToken)).toEqual(['w-p0', 'w-p4', 'w-x', 'w-y']);
    expect(progress).toEqual([4, 0, 6, 0, 7, 0, 8, 0]);
  });

  it('takes no more points than there is room for, and tells in order whatever is answered first', async () => {
    const { target, calls } = collection();
    const { writer, acks } = writing(target, { batchSize: 10, maxInFlight: 3 });
    let taken = 0;
    async function* source() {
      for (const one of points(1_000)) {
        taken += 1;
        yield one;
      }
    }
    const added = writer.addAll(source());
    await until('three batches are sent', () => calls.length === 3);
    calls[2].answer();
    calls[1].answer();
    await until('no more is taken', () => taken === 51);
    expect([acks.length, calls.length]).toEqual([0, 3]);
    calls[0].answer();
    await until('three are told of', () => acks.length === 3);
    for (let next = 3; next < 100; next++) {
      await until(`batch ${next} is sent`, () => calls.length > next);
      expect(taken).toBeLessThanOrEqual((calls.length + 2) * 10 + 1);
      calls[next].answer();
    }
    await added;
    expect(await writer.close()).toEqual({ upserted: 1_000, failed: 0, batches: 100 });
    expect(told(acks)).toEqual(Array.from({ length: 100 }, (_, batch) => [batch, 'OK']));
  });

  it('keeps the order of who adds at once, and refuses who does not wait at all', async () => {
    const { target, calls } = collection();
    const { writer, acks } = writing(target, { batchSize: 1, maxInFlight: 1 });
    const added = points(20_000).map((one) => writer.add(one));
    const outcomes = Promise.allSettled(added);
    await until('one is sent', () => calls.length === 1);
    const last = await added.at(-1)?.catch((error: unknown) => error);
    expect(last).toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringContaining('await the promise that add returns'),
    });
    const closed = writer.close();
    for (let next = 0; next < 10_002; next++) {
      if (calls.length <= next) await until(`point ${next} is sent`, () => calls.length > next);
      calls[next].answer();
      await new Promise(setImmediate);
    }
    await closed;
    const taken = (await outcomes).filter(({ status }) => status === 'fulfilled').length;
    expect([taken, acks.length]).toEqual([calls.length, calls.length]);
    expect(calls.map(({ ids }) => ids[0])).toEqual(idsOf(points(taken)));
  });

  it('flushes what was added before, and nobody waits for what comes after', async () => {
    const { target, calls } = collection();
    const { writer, acks } = writing(target, { batchSize: 10 });
    await writer.addAll(points(3));
    const flushed = writer.flush();
    await until('a part of a batch is sent', () => calls.length === 1);
    await writer.addAll(points(3, 3));
    calls[0].answer();
    await flushed;
    expect([idsOf(acks[0].points), calls.length]).toEqual([['p0', 'p1', 'p2'], 1]);
    await Promise.all([writer.flush(), until('the other is sent', () => calls[1]).then(({ answer }) => answer())]);
    await writer.flush();
    expect(await writer.close()).toEqual({ upserted: 6, failed: 0, batches: 2 });
    expect(await writer.close()).toEqual({ upserted: 6, failed: 0, batches: 2 });
    await expect(writer.add(point('late'))).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await expect(writer.flush()).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  it('stops at the first batch that is refused, and names the points of it, and of all that were not written', async () => {
    const { target, calls } = collection();
    const { writer, acks } = writing(target, { batchSize: 2, maxInFlight: 2 });
    const added = writer.addAll(points(100));
    await until('two are sent', () => calls.length === 2);
    calls[0].answer(refusal('DIMENSION_MISMATCH'));
    await expect(Promise.race([added, writer.close()])).rejects.toBeInstanceOf(BulkWriteError);
    calls[1].answer();
    const error = await writer.close().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'DIMENSION_MISMATCH', batch: 0, ids: ['p0', 'p1'], name: 'BulkWriteError' });
    expect((error as BulkWriteError).cause).toMatchObject({ code: 'DIMENSION_MISMATCH' });
    expect(calls.length).toBe(2);
    // What was taken and not sent is told of, too: each point that was taken is in one ack.
    expect(told(acks).slice(0, 2)).toEqual([
      [0, 'DIMENSION_MISMATCH'],
      [1, 'OK'],
    ]);
    const unsent = acks.slice(2);
    expect(unsent.every(({ error: one }) => one?.code === 'CANCELLED')).toBe(true);
    expect(acks.flatMap((ack) => idsOf(ack.points))).toEqual(idsOf(points(2 * acks.length)));
    await expect(writer.add(point('late'))).rejects.toBe(error);
    await expect(added).rejects.toBe(error);
  });

  it('goes on where errors are taken, one for each batch that was not written', async () => {
    const isBad = (id: string) => Number(id.slice(1)) % 30 === 7;
    const { target } = collection((some) =>
      some.some(({ id }) => isBad(id)) ? refusal('DIMENSION_MISMATCH') : undefined,
    );
    const errors: BulkWriteError[] = [];
    const { writer, acks } = writing(target, { batchSize: 10, onError: (error) => errors.push(error) });
    await writer.addAll(points(90));
    await writer.flush();
    expect(await writer.close()).toEqual({ upserted: 60, failed: 30, batches: 9 });
    expect(errors.map(({ batch, ids }) => [batch, ids.length, ids[7]])).toEqual([
      [0, 10, 'p7'],
      [3, 10, 'p37'],
      [6, 10, 'p67'],
    ]);
    expect(acks.filter(({ error }) => error !== undefined).map(({ error }) => error)).toEqual(errors);
  });

  it('does not show the points of an error to who logs it', () => {
    const { writer } = writing(collection().target);
    void writer;
    const error = new BulkWriteError(0, [point('a', 'a secret')], refusal('DIMENSION_MISMATCH'));
    expect(error.ids).toEqual(['a']);
    expect([JSON.stringify(error), String(error)].join()).not.toContain('a secret');
    expect(Object.keys(error)).not.toContain('points');
  });

  it('sends a point again only when what was sent before with its id has its ack, so that the last one wins', async () => {
    const { target, calls } = collection();
    const { writer } = writing(target, { batchSize: 2, maxInFlight: 4 });
    await writer.addAll([point('a'), point('b'), point('c'), point('d'), point('a', 'new'), point('e')]);
    await until('two are sent', () => calls.length === 2);
    calls[1].answer();
    // The first batch is too large, and goes in halves; until then its point is not overtaken.
    calls[0].answer(refusal('PAYLOAD_TOO_LARGE'));
    for (const at of [2, 3]) {
      await until('a half is sent', () => calls.length === at + 1);
      calls[at].answer();
    }
    await until('the new one is sent', () => calls.length === 5);
    calls[4].answer();
    await writer.close();
    expect(calls.map(({ ids }) => ids.join(''))).toEqual(['ab', 'cd', 'a', 'b', 'ae']);
  });

  it('writes all of a batch that is too large but the point that alone is', async () => {
    const { target } = collection((some) =>
      some.length > 3 || some.some(({ id }) => id === 'p5') ? refusal('PAYLOAD_TOO_LARGE') : undefined,
    );
    const errors: BulkWriteError[] = [];
    const all = writing(target, { batchSize: 16, onError: (error) => errors.push(error) });
    await all.writer.addAll(points(32));
    expect(await all.writer.close()).toEqual({ upserted: 31, failed: 1, batches: 2 });
    expect(errors.map(({ ids, code, message }) => [ids, code, message])).toEqual([
      [
        ['p5'],
        'PAYLOAD_TOO_LARGE',
        'point "p5" alone is larger than the server takes in one request: refused with PAYLOAD_TOO_LARGE',
      ],
    ]);
    expect(all.acks[0]).toMatchObject({ upserted: 15, writeToken: expect.stringMatching(/^w-/) });
    // Where it stops the writer, those behind it are left.
    const strict = writing(target, { batchSize: 16 });
    await strict.writer.addAll(points(16));
    await expect(strict.writer.close()).rejects.toMatchObject({ ids: idsOf(points(11, 5)) });
    expect(strict.acks[0]).toMatchObject({ upserted: 5 });
  });

  it('ends for whom the server does not know, also where errors are taken', async () => {
    const { target, calls } = collection(() => refusal('UNAUTHENTICATED'));
    const errors: BulkWriteError[] = [];
    const { writer } = writing(target, { batchSize: 1, maxInFlight: 1, onError: (error) => errors.push(error) });
    await expect(writer.addAll(points(50))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(writer.close()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(calls.length).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'UNAUTHENTICATED', ids: ['p0'] });
    expect(errors.slice(1).every(({ code }) => code === 'CANCELLED')).toBe(true);
  });

  it('opens another stream where one has ended, and goes on with what is left where errors are taken', async () => {
    const { target } = collection(() => undefined);
    let streams = 0;
    const torn: BulkTarget = {
      ...target,
      upsertStream(batches, options, limits) {
        streams += 1;
        const acks = target.upsertStream(batches, options, limits);
        async function* some() {
          let left = 2;
          for await (const ack of acks) {
            if (streams < 4 && left-- === 0) throw refusal('UNAVAILABLE');
            yield ack;
          }
        }
        return some() as unknown as ReturnType<BulkTarget['upsertStream']>;
      },
    };
    const { writer, acks } = writing(torn, { batchSize: 5, maxInFlight: 2, onError: () => {} });
    await writer.addAll(points(200));
    const { upserted, failed } = await writer.close();
    expect([streams, upserted + failed]).toEqual([4, 200]);
    expect(failed).toBeGreaterThan(0);
    expect(acks.flatMap((ack) => idsOf(ack.points))).toEqual(idsOf(points(200)));
    // Without who takes them the first one is the last.
    streams = 0;
    const strict = writing(torn, { batchSize: 5, maxInFlight: 2 });
    await expect(strict.writer.addAll(points(200))).rejects.toMatchObject({ code: 'UNAVAILABLE', batch: 2 });
    await expect(strict.writer.close()).rejects.toBeInstanceOf(BulkWriteError);
    expect(streams).toBe(1);
  });

  it('gives up where streams end before they carry anything', async () => {
    const broken: BulkTarget = {
      ...collection().target,
      upsertStream: () => {
        throw refusal('UNAVAILABLE');
      },
    };
    const { writer, acks } = writing(broken, { onError: () => {} });
    await expect(writer.close()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(acks).toEqual([]);
  });

  it('is stopped by its signal, while it waits and while it writes', async () => {
    for (const sent of [0, 3]) {
      const { target, calls } = collection();
      const stop = new AbortController();
      const { writer, acks } = writing(target, { batchSize: 10, maxInFlight: 2, signal: stop.signal });
      const added = writer.addAll(points(10 * sent + 5));
      const outcome = added.then(
        () => 'added',
        (error: VectronError) => error.code,
      );
      if (sent > 0) await until('two are sent', () => calls.length === 2);
      else await added;
      stop.abort();
      await expect(writer.close()).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(['added', 'CANCELLED']).toContain(await outcome);
      expect(acks.every(({ error }) => error?.code === 'CANCELLED')).toBe(true);
      expect(acks.length).toBeGreaterThan(0);
    }
    const { writer } = writing(collection().target, { signal: AbortSignal.abort() });
    await expect(writer.add(point('a'))).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('is closed by `await using`, which tells of a failure once', async () => {
    const { target, calls } = collection(() => undefined);
    {
      await using writer: BulkWriter = bulkWriter(target);
      await writer.add(point('a'));
    }
    expect(calls.map(({ ids }) => ids)).toEqual([['a']]);
    const refusing = collection(() => refusal('DIMENSION_MISMATCH'));
    const unheard = async () => {
      await using writer = bulkWriter(refusing.target);
      await writer.add(point('a'));
    };
    await expect(unheard()).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH', batch: 0 });
    const heard = async () => {
      await using writer = bulkWriter(refusing.target);
      await writer.add(point('a'));
      await writer.flush();
    };
    await expect(heard()).rejects.toBeInstanceOf(BulkWriteError);
  });

  it('stops where who is told of it throws', async () => {
    for (const name of ['onAck', 'onProgress', 'onError'] as const) {
      const { target } = collection(() => (name === 'onError' ? refusal('DIMENSION_MISMATCH') : undefined));
      const writer = bulkWriter(target, {
        batchSize: 1,
        [name]: () => {
          throw new Error(`by ${name}`);
        },
      });
      await expect(writer.addAll(points(1_000))).rejects.toThrow(`by ${name}`);
      await expect(writer.close()).rejects.toThrow(`by ${name}`);
    }
  });

  it('refuses options and points that are none, and throws what the points throw', async () => {
    const { target, calls } = collection(() => undefined);
    for (const [name, value] of Object.entries({
      batchSize: 0,
      batchBytes: 1.5,
      maxInFlight: 1_001,
      onAck: 5,
      signal: 7,
    }))
      expect(() => bulkWriter(target, { [name]: value })).toThrow(name);
    expect(() => bulkWriter(target, { concurrency: 4 } as never)).toThrow('unknown option concurrency');
    const writer = bulkWriter(target);
    await expect(writer.addAll(7 as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    async function* torn() {
      yield point('a');
      throw new Error('line 2 is torn');
    }
    await expect(writer.addAll(torn())).rejects.toThrow('line 2 is torn');
    // That is of the source, and not of the writer.
    await writer.add(point('b'));
    expect(await writer.close()).toMatchObject({ upserted: 2 });
    expect(calls.length).toBe(1);
    const nothing = bulkWriter(target);
    expect(await nothing.close()).toEqual({ upserted: 0, failed: 0, batches: 0 });
  });
});

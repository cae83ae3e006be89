import { describe, expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import type { gateway } from '@vectron/proto';
import { errorFromRpcStatus, rpcStatusOf } from '@vectron/rpc';
import { until } from '../../../test/harness/waiting.js';
import { RetryBudget } from './retry-budget.js';
import type { DuplexEvents, Transport } from './transport.js';
import type { BatchAck, Point } from './types.js';
import { upsertEach, upsertOver } from './upsert-stream.js';

type Sent = gateway.UpsertBatch;

/** Servers that a transport reaches one after the other; each is told what it gets, and answers when it is told to. */
function servers(retries: number) {
  const opened: { sent: Sent[]; events: DuplexEvents<gateway.UpsertAck>; state: string }[] = [];
  const transport = {
    retries,
    call: () => Promise.reject(new Error('no call')),
    close() {},
    openDuplex: async (_method: unknown, events: DuplexEvents<gateway.UpsertAck>) => {
      const one = { sent: [] as Sent[], events, state: 'open' };
      opened.push(one);
      const end = (state: string) => () => {
        if (one.state === 'open') one.state = state;
      };
      return {
        write: (batch: Sent) => void one.sent.push(batch),
        end: end('ended'),
        cancel: end('cancelled'),
        errorOf: errorFromRpcStatus,
      };
    },
  } as unknown as Transport;
  const answer = (server: number, sequence: bigint) =>
    opened[server].events.answer({
      sequence,
      outcome: { $case: 'written', value: { upserted: 1, shards: [], writeToken: `w${sequence}` } },
    });
  const refuse = (server: number, sequence: bigint, error: VectronError) =>
    opened[server].events.answer({ sequence, outcome: { $case: 'error', value: rpcStatusOf(error) } });
  return { transport, opened, answer, refuse };
}
const batches = (count: number): Point[][] => Array.from({ length: count }, (_, n) => [{ id: `p${n}`, vector: [n] }]);

function follow(acks: AsyncIterable<BatchAck>) {
  const taken: (readonly [number, string])[] = [];
  const done = (async () => {
    for await (const { batch, error, writeToken } of acks) taken.push([batch, error?.code ?? writeToken]);
  })();
  done.catch(() => {});
  return { taken, done };
}
const gone = () => new VectronError('UNAVAILABLE', 'gone');

describe('a stream of upserts of the SDK', () => {
  it('sends no more than may be in flight, and gives acks in the order of the batches', async () => {
    const { transport, opened, answer, refuse } = servers(0);
    const { taken, done } = follow(upsertOver(transport, 'c', batches(5), { maxInFlight: 2 }));
    await until('two are sent', () => opened[0]?.sent.length === 2);
    refuse(0, 1n, new VectronError('DIMENSION_MISMATCH', 'no'));
    await until('three are sent', () => opened[0].sent.length === 3);
    for (const sequence of [2n, 3n, 4n, 5n]) {
      await until(`${sequence} is sent`, () => opened[0].sent.length >= Number(sequence));
      answer(0, sequence);
    }
    await done;
    expect(taken).toEqual([
      [0, 'DIMENSION_MISMATCH'],
      [1, 'w2'],
      [2, 'w3'],
      [3, 'w4'],
      [4, 'w5'],
    ]);
    expect([opened.length, opened[0].state]).toEqual([1, 'ended']);
  });

  it('sends what has no ack again when the stream is lost, with the same numbers and names', async () => {
    const { transport, opened, answer } = servers(1);
    const { taken, done } = follow(upsertOver(transport, 'c', batches(3), { maxInFlight: 3 }));
    await until('all are sent', () => opened[0]?.sent.length === 3);
    answer(0, 1n);
    opened[0].events.ended(gone());
    await until('two are sent again', () => opened[1]?.sent.length === 2);
    expect(opened[1].sent).toEqual(opened[0].sent.slice(1));
    expect(opened[0].sent.every(({ upsert }) => upsert?.origin?.client.length === 16)).toBe(true);
    answer(1, 2n);
    answer(1, 3n);
    await done;
    expect(taken.map(([batch]) => batch)).toEqual([0, 1, 2]);
  });

  it('ends with the reason when it is lost too often in a row, or for good, after the acks that there are', async () => {
    for (const [error, streams] of [
      [gone(), 3],
      [new VectronError('UNAUTHENTICATED', 'no'), 1],
    ] as const) {
      const { transport, opened, answer } = servers(2);
      const { taken, done } = follow(upsertOver(transport, 'c', batches(9), { maxInFlight: 2 }));
      for (let at = 0; at < streams; at++) {
        await until(`stream ${at}`, () => (opened[at]?.sent.length ?? 0) >= 2 || opened[at]?.sent[0]?.sequence === 2n);
        if (at === 0) answer(0, 1n);
        if (at === 0) await until('the next is sent', () => opened[0].sent.length === 3);
        opened[at].events.ended(error);
      }
      await expect(done).rejects.toBe(error);
      expect([taken, opened.length]).toEqual([[[0, 'w1']], streams]);
    }
  });

  it('sends what is refused for a passing reason again under its name when it may, as far as retries and their budget go', async () => {
    for (const { retry, money, tries } of [
      { retry: false, money: 9, tries: 1 },
      { retry: true, money: 9, tries: 3 },
      { retry: true, money: 1, tries: 2 },
    ]) {
      const { transport, opened, answer, refuse } = servers(2);
      let left = money;
      let called = 0;
      const budget = { called: () => void called++, take: () => left-- > 0 } as unknown as RetryBudget;
      const options = { maxInFlight: 2, retry };
      const { taken, done } = follow(upsertOver({ ...transport, budget }, 'c', batches(2), options));
      await until('both are sent', () => opened[0]?.sent.length === 2);
      answer(0, 2n);
      for (let at = 1; at <= tries; at++) {
        await until(`try ${at}`, () => opened[0].sent.length === (at === 1 ? 2 : at + 1));
        refuse(0, opened[0].sent[at === 1 ? 0 : at].sequence, new VectronError('OVERLOADED', 'too much to do'));
      }
      await done;
      expect(taken).toEqual([
        [0, 'OVERLOADED'],
        [1, 'w2'],
      ]);
      const own = opened[0].sent.filter(({ upsert }) => upsert?.points[0].id === 'p0');
      expect([own.length, called]).toEqual([tries, 2]);
      expect(new Set(own.map(({ upsert }) => upsert?.origin?.sequence)).size).toBe(1);
    }
    // What would be refused again is not sent again.
    const { transport, opened, answer, refuse } = servers(2);
    const { taken, done } = follow(upsertOver(transport, 'c', batches(2), { retry: true }));
    await until('both are sent', () => opened[0]?.sent.length === 2);
    refuse(0, 1n, new VectronError('DIMENSION_MISMATCH', 'no'));
    answer(0, 2n);
    await done;
    expect([taken, opened[0].sent.length]).toEqual([
      [
        [0, 'DIMENSION_MISMATCH'],
        [1, 'w2'],
      ],
      2,
    ]);
  });

  it('does not open another stream when its budget of retries is spent', async () => {
    const { transport, opened } = servers(1_000);
    const budget = new RetryBudget();
    while (budget.take());
    const { done } = follow(upsertOver({ ...transport, budget }, 'c', batches(1)));
    await until('it is sent', () => opened[0]?.sent.length === 1);
    opened[0].events.ended(gone());
    await expect(done).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(opened.length).toBe(1);
  });

  it('gives up the batch that is too large, and goes on with those behind it', async () => {
    const { transport, opened, answer } = servers(0);
    const { taken, done } = follow(upsertOver(transport, 'c', batches(3), { maxInFlight: 3 }));
    await until('all are sent', () => opened[0]?.sent.length === 3);
    answer(0, 1n);
    opened[0].events.ended(new VectronError('PAYLOAD_TOO_LARGE', 'too large'));
    await until('the last is sent again', () => opened[1]?.sent.length === 1);
    answer(1, 3n);
    await done;
    expect(taken).toEqual([
      [0, 'w1'],
      [1, 'PAYLOAD_TOO_LARGE'],
      [2, 'w3'],
    ]);
  });

  it('is cancelled by its signal, and by who stops to read', async () => {
    const { transport, opened, answer } = servers(3);
    const stop = new AbortController();
    const { done } = follow(upsertOver(transport, 'c', batches(3), { signal: stop.signal }));
    await until('all are sent', () => opened[0]?.sent.length === 3);
    stop.abort();
    await expect(done).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(opened[0].state).toBe('cancelled');
    const acks = upsertOver(transport, 'c', batches(3))[Symbol.asyncIterator]();
    const first = acks.next();
    await until('all are sent', () => opened[1]?.sent.length === 3);
    answer(1, 1n);
    expect(await first).toMatchObject({ value: { batch: 0 } });
    await acks.return?.();
    expect(opened[1].state).toBe('cancelled');
  });

  it('takes a wrong batch for refused, also where no server has seen it, and refuses what is no stream', async () => {
    const written: string[] = [];
    const write = async (points: readonly Point[]) => {
      if (points[0].id === 'p1') throw new VectronError('INVALID_ARGUMENT', 'no');
      written.push(points[0].id);
      return { upserted: 1, writeToken: points[0].id };
    };
    const { taken, done } = follow(upsertEach(write, batches(3)));
    await done;
    expect(taken).toEqual([
      [0, 'p0'],
      [1, 'INVALID_ARGUMENT'],
      [2, 'p2'],
    ]);
    expect(() => upsertEach(write, 7 as never)).toThrow('batches must be');
    expect(() => upsertEach(write, [], { maxInFlight: 0 })).toThrow('maxInFlight');
    const ended = upsertEach(() => Promise.reject(new VectronError('UNAUTHENTICATED', 'no')), batches(3));
    await expect(follow(ended).done).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

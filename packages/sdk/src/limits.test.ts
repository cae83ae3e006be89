import { expect, it } from '@jest/globals';
import { VectronError } from '@vectron/errors';
import { answerOf } from '../../../test/harness/answer-of.js';
import { remoteClient } from './remote-client.js';
import { retrying } from './retrying.js';
import type { CallOptions, Transport } from './transport.js';

/** Answers with nothing, or fails with these codes first; keeps the limits that it was told. */
function recording(codes: string[] = []): Transport & { told: CallOptions[] } {
  const told: CallOptions[] = [];
  return {
    told,
    async call(method, _request, options = {}) {
      told.push(options);
      if (options.signal?.aborted) throw new VectronError('CANCELLED', 'the call was cancelled');
      const code = codes.shift();
      if (code !== undefined) throw VectronError.fromWire(code, 'on purpose');
      return answerOf(method);
    },
    close() {},
  };
}
const limitsOf = { retries: 4, timeoutMs: 600_000 };

it('gives its limits to every call, under those that a call has', async () => {
  const transport = recording();
  const db = remoteClient(transport);
  const { signal } = new AbortController();
  const limited = db.with({ timeoutMs: 700, signal });
  await limited.listCollections();
  await limited.with({ timeoutMs: 300 }).count('c');
  await limited.with({ timeoutMs: 900 }).admin.stats();
  await limited.listChanges('c', { waitMs: 50 });
  await db.collection('c').count(undefined, { timeoutMs: 40 });
  await db.listCollections();
  expect(transport.told.map(({ timeoutMs }) => timeoutMs)).toEqual([700, 300, 700, 750, 40, undefined]);
  expect(transport.told.map((told) => told.signal === signal)).toEqual([true, true, true, true, false, false]);
});

it('ends a call that waits for its next try at once', async () => {
  const stop = new AbortController();
  const transport = recording(Array(5).fill('UNAVAILABLE'));
  const db = remoteClient(retrying(transport, { ...limitsOf, random: () => 1 })).with({ signal: stop.signal });
  const call = db.listCollections();
  stop.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', retryable: false });
  await expect(db.listCollections()).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(transport.told.length).toBeLessThanOrEqual(2);
});

it('counts the time of a call over its retries', async () => {
  const transport = recording(['UNAVAILABLE', 'UNAVAILABLE']);
  const db = remoteClient(retrying(transport, limitsOf)).with({ timeoutMs: 500_000 });
  await db.listCollections();
  const given = transport.told.map(({ timeoutMs = 0 }) => timeoutMs);
  expect(given).toHaveLength(3);
  for (const timeoutMs of given) expect(timeoutMs).toBeLessThanOrEqual(500_000);
  // A pause of the retries does not fit into so little.
  const short = recording(['UNAVAILABLE']);
  const refused = remoteClient(retrying(short, limitsOf)).with({ timeoutMs: 1 }).listCollections();
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE', retryable: true });
});

it('refuses what are no limits', () => {
  const db = remoteClient(recording());
  for (const [name, value] of Object.entries({ timeoutMs: 0, signal: {}, limit: 5 })) {
    expect(() => db.with({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field: name } }),
    );
  }
});

it('ends streams by the signal and by disposal', async () => {
  const db = remoteClient(recording());
  const stop = new AbortController();
  stop.abort();
  const acks = db.with({ signal: stop.signal }).upsertStream('c', [[{ id: 'a', vector: [1] }]]);
  await expect(acks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'CANCELLED' });
  const changes = db.changes('c');
  await changes[Symbol.asyncDispose]();
  for await (const _ of changes) throw new Error('the stream is closed');
  const points = db.points('c');
  await points[Symbol.asyncDispose]();
  for await (const _ of points) throw new Error('nobody reads any more');
  let closed = 0;
  {
    await using other = remoteClient({ ...recording(), close: () => (closed += 1) });
    await other.listCollections();
  }
  expect(closed).toBe(1);
});

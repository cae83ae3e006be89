import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient, errorFromRpcStatus, errorFromStatus, openDuplex } from '@vectron/rpc';
import { connect, type VectronClient } from '@vectron/sdk';
import { type ProcessSystem, rest, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const FLAGS = ['--no-sample', '--max-body', '1MiB'];
const METHOD = gateway.VectronServiceService.upsertStream;

/** A batch of points of these ids with this payload. */
const batch = (sequence: number, ids: readonly string[], fields: object = {}, payload: object = { sequence }) =>
  gateway.UpsertBatch.fromPartial({
    sequence: BigInt(sequence),
    upsert: { collection: 'c', points: ids.map((id) => ({ id, vector: [1, 2], document: payload })), ...fields },
  });

/** A stream as another program would open it. */
function openStream(system: ProcessSystem, key = system.adminKey) {
  const client = createClient(gateway.VectronServiceService, system.grpc);
  const call = openDuplex(client, METHOD, callContext({ authorization: `Bearer ${key}` }));
  const acks: gateway.UpsertAck[] = [];
  /** The code that the stream ended with, and its message. */
  const ended = new Promise<{ code: string; message: string }>((resolve) => {
    call.on('error', (error) => resolve(errorFromStatus(error as never)));
    call.on('status', ({ code }) => code === 0 && resolve({ code: 'OK', message: '' }));
  }).finally(() => client.close());
  return {
    ...{ call, acks, ended },
    read: () => call.on('data', (ack: gateway.UpsertAck) => acks.push(ack)),
    /** Waits until the call takes more. */
    send: async (sent: gateway.UpsertBatch) => {
      if (!call.write(sent)) await new Promise((resolve) => call.once('drain', resolve));
    },
  };
}
const codeOf = ({ outcome }: gateway.UpsertAck): string =>
  outcome?.$case === 'error' ? errorFromRpcStatus(outcome.value).code : 'OK';

describe('a stream of upserts to a server', () => {
  const data = tempDir('upsert-stream');
  let system: ProcessSystem;
  let db: VectronClient;
  beforeAll(async () => {
    system = await startSingle(data, FLAGS);
    db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('c', { dimension: 2, shards: 2 });
  });
  afterAll(async () => {
    await db?.close();
    await system?.stop();
  });

  const gauge = async (kind: string) => {
    const { body } = await rest(system.http, 'GET', '/metrics', { key: system.adminKey });
    return Number(
      new RegExp(`^vectron_requests_running\\{kind="${kind}"\\} (\\d+)`, 'm').exec(body as string)?.[1] ?? 0,
    );
  };

  it('answers every batch in its order with what was written, or why it was not', async () => {
    const stream = openStream(system);
    stream.read();
    await stream.send(batch(1, ['a', 'b']));
    await stream.send(batch(2, ['c'], { points: [{ id: 'c', vector: [1] }] }));
    await stream.send(batch(3, []));
    await stream.send(batch(4, ['d'], { collection: 'none' }));
    await stream.send(gateway.UpsertBatch.fromPartial({ sequence: 5n }));
    await stream.send(batch(9, ['d']));
    stream.call.end();
    expect(await stream.ended).toMatchObject({ code: 'OK' });
    expect(stream.acks.map((ack) => [Number(ack.sequence), codeOf(ack)])).toEqual([
      [1, 'OK'],
      [2, 'DIMENSION_MISMATCH'],
      [3, 'INVALID_ARGUMENT'],
      [4, 'COLLECTION_NOT_FOUND'],
      [5, 'INVALID_ARGUMENT'],
      [9, 'OK'],
    ]);
    const first = stream.acks[0].outcome;
    if (first?.$case !== 'written') throw new Error('the first batch was not written');
    expect(first.value.upserted).toBe(2);
    const consistency = { writeToken: first.value.writeToken };
    expect((await db.get('c', 'a', { consistency }))?.payload).toEqual({ sequence: 1 });
    // An empty stream is one, too.
    const empty = openStream(system);
    empty.read();
    empty.call.end();
    expect(await empty.ended).toMatchObject({ code: 'OK' });
  });

  it('lets the later one of two batches win that write the same point, as often as that is', async () => {
    const stream = openStream(system);
    stream.read();
    for (let n = 1; n <= 200; n++) await stream.send(batch(n, ['same', `own-${n}`]));
    stream.call.end();
    expect(await stream.ended).toMatchObject({ code: 'OK' });
    expect(new Set(stream.acks.map(codeOf))).toEqual(new Set(['OK']));
    expect((await db.get('c', 'same'))?.payload).toEqual({ sequence: 200 });
  });

  it('ends with what is wrong with a message that is too long or does not count on, after the answers to those before', async () => {
    const long = batch(3, ['x'], {}, { text: 'x'.repeat(2 << 20) });
    for (const [wrong, code] of [
      [long, 'PAYLOAD_TOO_LARGE'],
      [batch(2, ['x']), 'INVALID_ARGUMENT'],
    ] as const) {
      const stream = openStream(system);
      stream.read();
      stream.call.write(batch(1, ['a']));
      stream.call.write(batch(2, ['b']));
      stream.call.write(wrong);
      expect(await stream.ended).toMatchObject({ code });
      expect(stream.acks.map((ack) => [Number(ack.sequence), codeOf(ack)])).toEqual([
        [1, 'OK'],
        [2, 'OK'],
      ]);
    }
    expect(await db.get('c', 'x')).toBeUndefined();
  });

  it('gives everything back when its client goes, after any batch', async () => {
    for (let taken = 0; taken <= 5; taken++) {
      const stream = openStream(system);
      stream.read();
      for (let n = 1; n <= 9; n++) stream.call.write(batch(n, [`gone-${taken}-${n}`]));
      await until('some answers', () => stream.acks.length >= taken);
      stream.call.cancel();
      expect(await stream.ended).toMatchObject({ code: 'CANCELLED' });
      for (const kind of ['watch', 'write', 'bulk'])
        await until(
          `no ${kind} is left`,
          () => gauge(kind),
          (count) => count === 0,
        );
      for (const { sequence } of stream.acks)
        expect(await db.get('c', `gone-${taken}-${sequence}`)).toMatchObject({
          payload: { sequence: Number(sequence) },
        });
    }
  });

  it('takes thousands of empty batches from who does not read, in bounded room, and answers each once it does', async () => {
    const stream = openStream(system);
    const count = 3_000;
    for (let n = 1; n <= count; n++) stream.call.write(batch(n, []));
    stream.call.end();
    // Others are served meanwhile.
    await db.upsert('c', [{ id: 'meanwhile', vector: [1, 2] }]);
    expect((await db.get('c', 'meanwhile'))?.id).toBe('meanwhile');
    stream.read();
    expect(await stream.ended).toMatchObject({ code: 'OK' });
    expect(stream.acks.length).toBe(count);
    expect(stream.acks.every((ack, at) => Number(ack.sequence) === at + 1 && codeOf(ack) === 'INVALID_ARGUMENT')).toBe(
      true,
    );
  });

  it('ends when its key is deleted, with an answer to each batch that was begun', async () => {
    const { key, info } = await db.createApiKey('k', { role: 'write' });
    const stream = openStream(system, key);
    stream.read();
    await stream.send(batch(1, ['by-key-1']));
    await until('an answer', () => stream.acks.length === 1);
    await db.deleteApiKey(info.prefix);
    expect(await stream.ended).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(stream.acks.map(codeOf)).toEqual(['OK']);
    const next = openStream(system, key);
    expect(await next.ended).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  /** Sends batches until the stream ends, as fast as it takes them. */
  const sendOn = async ({ call, ended }: ReturnType<typeof openStream>, name: string) => {
    let over = false;
    const end = ended.then(() => {
      over = true;
    });
    for (let n = 1; !over; n++) {
      const takesMore = call.write(batch(n, [`${name}-${n}`, `${name}-${n}-b`]));
      const next = new Promise<void>((resolve) => {
        if (takesMore) setImmediate(resolve);
        else call.once('drain', resolve);
      });
      await Promise.race([next, end]);
    }
  };
  const stored = async (name: string, { acks }: ReturnType<typeof openStream>) => {
    db = connect(system.http, { apiKey: system.adminKey });
    const written = acks.filter((ack) => codeOf(ack) === 'OK').map(({ sequence }) => Number(sequence));
    const found = await Promise.all(written.map((n) => db.get('c', `${name}-${n}-b`)));
    return { written, found: found.map((point) => (point?.payload as { sequence: number } | undefined)?.sequence) };
  };

  it('loses nothing that it has answered when the server is killed', async () => {
    const stream = openStream(system);
    stream.read();
    const sending = sendOn(stream, 'killed');
    await until('some answers', () => stream.acks.length >= 50);
    await db.close();
    await system.processes[0].stop('SIGKILL');
    expect(await stream.ended).toMatchObject({ code: 'UNAVAILABLE' });
    await sending;
    system = await startSingle(data, FLAGS);
    const { written, found } = await stored('killed', stream);
    expect(written.length).toBeGreaterThanOrEqual(50);
    expect(found).toEqual(written);
  });

  it('answers what it has begun when the server stops, and says which batch was the last', async () => {
    const stream = openStream(system);
    stream.read();
    const sending = sendOn(stream, 'stopped');
    await until('some answers', () => stream.acks.length >= 20);
    await db.close();
    await system.processes[0].stop('SIGTERM');
    const { code, message } = await stream.ended;
    await sending;
    const last = Number(stream.acks.at(-1)?.sequence);
    expect([code, message]).toEqual(['UNAVAILABLE', expect.stringContaining(`batch ${last} was the last`)]);
    expect(stream.acks.map(({ sequence }) => Number(sequence))).toEqual(Array.from({ length: last }, (_, n) => n + 1));
    system = await startSingle(data, FLAGS);
    const { written, found } = await stored('stopped', stream);
    expect([written.length, found]).toEqual([last, written]);
  });
});

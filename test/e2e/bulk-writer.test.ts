import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type BulkAck,
  type BulkWriteError,
  bulkWriter,
  connect,
  open,
  type Point,
  type VectronClient,
} from '@vectron/sdk';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

type Numbered = { n: number; text?: string };
const FLAGS = ['--no-sample', '--max-body', '1MiB'];
const numbered = (n: number, id = `p${n}`): Point<Numbered> => ({ id, vector: [n, 1], payload: { n } });

/** As many points as are read. */
function* endless(first = 0): Generator<Point<Numbered>, void, undefined> {
  for (let n = first; ; n++) yield numbered(n);
}
async function* first(count: number): AsyncGenerator<Point<Numbered>, void, undefined> {
  for (const point of endless()) {
    if ((point.payload?.n ?? 0) >= count) return;
    yield point;
  }
}

const HOMES = ['REST', 'gRPC', 'embedded'] as const;

describe('a bulk writer', () => {
  const data = tempDir('bulk-writer');
  let system: ProcessSystem;
  const homes = new Map<string, VectronClient>();
  beforeAll(async () => {
    system = await startSingle(undefined, FLAGS);
    homes.set('REST', connect(system.http, { apiKey: system.adminKey }));
    homes.set('gRPC', connect(`grpc://${system.grpc}`, { apiKey: system.adminKey }));
    homes.set('embedded', await open(data));
    for (const [home, db] of homes) {
      for (const name of ['all', 'same', 'mixed', 'large'])
        await db.createCollection(`${name}-${home}`, { dimension: 2, distance: 'euclidean', shards: 2 });
    }
  });
  afterAll(async () => {
    for (const db of homes.values()) await db.close();
    await system?.stop();
    rmSync(data, { recursive: true });
  });
  const collectionOf = (home: string, name: string) =>
    (homes.get(home) as VectronClient).collection<Numbered>(`${name}-${home}`);

  it.each(HOMES)(
    'over %s writes every point, tells of batches in order, and its tokens show the points',
    async (home) => {
      const papers = collectionOf(home, 'all');
      const acks: BulkAck<Numbered>[] = [];
      await using writer = bulkWriter(papers, { batchSize: 64, maxInFlight: 8, onAck: (ack) => acks.push(ack) });
      await writer.addAll(first(3_000));
      await writer.flush();
      const last = acks.at(-1);
      const consistency = { writeToken: last?.writeToken ?? '' };
      expect((await papers.get('p2999', { consistency }))?.payload).toEqual({ n: 2_999 });
      expect(await writer.close()).toEqual({ upserted: 3_000, failed: 0, batches: 47 });
      expect(acks.map(({ batch }) => batch)).toEqual(Array.from({ length: 47 }, (_, batch) => batch));
      expect((await papers.count({ consistency: 'linearizable' })).count).toBe(3_000);
    },
  );

  it.each(HOMES)(
    'over %s lets the last one of the points of an id win, however many batches it is in',
    async (home) => {
      const papers = collectionOf(home, 'same');
      await using writer = bulkWriter(papers, { batchSize: 3, maxInFlight: 16 });
      for (let n = 0; n < 300; n++) await writer.addAll([numbered(n, 'same'), numbered(n, `own-${n % 7}`)]);
      await writer.close();
      expect((await papers.get('same'))?.payload.n).toBe(299);
      for (let own = 0; own < 7; own++)
        expect((await papers.get(`own-${own}`))?.payload.n).toBe(299 - ((299 - own) % 7));
    },
  );

  it.each(HOMES)('over %s names the points of the batches that are refused, and writes the others', async (home) => {
    const papers = collectionOf(home, 'mixed');
    const errors: BulkWriteError<Numbered>[] = [];
    const writer = bulkWriter(papers, { batchSize: 10, onError: (error) => errors.push(error) });
    for (let n = 0; n < 200; n++)
      await writer.add(
        n % 50 === 23 ? { ...numbered(n), vector: [1, 2, 3] } : n === 199 ? (null as never) : numbered(n),
      );
    expect(await writer.close()).toEqual({ upserted: 150, failed: 50, batches: 20 });
    expect(errors.map(({ code, ids }) => [code, ids[0]])).toEqual([
      ...[20, 70, 120, 170].map((n) => ['DIMENSION_MISMATCH', `p${n}`]),
      ['INVALID_ARGUMENT', 'p190'],
    ]);
    expect(errors[0].details.field).toBe('points[3].vector');
    expect((await papers.count({ consistency: 'linearizable' })).count).toBe(150);
  });

  it.each(['REST', 'gRPC'] as const)(
    'over %s writes a batch that the server does not take whole, and names what is too large',
    async (home) => {
      const papers = collectionOf(home, 'large');
      const errors: BulkWriteError<Numbered>[] = [];
      const writer = bulkWriter(papers, { batchSize: 20, onError: (error) => errors.push(error) });
      const sized = (n: number, bytes: number) => ({ ...numbered(n), payload: { n, text: 'x'.repeat(bytes) } });
      await writer.addAll(Array.from({ length: 40 }, (_, n) => sized(n, n === 25 ? 2 << 20 : 200_000)));
      expect(await writer.close()).toMatchObject({ upserted: 39, failed: 1 });
      expect(errors).toMatchObject([
        { code: 'PAYLOAD_TOO_LARGE', ids: ['p25'], message: expect.stringContaining('"p25"') },
      ]);
      expect((await papers.count({ consistency: 'linearizable' })).count).toBe(39);
    },
  );
});

/** Between a client and a server: answers are kept back while it holds. */
class HoldingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #held: (() => void)[] = [];
  #holds = false;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connectSocket(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (bytes) => {
        const pass = () => near.write(bytes);
        if (this.#holds) this.#held.push(pass);
        else pass();
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#holds = false;
    for (const pass of this.#held.splice(0)) pass();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server.close(closed));
  }
}

describe.each(['REST', 'gRPC'] as const)('a bulk writer over %s', (wire) => {
  const data = tempDir('bulk-writer-killed');
  let system: ProcessSystem;
  let address: string;
  beforeAll(async () => {
    system = await startSingle(data, FLAGS);
    address = wire === 'REST' ? new URL(system.http).host : system.grpc;
  });
  afterAll(async () => {
    await system?.stop();
    rmSync(data, { recursive: true });
  });
  const to = (host: string, options = {}) =>
    connect(`${wire === 'REST' ? 'http' : 'grpc'}://${host}`, { apiKey: system.adminKey, ...options });
  /** On its data, at the address that it had. */
  const restart = async () => {
    const listeners = ['--http', new URL(system.http).host, '--grpc', system.grpc];
    const server = new VectronProcess(['serve', '--data', data, ...listeners, ...FLAGS]);
    await server.until(/ready; stop/);
    system.processes[0] = server;
  };
  const stored = async (db: VectronClient, name: string) => {
    const ids = new Set<string>();
    for await (const { id } of db.points(name, { consistency: 'linearizable' })) ids.add(id);
    return ids;
  };

  it('reads no more points than it has room for while a server is slow, and ends well', async () => {
    const proxy = new HoldingProxy(Number(address.split(':')[1]));
    const db = to(await proxy.listen(), { timeoutMs: Number.POSITIVE_INFINITY });
    try {
      await db.createCollection('slow', { dimension: 2, distance: 'euclidean' });
      let taken = 0;
      async function* counted() {
        for await (const point of first(2_000)) {
          taken += 1;
          yield point;
        }
      }
      const acks: BulkAck<Numbered>[] = [];
      await using writer = bulkWriter(db.collection<Numbered>('slow'), {
        ...{ batchSize: 10, maxInFlight: 4 },
        onAck: (ack) => {
          acks.push(ack);
          if (acks.length === 20) proxy.hold();
        },
      });
      const added = writer.addAll(counted());
      // Four batches on their way, one that is ready, one that is being filled, and the point that waits for room.
      await until('all room is taken', () => acks.length >= 20 && taken === (acks.length + 6) * 10 + 1);
      const direct = to(address);
      await until(
        'the server has written what it was sent',
        () => direct.count('slow', { consistency: 'linearizable' }),
        ({ count }) => count === (acks.length + 4) * 10,
      );
      await direct.close();
      expect(taken).toBe((acks.length + 6) * 10 + 1);
      proxy.release();
      await added;
      expect(await writer.close()).toEqual({ upserted: 2_000, failed: 0, batches: 200 });
    } finally {
      await db.close();
      await proxy.close();
    }
  });

  it('is stopped by its signal while a server does not answer', async () => {
    const proxy = new HoldingProxy(Number(address.split(':')[1]));
    const db = to(await proxy.listen(), { timeoutMs: Number.POSITIVE_INFINITY });
    try {
      await db.createCollection('stopped', { dimension: 2 });
      proxy.hold();
      const stop = new AbortController();
      const acks: BulkAck<Numbered>[] = [];
      const writer = bulkWriter(db.collection<Numbered>('stopped'), {
        ...{ batchSize: 10, signal: stop.signal },
        onAck: (ack) => acks.push(ack),
      });
      const added = writer.addAll(endless());
      added.catch(() => undefined);
      const direct = to(address);
      await until(
        'the server has written what it was sent',
        () => direct.count('stopped', { consistency: 'linearizable' }),
        ({ count }) => count === 40,
      );
      await direct.close();
      stop.abort();
      await expect(writer.close()).rejects.toMatchObject({ code: 'CANCELLED' });
      await expect(added).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(acks.map(({ error }) => error?.code)).toEqual(Array(acks.length).fill('CANCELLED'));
      expect(acks.length).toBeGreaterThanOrEqual(4);
    } finally {
      await db.close();
      await proxy.close();
    }
  });

  it('names what has no ack when the server is killed: all others are there when it is back, and nothing else is lost', async () => {
    const db = to(address, { retries: 2 });
    await db.createCollection('killed', { dimension: 2, distance: 'euclidean', shards: 2 });
    const acks: BulkAck<Numbered>[] = [];
    const writer = bulkWriter(db.collection<Numbered>('killed'), {
      ...{ batchSize: 10, maxInFlight: 4 },
      onAck: (ack) => acks.push(ack),
    });
    const added = writer.addAll(endless());
    added.catch(() => undefined);
    await until('some batches are written', () => acks.length >= 30);
    await system.processes[0].stop('SIGKILL');
    await expect(added).rejects.toMatchObject({ name: 'BulkWriteError', code: 'UNAVAILABLE' });
    await expect(writer.close()).rejects.toMatchObject({ name: 'BulkWriteError', code: 'UNAVAILABLE' });
    await db.close();
    await restart();
    const again = to(address);
    const found = await stored(again, 'killed');
    const written = acks.filter(({ error }) => error === undefined);
    const failed = acks.filter(({ error }) => error !== undefined);
    expect(written.length).toBeGreaterThanOrEqual(30);
    expect(written.flatMap(({ points }) => points.map(({ id }) => id)).filter((id) => !found.has(id))).toEqual([]);
    // Each point that was taken is named once, in order, and those that failed can be written again.
    expect(acks.flatMap(({ points }) => points.map(({ id }) => id))).toEqual(
      Array.from({ length: acks.flatMap(({ points }) => points).length }, (_, n) => `p${n}`),
    );
    const named = failed.flatMap(({ error }) => error?.ids ?? []);
    expect([...found].filter((id) => !named.includes(id)).length).toBe(written.length * 10);
    await using second = bulkWriter(again.collection<Numbered>('killed'));
    for (const { error } of failed) await second.addAll(error?.points ?? []);
    await second.close();
    expect((await stored(again, 'killed')).size).toBe(acks.flatMap(({ points }) => points).length);
    await again.close();
  });

  it('goes on by itself when a server that was killed is back within its retries', async () => {
    const db = to(address, { retries: 1_000, timeoutMs: Number.POSITIVE_INFINITY });
    await db.createCollection('back', { dimension: 2, distance: 'euclidean', shards: 2 });
    const acks: BulkAck<Numbered>[] = [];
    await using writer = bulkWriter(db.collection<Numbered>('back'), {
      ...{ batchSize: 10, maxInFlight: 4 },
      onAck: (ack) => acks.push(ack),
    });
    let isBack = false;
    function* untilBack() {
      for (const point of endless()) {
        if (isBack && (point.payload?.n ?? 0) % 10 === 0) return;
        yield point;
      }
    }
    const added = writer.addAll(untilBack());
    await until('some batches are written', () => acks.length >= 30);
    await system.processes[0].stop('SIGKILL');
    const before = acks.length;
    await restart();
    await until('it has gone on', () => acks.length > before + 30);
    isBack = true;
    await added;
    const { upserted, failed, batches } = await writer.close();
    expect([failed, batches]).toEqual([0, acks.length]);
    const found = await stored(db, 'back');
    expect([found.size, upserted]).toEqual([upserted, acks.length * 10]);
    await db.close();
  });
});

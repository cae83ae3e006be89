import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { type System, startSingle } from '../harness/system.js';

/** Between a client and a server: lets everything through, or keeps the answers of one call and then breaks off. */
class LosingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #losing = false;
  /** Connections that were broken off. */
  lost = 0;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connectSocket(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        // What is broken off on purpose is no failure of the test.
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (bytes) => {
        if (!this.#losing) near.write(bytes);
      });
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers are kept back from now on, until `applied` says that the server did what it was asked. */
  async lose(applied: () => Promise<boolean>): Promise<void> {
    this.#losing = true;
    while (!(await applied()));
    this.#losing = false;
    this.lost += 1;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server.close(closed));
  }
}

describe.each(['REST', 'gRPC'] as const)('a write over %s whose answer is lost', (wire) => {
  let system: System;
  let proxy: LosingProxy;
  let db: VectronClient;
  /** Past the proxy. */
  let direct: VectronClient;
  beforeAll(async () => {
    system = await startSingle();
    const address = wire === 'REST' ? new URL(system.http).host : system.grpc;
    proxy = new LosingProxy(Number(address.split(':')[1]));
    const through = await proxy.listen();
    db = connect(wire === 'REST' ? `http://${through}` : `grpc://${through}`, { apiKey: system.adminKey });
    direct = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('lost', { dimension: 1, distance: 'dot', shards: 2 });
  });
  afterAll(async () => {
    await db?.close();
    await proxy?.close();
    await system?.stop();
  });

  const versionOf = async (id: string) => (await direct.get('lost', id, { consistency: 'linearizable' }))?.version;
  const changedFrom = (id: string, before: bigint | undefined) => async () => (await versionOf(id)) !== before;
  /** The outcome of a write, of which the first answer is lost once `id` is not as it was before. */
  async function losing<T>(id: string, write: () => Promise<T>): Promise<T> {
    const [before, lost] = [await versionOf(id), proxy.lost];
    const losing = proxy.lose(changedFrom(id, before));
    const [outcome] = await Promise.all([write(), losing]);
    expect(proxy.lost).toBe(lost + 1);
    return outcome;
  }

  it('is the same write when it is sent again: its conditions were met', async () => {
    const made = await losing('a', () => db.upsert('lost', [{ id: 'a', vector: [1], ifVersion: 0n }]));
    expect(made.upserted).toBe(1);
    const first = (await versionOf('a')) as bigint;
    await losing('a', () => db.upsert('lost', [{ id: 'a', vector: [2], payload: { n: 1 }, ifVersion: first }]));
    const second = (await versionOf('a')) as bigint;
    const { updated } = await losing('a', () =>
      db.updatePoints('lost', { ids: ['a'], set: { n: 2 }, ifVersion: second }),
    );
    expect(updated).toBe(1);
    const third = (await versionOf('a')) as bigint;
    const { deleted } = await losing('a', () => db.deletePoints('lost', { ids: ['a'], ifVersion: third }));
    expect(deleted).toBe(1);
    expect(await versionOf('a')).toBeUndefined();
  });

  it('says that what it deleted was there', async () => {
    await direct.upsert('lost', [{ id: 'b', vector: [1] }]);
    const { existed } = await losing('b', () => db.delete('lost', 'b'));
    expect(existed).toBe(true);
  });

  it('is refused as ever where its condition does not hold', async () => {
    await direct.upsert('lost', [{ id: 'c', vector: [1] }]);
    const stale = db.upsert('lost', [{ id: 'c', vector: [2], ifVersion: 0n }]);
    await expect(stale).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
  });
});

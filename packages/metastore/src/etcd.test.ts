import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { told } from '../../../test/harness/figures.js';
import { until } from '../../../test/harness/waiting.js';
import { Election } from './election.js';
import { EtcdMetaStore } from './etcd-metastore.js';
import { EtcdServer } from './etcd-server.js';
import { describeMetaStore } from './metastore.contract.js';
import type { Change } from './metastore.js';
import { MirroredMetaStore } from './mirrored-metastore.js';

const cache = process.env.VECTRON_BUILD_CACHE ?? join(homedir(), '.cache/vectron');
const start = (members: number) =>
  EtcdServer.start({ binary: join(cache, 'etcd/etcd'), dir: mkdtempSync(join(tmpdir(), 'vectron-etcd-')), members });
/** So many writes in a row succeed once the members agree again. */
const STEADY = 20;
const LEASE_MS = 5_000;

/** etcd puts the changes of at most so many revisions into one answer to a watch that is behind. */
const REVISIONS_OF_AN_ANSWER = 1_000;

/** Passes watches on to a member; the stream at each place of `after` breaks when so many answers have come through. */
async function breakingProxy(endpoint: string, after: readonly number[]) {
  const asIs = (bytes: Buffer) => bytes;
  const codec = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  const path = '/etcdserverpb.Watch/Watch';
  const client = new Client(endpoint.replace('http://', ''), credentials.createInsecure());
  const proxy = new Server();
  let opened = 0;
  let broken = 0;
  proxy.addService(
    { watch: { path, requestStream: true, responseStream: true, ...codec } },
    {
      watch(call: ServerDuplexStream<Buffer, Buffer>) {
        const allowed = after[opened++] ?? Number.POSITIVE_INFINITY;
        let passed = 0;
        const real = client.makeBidiStreamRequest(path, asIs, asIs);
        const fail = () => {
          real.cancel();
          broken += 1;
          call.emit('error', { code: status.UNAVAILABLE, details: 'the connection broke' });
        };
        real.on('error', () => undefined);
        real.on('data', (answer: Buffer) => {
          if (passed === allowed) return;
          call.write(answer);
          passed += 1;
          if (passed === allowed) fail();
        });
        call.on('data', (request: Buffer) => (allowed === 0 ? fail() : real.write(request)));
        call.on('cancelled', () => real.cancel());
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) =>
    proxy.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    endpoint: `http://127.0.0.1:${port}`,
    broken: () => broken,
    close: () => {
      client.close();
      proxy.forceShutdown();
    },
  };
}

describe('etcd', () => {
  let server: EtcdServer;
  beforeAll(async () => {
    server = await start(1);
  });
  afterAll(() => server?.stop());
  const store = () => new EtcdMetaStore({ endpoints: server.endpoints, prefix: `/${randomUUID()}` });

  describeMetaStore('etcd', async () => store());

  it('is sound', async () => {
    const meta = store();
    expect(await meta.unsoundVersions()).toEqual([]);
    await meta.close();
  });

  it('loses no change for a watcher whose streams break after each of their answers', async () => {
    const prefix = `/${randomUUID()}`;
    const meta = new EtcdMetaStore({ endpoints: server.endpoints, prefix });
    const { revision } = await meta.range('/');
    const keys = Array.from({ length: 4 * REVISIONS_OF_AN_ANSWER }, (_, at) => `/w/${at}`);
    const pool = keys.values();
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (const key of pool) await meta.txn([], [{ put: key, value: key }]);
      }),
    );
    const proxy = await breakingProxy(server.endpoints[0], [0, 1, 1, 2, 0, 2, 3]);
    const through = new EtcdMetaStore({ endpoints: [proxy.endpoint], prefix });
    const stop = new AbortController();
    const seen: Change[] = [];
    const watching = (async () => {
      for await (const change of through.watch('/w/', revision, stop.signal)) {
        seen.push(change);
        if (change.key === '/w/last') stop.abort();
      }
    })();
    await until('every stream that shall break has broken', () => proxy.broken() === 7);
    await meta.txn([], [{ put: '/w/last', value: '' }]);
    await watching;
    expect(seen.map(({ key }) => key).sort()).toEqual([...keys, '/w/last'].sort());
    expect(seen.every((change, at) => at === 0 || change.revision > seen[at - 1].revision)).toBe(true);
    await Promise.all([meta.close(), through.close(), proxy.close()]);
  });

  it('ends a watch whose store was closed', async () => {
    const meta = store();
    const { revision } = await meta.range('/');
    const watching = (async () => {
      for await (const _ of meta.watch('/', revision, new AbortController().signal)) return;
    })();
    await meta.close();
    await expect(watching).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('says NOT_FOUND of changes that were compacted', async () => {
    const meta = store();
    const { revision } = await meta.txn([], [{ put: '/a', value: '1' }]);
    for (let n = 0; n < 5; n++) await meta.txn([], [{ put: '/a', value: String(n) }]);
    const { Etcd3 } = await import('etcd3');
    const raw = new Etcd3({ hosts: server.endpoints });
    await raw.kv.compact({ revision: String(revision + 4), physical: true });
    raw.close();
    const watching = (async () => {
      for await (const _ of meta.watch('/', revision, new AbortController().signal)) return;
    })();
    await expect(watching).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await meta.close();
  });
});

describe('etcd that fails', () => {
  let server: EtcdServer;
  beforeAll(async () => {
    server = await start(3);
  });
  afterAll(() => server?.stop());

  it('loses no change for a watcher, serves with one member away, refuses writes with two away, elects one leader at a time', async () => {
    const prefix = `/${randomUUID()}`;
    const [meta, other] = [0, 1].map(() => new EtcdMetaStore({ endpoints: server.endpoints, prefix }));
    const mirror = new MirroredMetaStore(new EtcdMetaStore({ endpoints: server.endpoints, prefix }), '/w/', 60_000);
    const { revision } = await meta.range('/');
    const stop = new AbortController();
    const seen: Change[] = [];
    const watching = (async () => {
      for await (const change of other.watch('/w/', revision, stop.signal)) seen.push(change);
    })();
    const leading = new Set<string>();
    let most = 0;
    let leads = 0;
    const elections = ['a', 'b'].map((name, at) =>
      new Election([meta, other][at], '/leader', name, LEASE_MS).run(stop.signal, async ({ signal }) => {
        leading.add(name);
        leads += 1;
        most = Math.max(most, leading.size);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        leading.delete(name);
      }),
    );
    const acknowledged: string[] = [];
    let next = 0;
    const write = async () => {
      const key = `/w/${next++}`;
      await meta.txn([{ key, revision: 0 }], [{ put: key, value: key }]);
      acknowledged.push(key);
    };
    const steady = () =>
      until('writes succeed', async () => {
        for (let at = 0; at < STEADY; at++) await write();
        return true;
      });
    await steady();
    for (let member = 0; member < 3; member++) {
      await server.stopMember(member, 'SIGKILL');
      await steady();
      await server.startMember(member);
    }
    await until('one leads', () => leading.size === 1);
    await server.stopMember(0, 'SIGKILL');
    await server.stopMember(1, 'SIGKILL');
    await expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await until('nobody leads', () => leading.size === 0);
    for (let at = 0; at < 2; at++)
      await told('until a write without a majority is refused', () =>
        expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
      );
    // A copy in memory still answers.
    expect((await mirror.get('/w/0'))?.value).toBe('/w/0');
    await Promise.all([server.startMember(0), server.startMember(1)]);
    await steady();
    await until('one leads again', () => leading.size === 1);
    const stored = (await meta.range('/w/')).entries.map((entry) => entry.key);
    expect(acknowledged.filter((key) => !stored.includes(key))).toEqual([]);
    await until('the watcher has seen every change', () => seen.length >= stored.length);
    expect(seen.map((change) => change.key).sort()).toEqual(stored.sort());
    expect(seen.every((change, at) => at === 0 || change.revision > seen[at - 1].revision)).toBe(true);
    expect([most, leads > 1]).toEqual([1, true]);
    stop.abort();
    await Promise.all([watching, ...elections]);
    await Promise.all([meta.close(), other.close(), mirror.close()]);
  });
});

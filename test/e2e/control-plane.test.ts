import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { type ClusterSystem, reasonOf, rest, serviceCertificate, startCluster } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { copyIsExact } from './exact-copy.suite.js';

const cli = join(process.cwd(), 'apps/cli/bin/vectron.js');
const environment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VECTRON_')));

interface Shard {
  readonly shardId: number;
  readonly epoch: number;
  readonly collection: string;
  readonly leader: number;
  readonly ready: boolean;
  readonly replicas: { worker: number; learner: boolean }[];
  readonly healthyReplicas: number;
  readonly operation?: unknown;
}

describe('the control plane of a cluster', () => {
  let system: ClusterSystem;
  let db: VectronClient;
  beforeAll(async () => {
    system = await startCluster({ workers: 4, flags: { pd: ['--balance', 'false'] } });
    db = connect(system.http, { apiKey: system.adminKey });
  });
  afterAll(async () => {
    await db?.close();
    await system?.stop();
  });

  const vectron = <T>(...args: string[]): T => {
    const all = [cli, ...args, '--json', '--url', system.http, '--data', system.data];
    return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8', env: environment() })) as T;
  };
  const shards = async (name: string): Promise<Shard[]> => {
    const { body } = await rest(system.http, 'GET', '/v1/admin/shards', { key: system.adminKey });
    return (body.shards as Shard[]).filter(({ collection }) => collection === name);
  };
  const whole = (name: string) =>
    until(
      'every shard is whole',
      () => shards(name),
      (all) => all.every((one) => one.ready && one.healthyReplicas === 3 && one.operation === undefined),
    );
  const workersOf = ({ replicas }: Shard) => replicas.map(({ worker }) => worker);

  it('splits a shard under writes: nothing is lost or doubled, and a change feed goes on without a gap', async () => {
    await db.createCollection('split', { dimension: 2, distance: 'euclidean', shards: 1 });
    const written: string[] = [];
    let stop = false;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; !stop; n++) {
        const ids = [0, 1, 2].map((at) => `${writer}-${n}-${at}`);
        await db.upsert(
          'split',
          ids.map((id) => ({ id, vector: [n, writer] })),
        );
        written.push(...ids);
      }
    });
    const heard: string[] = [];
    let cursor: string | undefined;
    const listen = async () => {
      const { changes, nextCursor } = await db.listChanges('split', { cursor, waitMs: 0 });
      heard.push(...changes.map(({ id }) => id));
      cursor = nextCursor;
    };
    await until('some writes', () => written.length > 60);
    await listen();
    const [{ shardId, epoch }] = await shards('split');
    const operation = vectron<{ kind: string; upperShardId: number }>('cluster', 'split', String(shardId));
    expect(operation.kind).toBe('split');
    await until(
      'two shards',
      () => shards('split'),
      (all) => all.length === 2,
    );
    const after = written.length;
    await until('more writes', () => written.length > after + 60);
    stop = true;
    await Promise.all(writers);
    const halves = await shards('split');
    expect(halves.map((half) => half.epoch)).toEqual([epoch + 1, epoch + 1]);
    const stored: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await db.listPoints('split', { limit: 1_000, cursor: after, consistency: 'linearizable' });
      stored.push(...page.points.map(({ id }) => id));
      after = page.nextCursor;
      if (after === undefined) break;
    }
    expect(stored.sort()).toEqual([...written].sort());
    await until('every change is heard of', async () => {
      await listen();
      return heard.length >= written.length;
    });
    expect([...heard].sort()).toEqual([...written].sort());
    const found = await db.search('split', { vector: [3, 1], topK: written.length, exact: true });
    expect(found.hits.length).toBe(written.length);
    expect(found).toMatchObject({ complete: true, shardsAsked: 2, shardsAnswered: 2 });
    await db.deleteCollection('split');
  });

  it('makes an exact copy while a shard is split and workers restart, and says that a lost snapshot is gone', async () => {
    const serving = (name: string) =>
      until(
        'every shard has a leader',
        () => shards(name),
        (all) => all.every(({ ready, leader }) => ready && leader > 0),
      );
    // Each has the number of its name.
    const restart = (worker: number) => system.cluster.restart(`worker-${worker}`, 'SIGKILL');
    await copyIsExact(db, 'exact', {
      seed: 41,
      shards: 1,
      meanwhile: async () => {
        const [{ shardId, leader }] = await whole('exact');
        vectron('cluster', 'split', String(shardId));
        const halves = await until(
          'two shards',
          () => shards('exact'),
          (all) => all.length === 2,
        );
        // The leader of before holds the view of the snapshot: another worker is killed.
        const [other] = workersOf(halves[0]).filter((worker) => worker !== leader);
        await restart(other);
      },
    });
    const snapshot = await db.snapshot('exact');
    for (const leader of new Set((await serving('exact')).map((one) => one.leader))) await restart(leader);
    const lost = async () => {
      const page = db.listPoints('exact', { snapshot: snapshot.token });
      return page.then(
        () => 'a page',
        (error: { code: string }) => error.code,
      );
    };
    await until('its pages say that it is gone', lost, (code) => code === 'SNAPSHOT_GONE');
    await whole('exact');
    await db.deleteCollection('exact');
  });

  it('moves a replica, empties a worker and forgets it, with every request answered', async () => {
    await db.createCollection('moved', { dimension: 2, distance: 'euclidean', shards: 2, replicas: 3 });
    let stop = false;
    let calls = 0;
    const client = (async () => {
      for (let n = 0; !stop; n++) {
        await db.upsert('moved', [{ id: `p${n}`, vector: [n, 1] }]);
        expect((await db.search('moved', { vector: [n, 1], topK: 1 })).hits[0].id).toBe(`p${n}`);
        calls += 1;
      }
    })();
    const [shard] = await shards('moved');
    const to = [1, 2, 3, 4].find((worker) => !workersOf(shard).includes(worker)) as number;
    vectron('cluster', 'move', String(shard.shardId), '--from', String(shard.leader), '--to', String(to));
    const wrong = await rest(system.http, 'POST', `/v1/admin/shards/${shard.shardId}/move`, {
      key: system.adminKey,
      body: { from: String(to), to: '99' },
    });
    expect([wrong.status, reasonOf(wrong.body)]).toEqual([404, 'NOT_FOUND']);
    await until(
      'it is there',
      () => shards('moved'),
      ([first]) => workersOf(first).includes(to),
    );
    await whole('moved');
    const { ended } = vectron<{ ended: { kind: string; step: string; shardId: number }[] }>('cluster', 'moves');
    expect(ended[0]).toMatchObject({ kind: 'move', step: 'done', shardId: shard.shardId });
    const refused = await rest(system.http, 'DELETE', `/v1/admin/workers/${to}`, { key: system.adminKey });
    expect([refused.status, reasonOf(refused.body)]).toEqual([409, 'CONFLICT']);
    vectron('cluster', 'drain', String(to), '--wait');
    await whole('moved');
    expect((await shards('moved')).flatMap(workersOf)).not.toContain(to);
    vectron('cluster', 'remove', String(to));
    const workers = vectron<{ number: number; state: string }[]>('cluster', 'workers');
    expect(workers.map(({ number }) => number)).not.toContain(to);
    stop = true;
    await client;
    expect(calls).toBeGreaterThan(10);
    expect(vectron('rebalance', '--dry-run')).toMatchObject({ blocked: [] });
  });

  it('goes on without the placement driver that leads, and says what it cannot do without any', async () => {
    const status = vectron<{ placementLeader: string; placementNodes: string[] }>('cluster', 'status');
    expect(status.placementNodes).toHaveLength(2);
    const nodes = system.cluster.running('pd');
    const leader = nodes.find((name) => system.cluster.addressOf(name) === status.placementLeader) as string;
    await system.cluster.child(leader).stop('SIGKILL');
    await db.createCollection('after', { dimension: 2, shards: 1, replicas: 1 });
    await db.upsert('after', [{ id: 'a', vector: [1, 1] }]);
    const other = nodes.find((name) => name !== leader) as string;
    await system.cluster.child(other).stop('SIGKILL');
    expect((await db.search('after', { vector: [1, 1], topK: 1 })).hits[0].id).toBe('a');
    await db.upsert('after', [{ id: 'b', vector: [1, 2] }]);
    const refused = await rest(system.http, 'POST', '/v1/collections', {
      key: system.adminKey,
      body: { name: 'never', dimension: 2 },
    });
    expect([refused.status, reasonOf(refused.body)]).toEqual([503, 'UNAVAILABLE']);
    for (const name of nodes) await system.cluster.startService(name);
    await until('metadata again', async () => {
      await db.createCollection('again', { dimension: 2, shards: 1, replicas: 1 });
      return true;
    });
    expect((await db.get('after', 'b'))?.id).toBe('b');
  });

  it('clients pass over a gateway that is not there, and internal ones a placement driver that is not', async () => {
    for (const scheme of ['http', 'grpc']) {
      const here = scheme === 'http' ? system.http : `grpc://${system.grpc}`;
      const both = connect([`${scheme}://127.0.0.1:1`, here], { apiKey: system.adminKey });
      expect((await both.listCollections()).length).toBeGreaterThan(0);
      await both.close();
    }
    const { placement } = await import('@vectron/proto');
    const { callContext, createFailoverClient } = await import('@vectron/rpc');
    const clusterToken = readFileSync(join(system.data, 'secrets', 'cluster.token'), 'utf8').trim();
    const known = system.cluster.running('pd').map((name) => system.cluster.addressOf(name));
    const pd = createFailoverClient(placement.PlacementServiceService, ['127.0.0.1:1', ...known], {
      clusterToken,
      tls: serviceCertificate(system.data),
    });
    expect((await pd.api.getLeader({}, callContext())).nodeAddresses.sort()).toEqual(known.sort());
    const nobody = createFailoverClient(placement.PlacementServiceService, ['127.0.0.1:1', '127.0.0.1:2']);
    await expect(nobody.api.getLeader({}, callContext())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    for (const client of [pd, nobody]) client.close();
  });

  it('takes nothing from strangers: keys of users are no administrators, and etcd wants a certificate', async () => {
    const key = await db.createApiKey('writer', { role: 'write' });
    for (const [method, path] of [
      ['GET', '/v1/admin/shards'],
      ['POST', '/v1/admin/rebalance'],
      ['POST', '/v1/admin/workers/1/drain'],
      ['DELETE', '/v1/admin/workers/1'],
      ['POST', '/v1/admin/shards/1/split'],
    ]) {
      const body = method === 'POST' ? {} : undefined;
      expect((await rest(system.http, method, path, { key: key.key, body })).status).toBe(403);
    }
    const [endpoint] = system.cluster.etcd.endpoints;
    await expect(fetch(`${endpoint}/version`)).rejects.toThrow();
  });
});

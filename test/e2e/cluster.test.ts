import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type VectronClient } from '@vectron/sdk';
import { rest, type SeparateSystem, startSeparate } from '../harness/system.js';
import { until } from '../harness/waiting.js';

interface Replica {
  readonly worker: string;
  readonly role: string;
  readonly appliedIndex: string;
  readonly damage: string;
}

/** Three workers, three replicas; failures are those of the fault tests (test/faults), a few of each. */
describe('three replicas', () => {
  let system: SeparateSystem;
  let db: VectronClient;
  beforeAll(async () => {
    system = await startSeparate(3);
    db = connect(system.http, { apiKey: system.adminKey, retries: 10 });
  });
  afterAll(() => system?.stop());

  const replicas = async (name: string): Promise<Replica[]> => {
    const url = `${system.http}/v1/collections/${name}/status`;
    const answer = await fetch(url, { headers: { 'x-api-key': system.adminKey } });
    const { shards } = (await answer.json()) as { shards: { replicaStatus: Replica[] }[] };
    return shards.flatMap((shard) => shard.replicaStatus);
  };
  const leaderOf = async (name: string) => {
    const isLeader = ({ role }: Replica) => role === 'leader';
    const all = await until(
      'a leader',
      () => replicas(name),
      (seen) => seen.some(isLeader),
    );
    return Number(all.find(isLeader)?.worker) - 1;
  };

  it('loses no acknowledged write with its leader, nor with all of its workers at once', async () => {
    await db.createCollection('kept', { dimension: 2, distance: 'euclidean', shards: 1 });
    const acknowledged: string[] = [];
    let stop = false;
    let next = 0;
    const writer = async () => {
      while (!stop) {
        const id = `p${next++}`;
        await db.upsert('kept', [{ id, vector: [next, 1] }]);
        acknowledged.push(id);
      }
    };
    const writers = Array.from({ length: 4 }, writer);
    const grow = async (by: number) => {
      const least = acknowledged.length + by;
      await until('more writes', () => acknowledged.length >= least);
    };
    await grow(100);
    await system.restartWorker(await leaderOf('kept'));
    await grow(100);
    await Promise.all([0, 1, 2].map((worker) => system.restartWorker(worker)));
    await grow(100);
    stop = true;
    await Promise.all(writers);
    const stored = new Set<string>();
    for (let cursor: string | undefined; ; ) {
      const page = await db.listPoints('kept', { limit: 1_000, cursor, consistency: 'linearizable' });
      for (const { id } of page.points) stored.add(id);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    await until(
      'three replicas at one entry',
      async () => (await replicas('kept')).map(({ appliedIndex }) => appliedIndex),
      (at) => at.length === 3 && new Set(at).size === 1,
    );
  });

  it('replaces a replica whose files were damaged', async () => {
    const victim = ((await leaderOf('kept')) + 1) % 3;
    await system.processes[1 + victim].stop('SIGTERM');
    const shards = join(system.workerData(victim), 'worker', 'shards');
    const tables = readdirSync(shards, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.sst$|small\.log$/.test(file),
    );
    expect(tables.length).toBeGreaterThan(0);
    for (const table of tables) {
      const bytes = readFileSync(join(shards, table));
      for (let at = 0; at < bytes.length; at += 97) bytes[at] ^= 0x40;
      writeFileSync(join(shards, table), bytes);
    }
    await system.restartWorker(victim);
    await until(
      'three sound replicas at one entry',
      () => replicas('kept'),
      (all) =>
        all.length === 3 &&
        new Set(all.map(({ appliedIndex }) => appliedIndex)).size === 1 &&
        all.every(({ role, damage }) => damage === '' && /leader|follower/.test(role)),
    );
  });

  it('a search-only worker serves what is fresh enough, and the change feed', async () => {
    const worker = await system.addWorker(['--search-only', 'true']);
    await db.createCollection('followed', { dimension: 2, distance: 'euclidean', shards: 1 });
    await until(
      'it follows',
      () => replicas('followed'),
      (all) => all.some((one) => Number(one.worker) === worker + 1 && one.role === 'learner'),
    );
    const { writeToken } = await db.upsert('followed', [{ id: 'fresh', vector: [-5, 1] }]);
    for (const consistency of [
      { level: 'bounded', maxStalenessMs: 2_000 },
      { level: 'at_least', writeToken },
    ]) {
      // One that is not yet fresh enough is passed over.
      await until(
        'it answers',
        async () => {
          const { body } = await rest(system.http, 'POST', '/v1/collections/followed/points/search', {
            key: system.adminKey,
            body: { vector: [-5, 1], topK: 1, consistency },
          });
          return [body.results[0].id, body.shards[0].replica];
        },
        ([id, replica]) => id === 'fresh' && replica === String(worker + 1),
      );
    }
    expect((await db.listChanges('followed')).changes).toMatchObject([{ kind: 'insert', id: 'fresh' }]);
  });
});

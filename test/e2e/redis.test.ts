import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePorts } from '@vectron/metastore';
import { type ClusterSystem, rest, startCluster, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const PASSWORD = 'redis-password-of-the-test';
const TTL_MS = 2_000;
const RATE = 40;

/** Two gateways, and a real Redis between them. */
describe('gateways that share a Redis', () => {
  let redis: ChildProcess;
  let system: ClusterSystem;
  let gateways: readonly string[];
  const search = async (gateway: string, body: object = {}) => {
    const sent = { vector: [1, 0], topK: 3, ...body };
    const { body: answer } = await rest(gateway, 'POST', '/v1/collections/shared/points/search', {
      key: system.adminKey,
      body: sent,
    });
    return { from: answer.servedFrom as string, ids: (answer.results as { id: string }[]).map(({ id }) => id) };
  };
  const write = (gateway: string, id: string) =>
    rest(gateway, 'POST', '/v1/collections/shared/points', {
      key: system.adminKey,
      body: { points: [{ id, vector: [1, 0] }] },
    });

  beforeAll(async () => {
    const dir = tempDir('redis');
    const [port] = await freePorts(1);
    const config = `port ${port}\nbind 127.0.0.1\nrequirepass ${PASSWORD}\nsave ""\nappendonly no\ndir ${dir}\n`;
    writeFileSync(join(dir, 'redis.conf'), config, { mode: 0o600 });
    writeFileSync(join(dir, 'password'), PASSWORD, { mode: 0o600 });
    redis = spawn('redis-server', [join(dir, 'redis.conf')], { stdio: 'ignore' });
    const shared = ['--redis', `redis://127.0.0.1:${port}`, '--redis-password-file', join(dir, 'password')];
    const flags = { gateway: [...shared, '--cache-ttl-ms', String(TTL_MS), '--rate-limit', String(RATE)] };
    system = await startCluster({ workers: 1, placementDrivers: 1, gateways: 2, flags });
    gateways = system.cluster.info.http;
    await rest(gateways[0], 'POST', '/v1/collections', {
      key: system.adminKey,
      body: { name: 'shared', dimension: 2 },
    });
    await write(gateways[0], 'a');
  });
  afterAll(async () => {
    await system?.stop();
    redis?.kill('SIGKILL');
  });

  it('answer from their own cache, then from each other’s; what promises freshness asks the shards', async () => {
    const [one, two] = gateways;
    let topK = 10;
    // Another parameter is another question. On a busy machine an answer may have expired when it is asked for again.
    await until(
      'an answer of the cache and one of the other gateway',
      async () => {
        topK += 1;
        const answers: Awaited<ReturnType<typeof search>>[] = [];
        for (const gateway of [one, one, one, two]) answers.push(await search(gateway, { topK }));
        expect(answers.map(({ ids }) => ids)).toEqual(answers.map(() => ['a']));
        return answers.map(({ from }) => from).join(', ');
      },
      (from) => from === 'shards, shards, cache, redis',
    );
    for (const level of ['linearizable', 'bounded']) {
      expect((await search(two, { topK, consistency: { level } })).from).toBe('shards');
    }
  });

  it('show a write at once where it was made, and to the others when its answers have expired', async () => {
    const [one, two] = gateways;
    for (let at = 0; at < 3; at++) await search(one);
    await search(two);
    const { body } = await write(two, 'b');
    expect(await search(two)).toEqual({ from: 'shards', ids: ['a', 'b'] });
    const { ids } = await search(one, { consistency: { level: 'at_least', writeToken: body.writeToken } });
    expect(ids).toEqual(['a', 'b']);
    await until(
      'the older answers have expired',
      async () => (await search(one)).ids.join(),
      (found) => found === 'a,b',
    );
  });

  it('count the requests of a key together', async () => {
    const [one, two] = gateways;
    const list = (gateway: string) => rest(gateway, 'GET', '/v1/collections', { key: system.adminKey });
    // One gateway takes all that the key may ask in a second, and its burst; then the other refuses its first call.
    await until('the other gateway refuses', async () => {
      const answers = await Promise.all(Array.from({ length: 3 * RATE }, () => list(one)));
      const other = await list(two);
      const refused = [...answers, other].filter(({ status }) => status !== 200);
      expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 429));
      expect(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true);
      return other.status === 429;
    });
  });

  it('go on without it', async () => {
    const ended = once(redis, 'exit');
    redis.kill('SIGKILL');
    await ended;
    for (const gateway of gateways) {
      // Calls of the test before may still count.
      const { ids } = await until('an answer', () => search(gateway, { topK: 7 }));
      expect(ids).toEqual(['a', 'b']);
    }
  });
});

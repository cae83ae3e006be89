import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePorts } from '@vectron/metastore';
import { type ClusterSystem, rest, startCluster, tempDir } from '../harness/system.js';

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
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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
    await pause(TTL_MS + 500);
  }, 180_000);
  afterAll(async () => {
    await system?.stop();
    redis?.kill('SIGKILL');
  }, 60_000);

  it('answer from their own cache, then from each other’s; what promises freshness asks the shards', async () => {
    const [one, two] = gateways;
    expect((await search(one)).from).toBe('shards');
    expect((await search(one)).from).toBe('shards');
    expect(await search(one)).toEqual({ from: 'cache', ids: ['a'] });
    expect(await search(two)).toEqual({ from: 'redis', ids: ['a'] });
    for (const level of ['linearizable', 'bounded']) {
      expect((await search(two, { consistency: { level } })).from).toBe('shards');
    }
    // Another parameter is another question.
    expect((await search(two, { topK: 4 })).from).toBe('shards');
  }, 30_000);

  it('show a write at once where it was made, and to the others when its answers have expired', async () => {
    const [one, two] = gateways;
    for (let at = 0; at < 3; at++) await search(one);
    await search(two);
    const { body } = await write(two, 'b');
    expect(await search(two)).toEqual({ from: 'shards', ids: ['a', 'b'] });
    const { ids } = await search(one, { consistency: { level: 'at_least', writeToken: body.writeToken } });
    expect(ids).toEqual(['a', 'b']);
    await pause(TTL_MS + 200);
    expect((await search(one)).ids).toEqual(['a', 'b']);
  }, 30_000);

  it('count the requests of a key together', async () => {
    await pause(1_500);
    const calls = Array.from({ length: 6 * RATE }, (_, at) =>
      rest(gateways[at % 2], 'GET', '/v1/collections', { key: system.adminKey }),
    );
    const answers = await Promise.all(calls);
    const good = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 429);
    expect(good + refused.length).toBe(answers.length);
    expect(good).toBeGreaterThanOrEqual(RATE);
    // A second's and the burst, of two seconds at most.
    expect(good).toBeLessThanOrEqual(4 * RATE);
    expect(refused.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true);
  }, 30_000);

  it('go on without it', async () => {
    redis.kill('SIGKILL');
    await pause(1_500);
    expect((await search(gateways[0], { topK: 7 })).ids).toEqual(['a', 'b']);
    expect((await search(gateways[1], { topK: 7 })).ids).toEqual(['a', 'b']);
  }, 30_000);
});

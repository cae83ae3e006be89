import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import Database from 'libsql';
import { WebSocket } from 'ws';
import { KeptConnection } from '../harness/kept-connection.js';
import { VectronProcess } from '../harness/process.js';
import { reasonOf, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const C = 'threads';
const POINTS = `/v1/collections/${C}/points`;
const SEARCH = `${POINTS}/search`;

/** What has to be right for all gateways of a process together, on one server with two of them. */
describe('several gateways in one process', () => {
  const data = tempDir('gateways');
  const opened: KeptConnection[] = [];
  let server: VectronProcess;
  let http = '';
  let grpc = '';
  let adminKey = '';
  let admin: KeptConnection;
  let watcher: KeptConnection;

  const connection = (key = adminKey) => {
    const one = new KeptConnection(http, key);
    opened.push(one);
    return one;
  };
  /** Two connections to each gateway, with a key of their own. */
  const fourOf = async (name: string) => {
    const { key } = await newKey(name);
    return [1, 2, 3, 4].map(() => connection(key));
  };
  const newKey = async (name: string) => {
    const { body } = await admin.call('POST', '/v1/keys', { name });
    const { fullKey, keyInfo } = body as unknown as { fullKey: string; keyInfo: { keyPrefix: string } };
    return { key: fullKey, prefix: keyInfo.keyPrefix };
  };
  const metrics = async (name: string): Promise<Map<string, number>> => {
    const { text, status } = await watcher.call('GET', '/metrics');
    expect(status).toBe(200);
    const lines = text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  };

  beforeAll(async () => {
    const listen = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
    const limits = ['--key-max-watches', '3', '--max-calls-per-connection', '1000', '--slow-query-ms', '1'];
    // No wait ends because the machine is busy.
    limits.push('--write-timeout-ms', '600000');
    const preload = pathToFileURL(join(process.cwd(), 'test/harness/failing-thread.mjs')).href;
    server = new VectronProcess(
      ['serve', '--data', data, '--no-sample', '--gateways', '2', '--cache-ttl-ms', '60000', ...listen, ...limits],
      { NODE_OPTIONS: `--import ${preload}` },
    );
    await server.until(/ready; stop/);
    http = (await server.until(/REST\s+(http:\/\/[\d.:]+)\/v1/))[1];
    grpc = (await server.until(/gRPC\s+([\d.:]+)/))[1];
    adminKey = (JSON.parse(readFileSync(join(data, 'bootstrap.json'), 'utf8')) as { apiKey: string }).apiKey;
    admin = connection();
    watcher = connection();
    const made = await admin.call('POST', '/v1/collections', { name: C, dimension: 2, distance: 'euclidean' });
    expect([made.status, made.text]).toEqual([200, expect.anything()]);
    const points = Array.from({ length: 20 }, (_, at) => ({ id: `p${at}`, vector: [at, 0], payload: { at } }));
    expect((await admin.call('POST', POINTS, { points })).status).toBe(200);
  });
  afterAll(async () => {
    for (const one of opened) one.close();
    await server?.stop();
  });

  it('all answer, at one address for REST and one for gRPC, and count as one', async () => {
    const four = await fourOf('four');
    const before = await metrics('vectron_requests_total{operation="Search",code="OK"}');
    for (const one of four) expect((await one.call('POST', SEARCH, { vector: [1, 0] })).status).toBe(200);
    const clients = await Promise.all([1, 2, 3, 4].map(() => connect(`grpc://${grpc}`, { apiKey: adminKey })));
    for (const client of clients) {
      const { hits } = await client.search(C, { vector: [2, 0], topK: 2 });
      expect(hits.map(({ id }) => id)).toEqual(['p2', expect.any(String)]);
    }
    const after = await metrics('vectron_requests_total{operation="Search",code="OK"}');
    const [name] = after.keys();
    expect((after.get(name) ?? 0) - (before.get(name) ?? 0)).toBe(8);
    const each = await metrics('vectron_gateway_requests_total');
    expect([...each.keys()].sort()).toEqual(
      ['1', '2'].map((number) => `vectron_gateway_requests_total{gateway="${number}"}`),
    );
    for (const calls of each.values()) expect(calls).toBeGreaterThanOrEqual(2);
    const stats = (await admin.call('GET', '/v1/admin/stats')).body as unknown as { gateway: { requests: number } };
    expect(stats.gateway.requests).toBeGreaterThanOrEqual(8);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('none gives an old answer after a write through another', async () => {
    const four = await fourOf('four');
    const nearest = async (one: KeptConnection) => {
      const { body } = await one.call('POST', SEARCH, { vector: [50, 0], topK: 1 });
      return (body as unknown as { results: { id: string }[] }).results[0].id;
    };
    // Twice, so that each has the answer in its cache.
    for (const one of [...four, ...four]) expect(await nearest(one)).toBe('p19');
    expect((await four[0].call('POST', POINTS, { points: [{ id: 'new', vector: [50, 0] }] })).status).toBe(200);
    for (const one of four.toReversed()) expect(await nearest(one)).toBe('new');
    expect((await four[3].call('POST', `${POINTS}/delete`, { ids: ['new'] })).status).toBe(200);
    for (const one of four) expect(await nearest(one)).toBe('p19');
  });

  it('a collection that was made anew is not mistaken for the one before', async () => {
    const four = await fourOf('four');
    const again = { name: 'again', dimension: 2, distance: 'euclidean' };
    for (const id of ['first', 'second', 'third']) {
      expect((await four[0].call('POST', '/v1/collections', again)).status).toBe(200);
      expect(
        (await four[1].call('POST', '/v1/collections/again/points', { points: [{ id, vector: [1, 0] }] })).status,
      ).toBe(200);
      for (const one of four) {
        const { body, status } = await one.call('POST', '/v1/collections/again/points/search', { vector: [1, 0] });
        expect([status, (body as unknown as { results: { id: string }[] }).results.map((hit) => hit.id)]).toEqual([
          200,
          [id],
        ]);
      }
      expect((await four[2].call('DELETE', '/v1/collections/again')).status).toBe(200);
      for (const one of four) {
        expect((await one.call('POST', '/v1/collections/again/points/search', { vector: [1, 0] })).status).toBe(404);
      }
    }
  });

  it('a key that was revoked through one is refused by all', async () => {
    const { key, prefix } = await newKey('to be revoked');
    const users = [1, 2, 3, 4].map(() => connection(key));
    for (const one of [...users, ...users])
      expect((await one.call('POST', SEARCH, { vector: [1, 0] })).status).toBe(200);
    expect((await admin.call('DELETE', `/v1/keys/${prefix}`)).status).toBe(200);
    for (const one of users.toReversed()) {
      expect((await one.call('POST', SEARCH, { vector: [1, 0] })).status).toBe(401);
    }
  });

  it('a key may hold no more requests open, and those it may hold are answered', async () => {
    const { key } = await newKey('patient');
    const { body } = await admin.call('GET', `/v1/collections/${C}/changes?from=now`);
    const { nextCursor } = body as unknown as { nextCursor: string };
    const path = `/v1/collections/${C}/changes?waitMs=60000&cursor=${encodeURIComponent(nextCursor)}`;
    const held = [1, 2].map(() => connection(key).open('GET', path));
    const socket = new WebSocket(`${http.replace('http', 'ws')}${SEARCH}/stream`, ['vectron', `bearer.${key}`]);
    const messages: string[] = [];
    socket.on('message', (message: Buffer) => messages.push(message.toString()));
    await until('a search over a WebSocket', () => {
      if (socket.readyState === WebSocket.OPEN && messages.length === 0) socket.send('{"vector":[3,0],"topK":1}');
      return messages.some((one) => one.includes('"last":true') && one.includes('p3'));
    });
    await until('three requests that are held open', async () => {
      const running = await metrics('vectron_requests_running{kind="watch"}');
      return [...running.values()][0] === 3;
    });
    for (const _ of [1, 2]) {
      const refused = await connection(key).call('GET', path);
      expect([refused.status, reasonOf(refused.body)]).toEqual([429, 'QUOTA_EXCEEDED']);
    }
    expect((await admin.call('POST', POINTS, { points: [{ id: 'heard', vector: [0, 9] }] })).status).toBe(200);
    for (const { answer } of held) expect((await answer).text).toContain('heard');
    socket.close();
    await until('room that was given back', async () => {
      const running = await metrics('vectron_requests_running{kind="watch"}');
      return [...running.values()][0] === 0;
    });
  });

  it('one keeps the slow requests of all', async () => {
    const four = [1, 2, 3, 4].map(() => connection());
    type Listed = { collection: string; operation: string; milliseconds: number };
    for (const [at, one] of four.entries()) {
      const name = `slow-${at}`;
      const body = { name, dimension: 1, distance: 'euclidean' };
      expect((await admin.call('POST', '/v1/collections', body)).status).toBe(200);
      await until(`a slow write to ${name}`, async () => {
        await one.call('POST', `/v1/collections/${name}/points`, { points: [{ id: 'a', vector: [at] }] });
        const lists = await Promise.all(four.map((other) => other.call('GET', '/v1/admin/slow-queries?limit=500')));
        return lists.every(({ body: found }) =>
          (found as unknown as { queries: Listed[] }).queries.some(({ collection }) => collection === name),
        );
      });
    }
    const found = (await four[0].call('GET', '/v1/admin/slow-queries?limit=500')).body as unknown as {
      queries: Listed[];
      total: number;
    };
    const slow = await metrics('vectron_requests_total');
    expect(found.queries.length).toBeGreaterThanOrEqual(4);
    expect(found.total).toBeLessThanOrEqual([...slow.values()].reduce((sum, one) => sum + one, 0));
  });

  it('one writes the audit log, and one keeps what people made of answers', async () => {
    const four = [1, 2, 3, 4].map(() => connection());
    for (const [at, one] of four.entries()) {
      expect((await one.call('POST', '/v1/keys', { name: `audited ${at}` })).status).toBe(200);
    }
    const { body } = await four[2].call('GET', '/v1/admin/audit?limit=100');
    const entries = (body as unknown as { entries: { sequence: number; action: string }[] }).entries;
    const sequences = entries.map((one) => Number(one.sequence));
    expect(sequences).toEqual(sequences.map((_, at) => sequences[0] - at));
    expect(entries.filter((one) => one.action === 'createApiKey').length).toBeGreaterThanOrEqual(4);
    expect((await four[3].call('GET', '/v1/admin/audit/verification')).body).toMatchObject({ wrong: '' });

    for (const [at, one] of four.entries()) {
      const found = await one.call('POST', SEARCH, { vector: [4, 0], topK: 1, query: `asked ${at}` });
      const { queryId } = found.body as unknown as { queryId: string };
      const other = four[(at + 1) % four.length];
      const item = { resultId: 'p4', relevanceScore: 5, clicked: true };
      const told = { collection: C, queryId, feedbackItems: [item] };
      expect((await other.call('POST', '/v1/feedback', told)).status).toBeLessThan(300);
    }
    const db = new Database(join(data, 'gateway', 'gateway.db'), { readonly: true } as never);
    const rows = db.prepare('SELECT impression FROM feedback').all() as { impression: string | null }[];
    db.close();
    expect(rows.map(({ impression }) => JSON.parse(impression ?? '{}').results?.[0]?.id)).toEqual(four.map(() => 'p4'));
  });

  it('one connection gets what all of them may give: none of 400 searches and 64 batches of one key fails', async () => {
    const { key } = await newKey('with one connection');
    const { api, close } = createClient(gateway.VectronServiceService, grpc);
    const context = () => callContext({ authorization: `Bearer ${key}` });
    // Of a connection, a few calls are taken before it is known whose it is.
    await api.search(gateway.SearchRequest.fromPartial({ collection: C, vector: [1, 1], topK: 3 }), context());
    const searches = Array.from({ length: 400 }, (_, at) =>
      api.search(
        gateway.SearchRequest.fromPartial({ collection: C, vector: [at / 400, 1], topK: 3, timeoutMs: 600_000 }),
        context(),
      ),
    );
    const batches = Array.from({ length: 64 }, (_, at) => {
      const points = Array.from({ length: 50 }, (_, n) => ({ id: `b${at}-${n}`, vector: [1_000, n] }));
      return api.upsert(gateway.UpsertRequest.fromPartial({ collection: C, points }), context());
    });
    for (const { results } of await Promise.all(searches)) expect(results).toHaveLength(3);
    for (const { upserted } of await Promise.all(batches)) expect(upserted).toBe(50);
    close();
  });

  it('one that fails is started again, while the others go on', async () => {
    const four = await fourOf('four');
    const before = (await metrics('vectron_requests_total{operation="Search",code="OK"}')).values().next().value ?? 0;
    process.kill(server.pid, 'SIGWINCH');
    await server.until(/told to fail/);
    // Connections end with their gateway, and clients make new ones.
    const asked = async (one: KeptConnection) => {
      for (;;) {
        try {
          return (await one.call('POST', SEARCH, { vector: [1, 0] })).status;
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toMatch(/ECONNRESET|EPIPE/);
        }
      }
    };
    expect(await Promise.all(four.map(asked))).toEqual([200, 200, 200, 200]);
    const restarts = await until('a gateway that was started again', async () => {
      const counted = await metrics('vectron_gateway_restarts_total');
      return counted.size > 0 && counted;
    });
    expect([...restarts]).toEqual([['vectron_gateway_restarts_total{gateway="1"}', 1]]);
    await until('connections to the gateway that was started again', async () => {
      connection()
        .call('POST', SEARCH, { vector: [1, 0] })
        .catch(() => undefined);
      const open = await metrics('vectron_gateway_connections');
      return (open.get('vectron_gateway_connections{gateway="1"}') ?? 0) > 0;
    });
    const after = (await metrics('vectron_requests_total{operation="Search",code="OK"}')).values().next().value ?? 0;
    expect(after).toBeGreaterThanOrEqual(before + 4);
  });
});

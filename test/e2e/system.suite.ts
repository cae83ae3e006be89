import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect, type VectronClient } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { changeFirstPassword, reasonOf, rest, type System } from '../harness/system.js';
import { until } from '../harness/waiting.js';
import { describeBadInput } from './bad-input.suite.js';
import { describeClient } from './client.suite.js';
import { describeDataModel } from './data-model.suite.js';
import { describeExactCopy } from './exact-copy.suite.js';
import { describeWords } from './words.suite.js';

/** What every Vectron does, in one process or in many. */
export function describeSystem(home: string, start: () => Promise<System>): void {
  describe(`Vectron, ${home}`, () => {
    let system: System;
    let viaRest: VectronClient;
    let viaGrpc: VectronClient;
    beforeAll(async () => {
      system = await start();
      viaRest = connect(system.http, { apiKey: system.adminKey });
      viaGrpc = connect(`grpc://${system.grpc}`, { apiKey: system.adminKey });
    });
    afterAll(async () => {
      await viaRest?.close();
      await viaGrpc?.close();
      await system?.stop();
    });

    for (const wire of ['REST', 'gRPC'] as const) {
      const client = () => (wire === 'REST' ? viaRest : viaGrpc);

      describeClient(wire, client);
      describeDataModel(wire, client);
      describeWords(wire, client);
      describeExactCopy(wire, client);

      it(`gives one document as JSON and as a map of strings over ${wire}`, async () => {
        const db = client();
        const name = `payload-${wire}`;
        await db.createCollection(name, { dimension: 1, distance: 'dot' });
        await db.upsert(name, [{ id: 'a', vector: [1], payload: { word: 'x', n: 2, list: [1] } }]);
        const raw = createClient(gateway.VectronServiceService, system.grpc);
        const context = callContext({ authorization: `Bearer ${system.adminKey}` });
        const { point } = await raw.api.get({ collection: name, id: 'a' }, context);
        expect(Object.fromEntries(point?.payload ?? [])).toEqual({ word: 'x', n: '2', list: '[1]' });
        expect(point?.document).toEqual({ word: 'x', n: 2, list: [1] });
        raw.close();
        await db.deleteCollection(name);
      });
    }

    it('is managed over either wire, by administrators alone', async () => {
      const [fromRest, fromGrpc] = [viaRest.admin, viaGrpc.admin];
      await viaRest.createCollection('managed', { dimension: 1, distance: 'dot', shards: 1 });
      for (const admin of [fromRest, fromGrpc]) {
        const health = await until(
          'every service is well',
          () => admin.health(),
          ({ status }) => status === 'ok',
        );
        expect(health.services.map(({ service }) => service)).toEqual([
          'gateway',
          'auth',
          'placement-driver',
          'reranker',
        ]);
        expect((await admin.stats()).collections).toBeGreaterThanOrEqual(1);
        const workers = await admin.workers();
        expect(workers.every(({ healthy, number }) => healthy && number > 0)).toBe(true);
        const collections = await admin.collections();
        expect(collections.find(({ name }) => name === 'managed')).toMatchObject({ shards: 1, points: 0 });
        expect(collections[0].createdAt.getTime()).toBeGreaterThan(Date.UTC(2020));
        const [shard] = (await admin.shards()).filter(({ collection }) => collection === 'managed');
        expect(shard).toMatchObject({ firstHash: '0'.repeat(16), lastHash: 'f'.repeat(16) });
        const status = await admin.cluster();
        const counted = Object.values(status.workersByState).reduce((sum, count) => sum + count, 0);
        expect(counted).toBe(status.workers);
        expect((await admin.operations({ limit: 1 })).ended.length).toBeLessThanOrEqual(1);
        expect((await admin.rebalance({ dryRun: true })).actions).toEqual(expect.any(Array));
        expect((await admin.alerts({ level: 'critical' })).every(({ level }) => level === 'critical')).toBe(true);
        const before = (await admin.alertRules()).find(({ rule }) => rule === 'disk');
        expect(await admin.setAlertRule('disk', { threshold: 0.75 })).toEqual({ ...before, threshold: 0.75 });
        await admin.setAlertRule('disk', { threshold: before?.threshold });
        expect((await admin.auditEntries({ limit: 2 })).length).toBe(2);
        const slow = await admin.slowQueries({ limit: 1 });
        expect(slow).toMatchObject({ thresholdMs: 1_000, total: expect.any(Number), queries: expect.any(Array) });
        const { kid } = { kid: await admin.rotateSigningKey() };
        expect(kid).not.toBe('');
        await expect(admin.resolveAlert('none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
        await expect(admin.moveReplica(shard.shardId, { from: 'none', to: '1' })).rejects.toMatchObject({
          code: 'NOT_FOUND',
        });
      }
      const reader = await viaRest.createApiKey('no administrator', { role: 'read' });
      for (const url of [system.http, `grpc://${system.grpc}`]) {
        const db = connect(url, { apiKey: reader.key });
        for (const refused of [db.admin.stats(), db.admin.slowQueries()])
          await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
        await db.close();
      }
      await viaRest.deleteApiKey(reader.info.prefix);
      await viaRest.deleteCollection('managed');
    });

    it('reranks by the text of the query where the collection says so, and explains it', async () => {
      await viaRest.createCollection('ranked', { dimension: 2, rerank: { enabled: true, textFields: ['summary'] } });
      await viaRest.upsert('ranked', [
        { id: 'a', vector: [1, 0], payload: { summary: 'a game' } },
        { id: 'b', vector: [1, 0.1], payload: { summary: 'a mail server' } },
        { id: 'c', vector: [0, 1], payload: { summary: 'an editor' } },
      ]);
      expect((await viaRest.search('ranked', { vector: [1, 0] })).hits[0].id).toBe('a');
      for (const db of [viaRest, viaGrpc]) {
        const found = await db.search('ranked', { vector: [1, 0], query: 'mail server', topK: 2 });
        expect(found.rerankedBy).toBe('rule');
        expect(found.hits.map((hit) => hit.id)).toEqual(['b', 'a']);
        expect(found.hits[0].explanation).toMatch(/vector .*mail\(summary\)/);
        const feedback = {
          collection: 'ranked',
          queryId: found.queryId,
          items: [{ resultId: 'b', clicked: true, position: 0 }],
        };
        expect(await db.feedback(feedback)).toMatch(/^[0-9a-f-]{36}$/);
      }
      await viaRest.deleteCollection('ranked');
    });

    it('keeps tenants apart: a foreign collection does not exist', async () => {
      const open = connect(system.http);
      const names = ['alice', 'bob'];
      const users = await Promise.all(
        names.map(async (name) => {
          const [email, password] = [`${name}@example.org`, `${name}-password-1`];
          expect((await open.register(email, password)).role).toBe('write');
          const { token } = await open.login(email, password);
          return {
            rest: connect(system.http, { apiKey: token }),
            grpc: connect(`grpc://${system.grpc}`, { apiKey: token }),
          };
        }),
      );
      const [alice, bob] = users;
      await alice.rest.createCollection('private', { dimension: 1, distance: 'dot' });
      await alice.grpc.upsert('private', [{ id: 'secret', vector: [1] }]);
      for (const db of [bob.rest, bob.grpc]) {
        const missing = { code: 'COLLECTION_NOT_FOUND' };
        await expect(db.search('private', { vector: [1] })).rejects.toMatchObject(missing);
        await expect(db.get('private', 'secret')).rejects.toMatchObject(missing);
        await expect(db.upsert('private', [{ id: 'x', vector: [1] }])).rejects.toMatchObject(missing);
        await expect(db.deleteCollection('private')).rejects.toMatchObject(missing);
        await expect(db.listPoints('private')).rejects.toMatchObject(missing);
        expect(await db.listCollections()).toEqual([]);
      }
      await bob.rest.createCollection('private', { dimension: 2 });
      expect((await alice.rest.search('private', { vector: [1] })).hits.map((hit) => hit.id)).toEqual(['secret']);
    });

    it('login tokens, SDK tokens and API keys all open both doors, within their role', async () => {
      const { token } = await viaRest.login('admin@vectron.local', await changeFirstPassword(system));
      const reader = await viaRest.createApiKey('reader', { role: 'read' });
      const only = await viaGrpc.createApiKey('only', { role: 'write', collections: ['mine'] });
      const sdk = await rest(system.http, 'POST', '/v1/sdk-jwt', {
        key: token,
        body: { api_key_id: reader.info.prefix },
      });
      expect(sdk.status).toBe(200);
      await viaRest.createCollection('roles', { dimension: 1, distance: 'dot' });
      for (const key of [token, reader.key, sdk.body.sdkJwt as string]) {
        for (const url of [system.http, `grpc://${system.grpc}`]) {
          const db = connect(url, { apiKey: key });
          expect((await db.profile()).email).toBe('admin@vectron.local');
          expect((await db.search('roles', { vector: [1] })).hits).toEqual([]);
          const write = db.upsert('roles', [{ id: 'a', vector: [1] }]);
          if (key === token) expect(await write).toMatchObject({ upserted: 1 });
          else await expect(write).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
          await viaRest.delete('roles', 'a');
          await db.close();
        }
      }
      const limited = connect(system.http, { apiKey: only.key });
      await expect(limited.search('roles', { vector: [1] })).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
      expect((await rest(system.http, 'GET', '/v1/admin/stats', { key: only.key })).status).toBe(403);
      await expect(limited.createApiKey('more')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
      await viaRest.deleteApiKey(reader.info.prefix);
      const after = await rest(system.http, 'POST', '/v1/sdk-jwt', {
        key: token,
        body: { apiKeyId: reader.info.prefix },
      });
      expect(after.status).toBe(404);
      await viaRest.deleteCollection('roles');
    });

    it('refuses strangers on every route and method, and says no more to a wrong user than to a wrong password', async () => {
      const { body: api } = await rest(system.http, 'GET', '/openapi.json');
      let closed = 0;
      for (const [path, methods] of Object.entries(
        api.paths as Record<string, Record<string, { security?: unknown[] }>>,
      )) {
        for (const [method, { security }] of Object.entries(methods)) {
          if (security?.length === 0) continue;
          closed += 1;
          for (const key of [undefined, 'garbage', 'vk_AAAAAAAAAAAA_x_00000000']) {
            const answer = await rest(system.http, method.toUpperCase(), path.replace(/\{\w+\}/g, 'x'), { key });
            expect([method, path, answer.status]).toEqual([method, path, 401]);
          }
        }
      }
      expect(closed).toBeGreaterThanOrEqual(25);
      const stranger = createClient(gateway.VectronServiceService, system.grpc);
      for (const [name, call] of Object.entries(stranger.api)) {
        const empty = gateway.VectronServiceService[name as keyof typeof stranger.api].requestDeserialize(
          Buffer.alloc(0),
        );
        const answer = (call as (request: unknown, context: unknown) => unknown)(empty, callContext());
        const outcome =
          name === 'searchStream'
            ? (async () => {
                for await (const _ of answer as AsyncIterable<unknown>);
              })()
            : (answer as Promise<unknown>);
        await expect(outcome).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }
      stranger.close();
      const wrong = (email: string) =>
        rest(system.http, 'POST', '/v1/users/login', { body: { email, password: 'wrong-password' } });
      const [known, unknown] = [await wrong('admin@vectron.local'), await wrong('nobody@example.org')];
      expect(known.status).toBe(401);
      expect(known.body).toEqual(unknown.body);
    });

    it('streams a search over gRPC and over WebSocket, ending with the complete answer', async () => {
      await viaRest.createCollection('stream', { dimension: 1, distance: 'euclidean', shards: 4 });
      await viaRest.upsert(
        'stream',
        Array.from({ length: 40 }, (_, i) => ({ id: `s${i}`, vector: [i] })),
      );
      const raw = createClient(gateway.VectronServiceService, system.grpc);
      const request = { ...gateway.SearchRequest.fromPartial({ collection: 'stream', topK: 3 }), vector: [5] };
      const answers: gateway.SearchResponse[] = [];
      const context = callContext({ authorization: `Bearer ${system.adminKey}` });
      for await (const answer of raw.api.searchStream(request, context)) answers.push(answer);
      raw.close();
      expect(answers.map((answer) => answer.complete)).toEqual([false, false, false, true]);
      expect(answers[3].results.map((hit) => hit.id)).toEqual(['s5', 's4', 's6']);

      const url = `${system.http.replace('http', 'ws')}/v1/collections/stream/points/search/stream`;
      const stranger = new WebSocket(url, ['vectron']);
      expect(
        await new Promise((resolve) =>
          stranger.on('unexpected-response', (_, response) => resolve(response.statusCode)),
        ),
      ).toBe(401);
      const socket = new WebSocket(url, ['vectron', `bearer.${system.adminKey}`]);
      const messages: { last?: boolean; result?: { results: { id: string }[] }; error?: { code: number } }[] = [];
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('open', () => socket.send(JSON.stringify({ vector: [5], top_k: 3 })));
        socket.on('message', (data) => {
          messages.push(JSON.parse(String(data)));
          if (messages.at(-1)?.last) socket.send('{"vector": [1, 2]}');
          if (messages.at(-1)?.error) resolve();
        });
      });
      socket.close();
      expect(messages.at(-2)?.result?.results.map((hit) => hit.id)).toEqual(['s5', 's4', 's6']);
      expect(messages.at(-1)?.error?.code).toBe(3);
      await viaRest.deleteCollection('stream');
    });

    it('measures itself: health, statistics, workers, metrics, alerts', async () => {
      const get = (path: string) => rest(system.http, 'GET', path, { key: system.adminKey });
      expect((await get('/healthz')).body).toEqual({ status: 'ok' });
      expect((await get('/readyz')).status).toBe(200);
      const health = await until(
        'every service is well',
        async () => (await get('/v1/system/health')).body,
        ({ status }) => status === 'ok',
      );
      expect(health.services.map((one: { service: string }) => one.service)).toEqual([
        'gateway',
        'auth',
        'placement-driver',
        'reranker',
      ]);
      await viaRest.createCollection('counted', { dimension: 1, distance: 'dot' });
      await viaRest.upsert('counted', [{ id: 'a', vector: [1] }]);
      const { workers } = (await get('/v1/admin/workers')).body;
      expect(
        workers.every((one: { healthy: boolean; memoryBytes: number }) => one.healthy && one.memoryBytes > 1e7),
      ).toBe(true);
      const stats = (await get('/v1/admin/stats')).body;
      expect(stats.collections).toBeGreaterThanOrEqual(1);
      expect(stats.gateway.requests).toBeGreaterThan(10);
      const metrics = (await get('/metrics')).body as string;
      expect(metrics).toMatch(/vectron_requests_total\{operation="Search",code="OK"\} [1-9]/);
      expect(metrics).toMatch(/vectron_request_seconds_bucket/);
      // From when its replica was first seen with a count.
      const asked = /vectron_collection_recall_asked_total\{collection="counted",tenant="[^"]+",vector=""\} (\d+)/;
      const counted = await until(
        'the recall that was asked for is counted',
        async () => {
          await viaRest.search('counted', { vector: [1], recall: 0.9 });
          return (await get('/metrics')).body as string;
        },
        (text) => Number(asked.exec(text)?.[1]) >= 1,
      );
      expect(counted).toMatch(/vectron_collection_recall_unmet_total\{collection="counted",[^}]*\} 0/);
      expect((await get('/v1/alerts/rules')).body.rules).toContainEqual({
        ...{ rule: 'recall_unmet', enabled: true, level: 'warning', threshold: 0.1 },
      });
      expect((await get('/v1/alerts?status=open')).body).toEqual({ alerts: [] });
      expect((await get('/v1/alerts?status=wrong')).status).toBe(400);
      expect((await rest(system.http, 'POST', '/v1/alerts/none/resolve', { key: system.adminKey })).status).toBe(404);
      await viaRest.deleteCollection('counted');
    });

    it('serves the aliases, both spellings of a field and base64 vectors', async () => {
      const key = system.adminKey;
      await viaRest.createCollection('alias', { dimension: 2, distance: 'dot' });
      const bytes = Buffer.from(new Float32Array([1, 2]).buffer).toString('base64');
      const upsert = { collection: 'alias', points: [{ id: 'a', vector_f32: bytes, payload: { n: 1 } }] };
      expect((await rest(system.http, 'POST', '/v1/upsert', { key, body: upsert })).body).toMatchObject({
        upserted: 1,
      });
      const bodies = [
        { collection: 'alias', vector: [1, 1], top_k: 1, include_vectors: true },
        { collection: 'alias', vectorF32: bytes, topK: 1, includeVectors: true },
      ];
      for (const body of bodies) {
        const answer = await rest(system.http, 'POST', '/v1/search', { key, body });
        expect(answer.body.results[0]).toMatchObject({ id: 'a', payload: { n: 1 }, vector: [1, 2] });
      }
      const none = await rest(system.http, 'GET', '/v1/nothing', { key });
      expect([none.status, reasonOf(none.body)]).toEqual([404, 'NOT_FOUND']);
      expect(none.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(none.headers.get('x-content-type-options')).toBe('nosniff');
      expect((await rest(system.http, 'POST', '/v1/keys/validate', { key, body: { fullKey: key } })).status).toBe(404);
      await viaRest.deleteCollection('alias');
    });

    describeBadInput(() => system);
  });
}

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect, type VectronClient } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { type ProcessSystem, rest, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

type Line = Record<string, unknown>;

/** A server that logs what takes longer than a millisecond, and whose metrics can be read at a listener of their own. */
describe('what a server tells of its requests', () => {
  let system: ProcessSystem;
  let db: VectronClient;
  let metricsUrl: string;
  let metricsToken: string;

  beforeAll(async () => {
    const flags = ['--no-sample', '--slow-query-ms', '1', '--metrics-listen', '127.0.0.1:0'];
    system = await startSingle(undefined, flags);
    [, metricsUrl] = await system.processes[0].until(/metrics\s+(http:\S+)/);
    metricsToken = readFileSync(join(system.data, 'secrets', 'metrics.token'), 'utf8').trim();
    db = connect(system.http, { apiKey: system.adminKey });
    await db.createCollection('papers', { dimension: 64 });
    const vector = (seed: number) => Array.from({ length: 64 }, (_, at) => Math.sin(seed * 64 + at));
    await db.upsert(
      'papers',
      Array.from({ length: 4_000 }, (_, at) => ({
        id: `p${at}`,
        vector: vector(at),
        payload: { word: 'SECRET-payload' },
      })),
    );
  });
  afterAll(async () => {
    await db?.close();
    await system?.stop();
  });

  const lines = (): Line[] =>
    system.processes[0].output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
  const lineOf = (what: string, holds: (line: Line) => boolean) => until(what, () => lines().find(holds));
  const call = (method: string, path: string, body?: unknown, key = system.adminKey) =>
    rest(system.http, method, path, { key, body });
  const metrics = async () =>
    (await fetch(metricsUrl, { headers: { authorization: `Bearer ${metricsToken}` } })).text();
  const countOf = async (operation: string) => {
    const found = (await metrics()).matchAll(
      new RegExp(`^vectron_requests_total\\{operation="${operation}",code="OK"\\} (\\d+)$`, 'gm'),
    );
    return [...found].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it('tells of refusals with a line a second for each kind, and counts every one of them', async () => {
    const linesOf = (wanted: string) => lines().filter(({ code }) => code === wanted);
    const sum = (wanted: string) => linesOf(wanted).reduce((all, { count }) => all + Number(count ?? 1), 0);
    const sums = () => ({ denied: sum('PERMISSION_DENIED'), unknown: sum('UNAUTHENTICATED') });
    // Nothing was refused before: what is counted is told only when its second has ended.
    expect(sums()).toEqual({ denied: 0, unknown: 0 });
    const statuses = new Map<number, number>();
    const flood = async (requests: number, key: string) => {
      let sent = 0;
      const work = async () => {
        while (sent < requests) {
          sent += 1;
          const { status } = await call('GET', '/v1/collections', undefined, key);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: 50 }, work));
    };
    const scraper = await call('POST', '/v1/keys', { name: 'scraper', role: 'metrics' });
    await flood(1_000, scraper.body.fullKey);
    await flood(300, 'vk_guessed_SECRET-key');
    expect(Object.fromEntries(statuses)).toEqual({ 403: 1_000, 401: 300 });
    await until('every refusal is counted', sums, ({ denied, unknown }) => denied >= 1_000 && unknown >= 300);
    expect(sums()).toEqual({ denied: 1_000, unknown: 300 });
    for (const code of ['PERMISSION_DENIED', 'UNAUTHENTICATED']) {
      const at = linesOf(code).map(({ time }) => Number(time));
      for (const [n, ms] of at.slice(1).entries()) expect(ms - at[n]).toBeGreaterThan(900);
    }
    expect(system.processes[0].output).not.toContain('SECRET-key');
  });

  it('writes a line for a request that failed, by the id that its client was given', async () => {
    const { status, headers } = await call('POST', '/v1/collections/nowhere/points/search', { vector: [1] });
    const requestId = headers.get('x-request-id');
    const line = await lineOf('the failed request', (one) => one.requestId === requestId);
    expect(status).toBe(404);
    expect(line).toMatchObject({
      ...{ level: 40, msg: 'request failed', wire: 'rest', operation: 'Search', collection: 'nowhere' },
      ...{ code: 'COLLECTION_NOT_FOUND', status: 404, address: '127.0.0.1' },
      ...{ tenant: expect.any(String), caller: expect.any(String), ms: expect.any(Number) },
    });
    expect(lines().some(({ msg }) => msg === 'request')).toBe(false);
  });

  it('writes a line for a slow search, with the plan that its answer had, and nothing of what was searched for', async () => {
    const request = {
      ...{ vector: Array.from({ length: 64 }, () => 0.123456), topK: 100, exact: true, includeVectors: true },
      filter: { none: [{ field: 'word', eq: 'SECRET-match' }] },
    };
    const slow = await until('a slow search', async () => {
      await call('POST', '/v1/collections/papers/points/search', request);
      return lines().find(({ msg, asked }) => msg === 'slow request' && (asked as Line | undefined)?.filter === true);
    });
    expect(slow).toMatchObject({
      ...{ level: 40, operation: 'Search', collection: 'papers', code: 'OK', lane: expect.stringMatching(/read|scan/) },
      asked: { topK: 100, exact: true, includeVectors: true, filter: true },
      found: { complete: true, shardsAsked: expect.any(Number), servedFrom: 'shards' },
    });
    const { shards } = slow.found as { shards: Line[] };
    expect(shards[0]).toMatchObject({ worker: 1, plan: expect.any(String), ms: expect.any(Number), unindexed: true });
    expect(system.processes[0].output).not.toMatch(/SECRET|0\.123456/);

    const listed = await until('the same search in the list', async () => {
      const { queries } = await db.admin.slowQueries({ limit: 500 });
      return queries.find(({ requestId }) => requestId === slow.requestId);
    });
    expect(listed).toMatchObject({
      ...{ wire: 'rest', operation: 'Search', collection: 'papers', code: 'OK', lane: slow.lane, caller: slow.caller },
      ...{
        tenantId: slow.tenant,
        milliseconds: slow.ms,
        asked: ['vector=64', 'topK=100', 'includeVectors', 'exact', 'filter'],
      },
      plan: { complete: true, servedFrom: 'shards', shards: [{ worker: 1, unindexed: true }] },
    });
    expect(listed.milliseconds).toBeGreaterThan(listed.shardMilliseconds);
    expect(listed.shardMilliseconds).toBeGreaterThan(0);
    const { queries, total, thresholdMs } = await db.admin.slowQueries();
    const times = queries.map(({ milliseconds }) => milliseconds);
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    expect([thresholdMs, total >= queries.length]).toEqual([1, true]);
    const { body } = await call('GET', '/v1/admin/slow-queries?limit=500');
    expect(JSON.stringify(body)).not.toMatch(/SECRET|0\.123456/);
    expect(JSON.stringify(body)).not.toContain(system.adminKey);
  });

  it('lists slow queries to administrators of all collections alone, and no more than it may', async () => {
    const path = '/v1/admin/slow-queries';
    const keys = [{ role: 'write' }, { role: 'metrics' }, { role: 'admin', collections: ['papers'] }];
    for (const limits of keys) {
      const { fullKey } = (await call('POST', '/v1/keys', { name: 'limited', ...limits })).body;
      expect((await call('GET', path, undefined, fullKey)).status).toBe(403);
    }
    const { body } = await call('GET', `${path}?limit=501`);
    expect([body.details[0].reason, body.message]).toEqual(['INVALID_ARGUMENT', 'limit must be at most 500, not 501']);
    expect((await call('GET', `${path}?limit=1`)).body.queries).toHaveLength(1);
  });

  it('counts an operation under one name, whichever wire it comes by', async () => {
    const { api, close } = createClient(gateway.VectronServiceService, system.grpc);
    const context = () => callContext({ authorization: `Bearer ${system.adminKey}` });
    const vector = Array.from({ length: 64 }, (_, at) => at + 1);
    const request = { ...gateway.SearchRequest.fromPartial({ collection: 'papers' }), vector };
    const [searches, streams] = [await countOf('Search'), await countOf('SearchStream')];
    const reach = (operation: string, wanted: number) =>
      until(
        `${wanted} of ${operation}`,
        () => countOf(operation),
        (count) => count === wanted,
      );
    await db.search('papers', { vector });
    await api.search(request, context());
    await reach('Search', searches + 2);
    for await (const _ of api.searchStream(request, context())) void _;
    close();
    await reach('SearchStream', streams + 1);
    const url = `${system.http.replace('http', 'ws')}/v1/collections/papers/points/search/stream`;
    const socket = new WebSocket(url, ['vectron', `bearer.${system.adminKey}`]);
    socket.on('message', () => {});
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(JSON.stringify({ vector }));
    socket.send('{"vector": "no vector"}');
    await reach('SearchStream', streams + 2);
    const failed = await lineOf('the failed one', ({ wire }) => wire === 'websocket');
    expect(failed).toMatchObject({ operation: 'SearchStream', code: 'INVALID_ARGUMENT', collection: 'papers' });
    socket.close();
  });

  it('lets nobody write lines of the log, or into a terminal', async () => {
    const hostile = ['a\n{"level":50,"msg":"forged"}', 'a\r\n\u001b[2J\u009b2J\u202e\u2028', 'x'.repeat(3_000)];
    for (const name of hostile) {
      const { headers } = await call('POST', '/v1/search', { collection: name, vector: [1] });
      await lineOf('its line', ({ requestId }) => requestId === headers.get('x-request-id'));
      const upgrade = new WebSocket(
        `${system.http.replace('http', 'ws')}/v1/collections/${encodeURIComponent(name)}/points/search/stream`,
        ['vectron', 'bearer.wrong'],
      );
      await new Promise((resolve) => upgrade.once('error', resolve));
    }
    const { output } = system.processes[0];
    expect(lines().some(({ msg }) => msg === 'forged')).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThan(3_000);
  });

  it('gives its metrics, at a listener of their own, to who has the token for that alone', async () => {
    expect(statSync(join(system.data, 'secrets', 'metrics.token')).mode & 0o777).toBe(0o600);
    const withToken = (token: string, url = metricsUrl) =>
      fetch(url, { headers: { authorization: `Bearer ${token}` } });
    for (const token of ['wrong', system.adminKey]) expect((await withToken(token)).status).toBe(401);
    expect((await fetch(metricsUrl)).status).toBe(401);
    const other = await withToken(metricsToken, `${system.http}/v1/collections`);
    expect(other.status).toBe(401);
    expect((await withToken(metricsToken, `${system.http}/metrics`)).status).toBe(401);
    const text = await metrics();
    for (const name of [
      'vectron_build_info{version="0.1.0",service="serve"',
      'vectron_requests_total{operation="Search"',
      'vectron_worker_replicas{role="leader"}',
      'vectron_raft_applied_entries_total',
      'vectron_engine_operations{lane="usual",state="running"}',
      'vectron_disk_free_bytes',
      'vectron_placement_leads 1',
      'vectron_reranker_answers_total{from="rules"}',
      'vectron_event_loop_busy_seconds_total{thread="main"}',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_p99_seconds',
    ]) {
      expect(text).toContain(name);
    }
    expect(text).not.toContain(system.adminKey);
  });
});

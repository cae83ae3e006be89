import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toVectronError, type VectronError } from '@vectron/errors';
import { writeToken } from '@vectron/model';
import { gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { type ProcessSystem, rest, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** What happens to requests when there is no room for them (docs/adr/0044 and 0046). */
const READS = 4;
const DIMENSION = 8;
const PASSWORD = 'canary-password-81723';
const FLAGS = [
  '--no-sample',
  '--max-reads',
  String(READS),
  '--max-writes',
  '8',
  '--max-calls-per-connection',
  '5000',
].concat(
  // No wait ends because the machine is busy.
  ['--write-timeout-ms', '600000'],
);
/** A budget that no test uses up. */
const LONG_MS = 600_000;

const api = (system: ProcessSystem, key: string) => {
  const { api, close } = createClient(gateway.VectronServiceService, system.grpc);
  const authorization = `Bearer ${key}`;
  /** `timeoutMs`: deadline of the call; missing: none. */
  const context = (timeoutMs?: number, signal?: AbortSignal) => ({
    ...callContext({ authorization, timeoutMs }),
    signal,
  });
  return { api, close, context };
};
const random = () => Array.from({ length: DIMENSION }, () => Math.random());
const search = (fields: Partial<gateway.SearchRequest> = {}) =>
  gateway.SearchRequest.fromPartial({ collection: 'c', vector: random(), topK: 3, timeoutMs: LONG_MS, ...fields });
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => toVectronError(error).code,
  );
const count = (codes: readonly string[]) =>
  Object.fromEntries([...new Set(codes)].map((code) => [code, codes.filter((one) => one === code).length]));

describe('requests that there is no room for at once', () => {
  let system: ProcessSystem;
  let quiet: string;
  beforeAll(async () => {
    system = await startSingle(undefined, FLAGS);
    const body = { email: 'quiet@example.org', password: PASSWORD };
    await rest(system.http, 'POST', '/v1/users/register', { body });
    quiet = (await rest(system.http, 'POST', '/v1/users/login', { body })).body.jwtToken as string;
    for (const apiKey of [system.adminKey, quiet]) {
      const db = connect(system.http, { apiKey });
      await db.createCollection('c', { dimension: DIMENSION });
      await db.upsert(
        'c',
        Array.from({ length: 200 }, (_, n) => ({ id: `p${n}`, vector: random(), payload: { n } })),
      );
      await db.close();
    }
  });
  afterAll(() => system?.stop());

  const gauge = async (metric: 'running' | 'waiting', kind: string): Promise<number> => {
    const { body } = await rest(system.http, 'GET', '/metrics', { key: system.adminKey });
    const line = new RegExp(`^vectron_requests_${metric}\\{[^}]*kind="${kind}"[^}]*\\} (\\d+)`, 'm').exec(
      body as string,
    );
    return Number(line?.[1] ?? 0);
  };
  /** Takes all that the tenant may have of the room for reads, with reads that wait for a write that nobody makes. */
  const occupy = async (key: string): Promise<() => Promise<void>> => {
    const client = api(system, key);
    const leaving = new AbortController();
    const { shards } = await client.api.search(search(), client.context());
    const token = writeToken([{ shardId: shards[0].shardId, logIndex: 10n ** 12n }]);
    const consistency = { level: 'at_least', maxStalenessMs: 0, writeToken: token };
    const all = Array.from({ length: (READS * 3) / 4 }, () =>
      codeOf(client.api.search(search({ consistency }), client.context(undefined, leaving.signal))),
    );
    await until(
      'the room is taken',
      () => gauge('running', 'read'),
      (running) => running >= all.length,
    );
    return async () => {
      leaving.abort();
      await Promise.all(all);
      await until(
        'the room is free',
        () => gauge('running', 'read'),
        (running) => running === 0,
      );
      client.close();
    };
  };

  it('wait, and none of 400 searches and 64 batches of one key fails', async () => {
    const client = api(system, system.adminKey);
    const batch = (at: number) => ({
      collection: 'c',
      points: Array.from({ length: 50 }, (_, n) => gateway.Point.fromPartial({ id: `b${at}-${n}`, vector: random() })),
    });
    const searches = Array.from({ length: 400 }, () => codeOf(client.api.search(search(), client.context())));
    const batches = Array.from({ length: 64 }, (_, at) =>
      codeOf(client.api.upsert(gateway.UpsertRequest.fromPartial(batch(at)), client.context())),
    );
    expect(count(await Promise.all(searches))).toEqual({ OK: 400 });
    expect(count(await Promise.all(batches))).toEqual({ OK: 64 });
    client.close();
  });

  it('are refused with the time after which to come again, on every wire, when they cannot begin in time', async () => {
    const free = await occupy(system.adminKey);
    const client = api(system, system.adminKey);
    const hurried = search({ timeoutMs: 200 });
    const refused = await client.api.search(hurried, client.context()).catch((error: unknown) => error as VectronError);
    const after = { retryAfterMs: expect.any(Number) };
    expect(refused).toMatchObject({ code: 'OVERLOADED', details: after });
    const path = '/v1/collections/c/points/search';
    const body = { vector: random(), topK: 3, timeoutMs: 200 };
    const overRest = await rest(system.http, 'POST', path, { key: system.adminKey, body });
    const info = { reason: 'OVERLOADED', metadata: { retryAfterMs: expect.stringMatching(/^\d+$/) } };
    const retryInfo = {
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: expect.stringMatching(/^\d+\.\d{3}s$/),
    };
    const details = [expect.objectContaining(info), retryInfo];
    expect([overRest.status, overRest.body.details]).toEqual([429, details]);
    const seconds = Number(overRest.headers.get('retry-after'));
    expect(seconds).toBe(Math.ceil(Number(overRest.body.details[0].metadata.retryAfterMs) / 1_000));
    const socket = new WebSocket(`${system.http.replace('http', 'ws')}${path}/stream`, {
      headers: { authorization: `Bearer ${system.adminKey}` },
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    socket.send(JSON.stringify(body));
    expect(JSON.parse(String(await answer)).error.details).toEqual(details);
    socket.terminate();
    client.close();
    await free();
  });

  it('leave room for another tenant, and for reads of another lane', async () => {
    const free = await occupy(system.adminKey);
    const greedy = api(system, system.adminKey);
    const leaving = new AbortController();
    const many = Array.from({ length: 1_000 }, () =>
      codeOf(greedy.api.search(search(), greedy.context(undefined, leaving.signal))),
    );
    await until(
      'they wait',
      () => gauge('waiting', 'read'),
      (waiting) => waiting === many.length,
    );
    const other = api(system, quiet);
    const searches = Array.from({ length: 20 }, () => codeOf(other.api.search(search(), other.context())));
    expect(count(await Promise.all(searches))).toEqual({ OK: 20 });
    // Of the tenant whose searches wait: a scan is no search.
    const exact = search({ exact: true });
    expect(await codeOf(greedy.api.search(exact, greedy.context()))).toBe('OK');
    // Who leaves while waiting is not waited for.
    leaving.abort();
    expect(count(await Promise.all(many))).toEqual({ CANCELLED: 1_000 });
    await until(
      'nobody waits',
      () => gauge('waiting', 'read'),
      (waiting) => waiting === 0,
    );
    await free();
    greedy.close();
    other.close();
  });

  it('end with their deadline, however short, and leave nothing behind', async () => {
    const free = await occupy(system.adminKey);
    const client = api(system, system.adminKey);
    const calls = Array.from({ length: 200 }, () => codeOf(client.api.search(search(), client.context(1))));
    for (const code of await Promise.all(calls))
      expect(['DEADLINE_EXCEEDED', 'OVERLOADED', 'CANCELLED']).toContain(code);
    await until(
      'nobody waits',
      () => gauge('waiting', 'read'),
      (waiting) => waiting === 0,
    );
    await free();
    expect(await codeOf(client.api.search(search(), client.context()))).toBe('OK');
    client.close();
  });
});

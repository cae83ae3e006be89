import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { processorMs } from '../harness/figures.js';
import { type ProcessSystem, reasonOf, rest, startSingle } from '../harness/system.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

const KEYS = 1_000_000;
/** The longest request of a method that is for everybody. */
const PUBLIC_BYTES = 16 << 10;
const long = { email: `${'a'.repeat(PUBLIC_BYTES)}@example.org`, password: 'x' };

describe('what a body may cost before anybody is known', () => {
  let system: ProcessSystem;
  let others: Others;

  beforeAll(async () => {
    system = await startSingle();
    others = await Others.on(system);
  });
  afterAll(async () => {
    await others?.close();
    await system?.stop();
  });

  it.each([
    ['with its length', false],
    ['in chunks', true],
  ])('a million keys, sent %s, are refused unread', async (_how, chunked) => {
    const before = others.memory();
    const port = Number(/:(\d+)$/.exec(system.http)?.[1]);
    const flags = { port, kind: 'keys', count: KEYS, path: '/v1/users/login', seconds: 5, chunked };
    const spent = processorMs(system.processes[0].pid);
    const { statuses, rounds } = await others.during(new Attack('huge-body.mjs', flags));
    console.log(`processor time of the server: ${processorMs(system.processes[0].pid) - spent} ms, answers`, statuses);
    expect(Object.keys(statuses)).toEqual(['413']);
    expect(rounds).toBeGreaterThan(0);
    await others.memoryIsBack(before);
  });

  it('a compressed body is as long as it is unpacked', async () => {
    const response = await fetch(`${system.http}/v1/users/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify(long)),
    });
    expect(response.status).toBe(413);
  });

  it.each([
    ['POST', '/v1/users/login', 413, 'PAYLOAD_TOO_LARGE'],
    ['POST', '/v1/nowhere', 404, 'NOT_FOUND'],
    ['PATCH', '/v1/users/login', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/v1/collections', 401, 'UNAUTHENTICATED'],
    ['POST', '/v1/collections/x/points', 401, 'UNAUTHENTICATED'],
  ])('%s %s with 10 MB: %i, and the connection ends', async (method, path, status, reason) => {
    const answer = await rest(system.http, method, path, { raw: `{"a":"${'b'.repeat(10_000_000)}"}` });
    expect(answer.status).toBe(status);
    expect(reasonOf(answer.body)).toBe(reason);
    expect(answer.headers.get('connection')).toBe('close');
  });

  it('gRPC has the same limit for each method', async () => {
    const client = createClient(auth.AuthServiceService, system.grpc);
    await expect(client.api.login(long, callContext({ timeoutMs: 30_000 }))).rejects.toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    );
    client.close();
  });

  it('readiness asks nobody for every record, and answers everybody', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => rest(system.http, 'GET', '/readyz')));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('a URL with as many parameters as it can hold', async () => {
    const answer = await rest(system.http, 'GET', `/v1/collections?${'a=1&'.repeat(3_500)}`, { key: system.adminKey });
    expect(answer.status).toBe(400);
  });
});

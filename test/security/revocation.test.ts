import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auth, gateway } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { chromium } from 'playwright-core';
import { WebSocket as Ws } from 'ws';
import { told } from '../harness/figures.js';
import { type ProcessSystem, reasonOf, rest, startSingle } from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** Far longer than a revocation may take: a call that ends sooner was ended. */
const WAIT_MS = 30_000;
const EXECUTABLE = process.env.VECTRON_CHROMIUM ?? '/usr/bin/chromium';
const PASSWORD = 'a-password-of-this-test';

/** Each way to take rights away; returns a credential and what takes its rights away. */
interface Way {
  readonly name: string;
  readonly code: string;
  make(system: ProcessSystem, email: string): Promise<{ token: string; revoke(): Promise<unknown> }>;
}

async function account(system: ProcessSystem, email: string) {
  const body = { email, password: PASSWORD };
  const id = (await rest(system.http, 'POST', '/v1/users/register', { body })).body.user.id as string;
  const token = (await rest(system.http, 'POST', '/v1/users/login', { body })).body.jwtToken as string;
  const db = connect(system.http, { apiKey: token });
  await db.createCollection('held', { dimension: 2 });
  await db.close();
  return { id, token };
}

async function keyOf(system: ProcessSystem, token: string, body: object = {}) {
  const answer = await rest(system.http, 'POST', '/v1/keys', { key: token, body: { name: 'k', ...body } });
  return answer.body as { fullKey: string; keyInfo: { keyPrefix: string } };
}

/** Waits until so many calls wait for changes. */
async function untilWaiting(system: ProcessSystem, count: number): Promise<void> {
  await until(`${count} calls wait`, async () => {
    const { body } = await rest(system.http, 'GET', '/metrics', { key: system.adminKey });
    return Number(/^vectron_requests_running\{kind="watch"\} (\d+)$/m.exec(body as string)?.[1]) === count;
  });
}

const WAYS: Way[] = [
  {
    name: 'a key is deleted',
    code: 'UNAUTHENTICATED',
    async make(system, email) {
      const { token } = await account(system, email);
      const { fullKey, keyInfo } = await keyOf(system, token);
      return {
        token: fullKey,
        revoke: () => rest(system.http, 'DELETE', `/v1/keys/${keyInfo.keyPrefix}`, { key: token }),
      };
    },
  },
  {
    name: 'a login is ended',
    code: 'UNAUTHENTICATED',
    async make(system, email) {
      const { token } = await account(system, email);
      return { token, revoke: () => rest(system.http, 'POST', '/v1/auth/logout', { key: token, body: {} }) };
    },
  },
  {
    name: 'a user is deleted',
    code: 'UNAUTHENTICATED',
    async make(system, email) {
      const { token } = await account(system, email);
      const { fullKey } = await keyOf(system, token);
      const body = { password: PASSWORD };
      return { token: fullKey, revoke: () => rest(system.http, 'POST', '/v1/user/delete', { key: token, body }) };
    },
  },
  {
    name: 'a role is changed',
    code: 'PERMISSION_DENIED',
    async make(system, email) {
      const { id, token } = await account(system, email);
      const { fullKey } = await keyOf(system, token);
      const body = { role: 'read' };
      return {
        token: fullKey,
        revoke: () => rest(system.http, 'PUT', `/v1/admin/users/${id}/role`, { key: system.adminKey, body }),
      };
    },
  },
  {
    name: 'a key expires',
    code: 'UNAUTHENTICATED',
    async make(system, email) {
      const { token } = await account(system, email);
      const { fullKey } = await keyOf(system, token, { expiresAt: Math.ceil(Date.now() / 1_000) + 10 });
      return { token: fullKey, revoke: async () => undefined };
    },
  },
];

describe('revocation reaches what is open', () => {
  let system: ProcessSystem;
  let users = 0;
  const open = (way: Way) => way.make(system, `user-${users++}@example.org`);
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());

  it.each(WAYS)('when $name: long polls of REST and gRPC and a WebSocket end', async (way) => {
    const { token, revoke } = await open(way);
    const path = `/v1/collections/held/changes?wait_ms=${WAIT_MS}`;
    const polled = rest(system.http, 'GET', path, { key: token });
    const client = createClient(gateway.VectronServiceService, system.grpc);
    const listed = client.api
      .listChanges(
        { collection: 'held', cursor: '', from: '', waitMs: WAIT_MS },
        callContext({ authorization: `Bearer ${token}` }),
      )
      .then(
        () => 'OK',
        (error: { code: string }) => error.code,
      );
    const socket = new Ws(`${system.http.replace('http', 'ws')}/v1/collections/held/points/search/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const closed = once(socket, 'close');
    await once(socket, 'open');
    // Two calls and the WebSocket.
    await untilWaiting(system, 3);
    const [answer, code, [closing]] = await told(`until what is open ends when ${way.name}`, async () => {
      await revoke();
      return Promise.all([polled, listed, closed]);
    });
    expect([answer.status >= 400, reasonOf(answer.body), code, closing]).toEqual([true, way.code, way.code, 1008]);
    client.close();
  });

  it('a request whose body is still coming is refused, and does nothing', async () => {
    const { token, revoke } = await open(WAYS[0]);
    const body = JSON.stringify({ points: [{ id: 'late', vector: [1, 0] }] });
    const { hostname, port } = new URL(system.http);
    const request = httpRequest({
      hostname,
      port,
      method: 'POST',
      path: '/v1/collections/held/points',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      },
    });
    const answered = once(request, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
    request.write(body.slice(0, 10));
    // The server has read the head when it has answered another request of the same key.
    expect((await rest(system.http, 'GET', '/v1/collections', { key: token })).status).toBe(200);
    await revoke();
    const [response] = await answered;
    response.resume();
    expect(response.statusCode).toBe(401);
    request.destroy();
  });

  it('what is open goes on when something else of the user changes', async () => {
    const { token } = await account(system, 'goes-on@example.org');
    const { fullKey } = await keyOf(system, token);
    const polled = rest(system.http, 'GET', `/v1/collections/held/changes?wait_ms=${WAIT_MS}`, { key: fullKey });
    await untilWaiting(system, 1);
    const other = await keyOf(system, token);
    await rest(system.http, 'DELETE', `/v1/keys/${other.keyInfo.keyPrefix}`, { key: token });
    await until('the other key is refused', () =>
      rest(system.http, 'GET', '/v1/collections', { key: other.fullKey }).then(({ status }) => status === 401),
    );
    const db = connect(system.http, { apiKey: token });
    await db.upsert('held', [{ id: 'p', vector: [1, 0] }]);
    await db.close();
    const { status, body } = await polled;
    expect([status, body.changes.map(({ point }: { point: { id: string } }) => point.id)]).toEqual([200, ['p']]);
  });

  it('a browser authenticates a WebSocket by a subprotocol, which is not echoed; tokens in URLs are refused', async () => {
    const { token } = await account(system, 'browser@example.org');
    const url = `${system.http.replace('http', 'ws')}/v1/collections/held/points/search/stream`;
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] });
    const page = await browser.newPage();
    await page.goto(`${system.http}/console`);
    // As text: it runs in the browser.
    const script = `new Promise((resolve, reject) => {
      const socket = new WebSocket(${JSON.stringify(url)}, ['vectron', ${JSON.stringify(`bearer.${token}`)}]);
      socket.onopen = () => socket.send(JSON.stringify({ vector: [1, 0] }));
      socket.onmessage = ({ data }) => resolve({ protocol: socket.protocol, answer: String(data) });
      socket.onclose = () => reject(new Error('the WebSocket was closed'));
    })`;
    const seen = (await page.evaluate(script)) as { protocol: string; answer: string };
    await browser.close();
    expect([seen.protocol, JSON.parse(seen.answer)]).toEqual(['vectron', expect.objectContaining({ last: true })]);
    const { token: gone } = await account(system, 'browser-url@example.org');
    for (const parameter of ['access_token', 'token', 'api_key', 'authorization']) {
      const refused = new Ws(`${url}?${parameter}=${gone}`, { headers: { authorization: `Bearer ${token}` } });
      refused.on('error', () => {});
      const [, response] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }];
      const plain = await rest(system.http, 'GET', `/v1/collections?${parameter}=${gone}`, { key: token });
      expect([parameter, response.statusCode, plain.status]).toEqual([parameter, 400, 400]);
      expect(JSON.stringify(plain.body)).not.toContain(gone);
    }
    expect(system.processes[0].output).not.toContain(token);
    expect(system.processes[0].output).not.toContain(gone);
  });

  it('an account that logs in over gRPC is shown the end of its login there too', async () => {
    const { token } = await account(system, 'grpc@example.org');
    const client = createClient(auth.AuthServiceService, system.grpc);
    const context = () => callContext({ authorization: `Bearer ${token}` });
    await client.api.getUserProfile({}, context());
    await client.api.logout({}, context());
    await expect(client.api.getUserProfile({}, context())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    client.close();
  });
});

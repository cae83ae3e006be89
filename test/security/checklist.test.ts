import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { placement } from '@vectron/proto';
import { callContext, createClient } from '@vectron/rpc';
import { connect } from '@vectron/sdk';
import { WebSocket } from 'ws';
import { clusterCertificate } from '../../apps/cli/src/local/certificates.js';
import { processorMs, told } from '../harness/figures.js';
import { VectronProcess } from '../harness/process.js';
import {
  type ClusterSystem,
  type ProcessSystem,
  reasonOf,
  rest,
  serviceCertificate,
  startCluster,
  startSingle,
  tempDir,
} from '../harness/system.js';
import { until } from '../harness/waiting.js';

/** Numbers in the names of tests are the rows of the security checklist, docs/security.md. */
const PASSWORD = 'canary-password-81723';
const ROUNDS = 3;
/**
 * Two kinds of request take the same time, because they cost the server as much processor time: within a fifth, in one of
 * three rounds, because the server works in the background as well.
 */
async function costAsMuch(pid: number, one: () => Promise<void>, other: () => Promise<void>): Promise<void> {
  const cost = async (work: () => Promise<void>) => {
    const before = processorMs(pid);
    await work();
    return processorMs(pid) - before;
  };
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ratio = (await cost(one)) / (await cost(other));
    if (ratio > 0.8 && ratio < 1.25) return;
    ratios.push(ratio);
  }
  throw new Error(`one costs ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} times as much as the other`);
}

describe('security of one server', () => {
  let system: ProcessSystem;
  let ann: { token: string; refreshToken: string };
  let bob: { token: string; refreshToken: string };

  const join_ = async (email: string) => {
    const body = { email, password: PASSWORD };
    await rest(system.http, 'POST', '/v1/users/register', { body });
    const login = await rest(system.http, 'POST', '/v1/users/login', { body });
    return { token: login.body.jwtToken as string, refreshToken: login.body.refreshToken as string };
  };
  const keyOf = async (token: string, body: object = {}) =>
    (await rest(system.http, 'POST', '/v1/keys', { key: token, body: { name: 'k', ...body } })).body as {
      fullKey: string;
      keyInfo: { keyPrefix: string };
    };

  beforeAll(async () => {
    system = await startSingle();
    ann = await join_('ann@example.org');
    bob = await join_('bob@example.org');
  });
  afterAll(() => system?.stop());

  it('2, 9: a WebSocket and calls end when their key is revoked', async () => {
    const { fullKey, keyInfo } = await keyOf(ann.token);
    const socket = new WebSocket(`${system.http.replace('http', 'ws')}/v1/collections/x/points/search/stream`, {
      headers: { authorization: `Bearer ${fullKey}` },
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
    const code = await told('from the revocation of a key to the end of its WebSocket', async () => {
      await rest(system.http, 'DELETE', `/v1/keys/${keyInfo.keyPrefix}`, { key: ann.token });
      return closed;
    });
    expect(code).toBe(1008);
    expect((await rest(system.http, 'GET', '/v1/collections', { key: fullKey })).status).toBe(401);
  });

  it('2: a page of another origin opens no WebSocket, and calls nothing', async () => {
    const path = `${system.http.replace('http', 'ws')}/v1/collections/x/points/search/stream`;
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(path, {
        headers: { authorization: `Bearer ${ann.token}`, origin: 'https://evil.example' },
      });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
      socket.on('error', () => {});
    });
    expect(status).toBe(403);
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await rest(system.http, 'OPTIONS', '/v1/collections', { headers });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  it("5: somebody else's collection is as good as none: same answer, at the same cost", async () => {
    const db = connect(system.http, { apiKey: ann.token });
    await db.createCollection('anns', { dimension: 2 });
    await db.upsert('anns', [{ id: 'p', vector: [1, 0] }]);
    const ask = async (name: string) => {
      const { status, body } = await rest(system.http, 'POST', `/v1/collections/${name}/points/search`, {
        key: bob.token,
        body: { vector: [1, 0] },
      });
      expect(status).toBe(404);
      return JSON.stringify(body).replaceAll(name, '*');
    };
    expect(await ask('anns')).toBe(await ask('nons'));
    const askOften = (name: string) => async () => {
      for (let at = 0; at < 300; at++) await ask(name);
    };
    await costAsMuch(system.processes[0].pid, askOften('anns'), askOften('nons'));
    await db.close();
  });

  it('6: caches, coalescing and collections that were made again give nobody the answer of another', async () => {
    const [anns, bobs] = [ann, bob].map(({ token }) => connect(system.http, { apiKey: token }));
    const vector = [0.6, 0.8];
    for (const [db, whose] of [
      [anns, 'ann'],
      [bobs, 'bob'],
    ] as const) {
      await db.createCollection('same-name', { dimension: 2 });
      await db.upsert('same-name', [{ id: `of-${whose}`, vector, payload: { whose } }]);
    }
    for (let round = 0; round < 20; round++) {
      const all = await Promise.all([anns, bobs, anns, bobs].map((db) => db.search('same-name', { vector })));
      expect(all.map(({ hits }) => hits.map(({ id }) => id))).toEqual([['of-ann'], ['of-bob'], ['of-ann'], ['of-bob']]);
    }
    await anns.deleteCollection('same-name');
    await anns.createCollection('same-name', { dimension: 2 });
    expect((await anns.search('same-name', { vector })).hits).toEqual([]);
    // A key for one collection does not see the other's answer either.
    const { fullKey } = await keyOf(bob.token, { collections: ['another'] });
    const limited = connect(system.http, { apiKey: fullKey });
    await bobs.search('same-name', { vector });
    await expect(limited.search('same-name', { vector })).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    for (const db of [anns, bobs, limited]) await db.close();
  });

  it('7: nobody gives themselves a role, a plan or a tenant; answers hold no hashes', async () => {
    for (const field of ['role', 'tenantId', 'id', 'isAdmin', 'subscriptionStatus']) {
      const answer = await rest(system.http, 'PUT', '/v1/user/profile', {
        key: ann.token,
        body: { plan: 'FREE', [field]: 'admin' },
      });
      expect([field, answer.status]).toEqual([field, 400]);
    }
    expect(
      (await rest(system.http, 'PUT', '/v1/user/profile', { key: ann.token, body: { plan: 'PAID' } })).status,
    ).toBe(403);
    expect(
      (await rest(system.http, 'POST', '/v1/keys', { key: ann.token, body: { name: 'x', role: 'admin' } })).status,
    ).toBe(403);
    const answers = await Promise.all(
      ['/v1/user/profile', '/v1/keys'].map((path) => rest(system.http, 'GET', path, { key: ann.token })),
    );
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toMatch(/argon2|passwordHash|"mac"/);
  });

  it('8: a key is for its collections, its role and its time', async () => {
    const db = connect(system.http, { apiKey: ann.token });
    await db.createCollection('one', { dimension: 2 });
    await db.createCollection('two', { dimension: 2 });
    const { fullKey } = await keyOf(ann.token, { role: 'read', collections: ['one'] });
    expect((await rest(system.http, 'GET', '/v1/collections', { key: fullKey })).body.collections).toEqual(['one']);
    expect((await rest(system.http, 'GET', '/v1/collections/one/status', { key: fullKey })).status).toBe(200);
    expect((await rest(system.http, 'GET', '/v1/collections/two/status', { key: fullKey })).status).toBe(404);
    const write = await rest(system.http, 'POST', '/v1/collections/one/points', { key: fullKey, body: { points: [] } });
    expect(write.status).toBe(403);
    await db.close();
  });

  it('12: who does not exist and whose password is wrong get the same answer at the same cost', async () => {
    const attempt = async (email: string) => {
      const { status, body } = await rest(system.http, 'POST', '/v1/users/login', {
        body: { email, password: 'not this one' },
      });
      return `${status} ${JSON.stringify(body)}`;
    };
    // One guess of each in a round, so that nobody is slowed down for guessing; and nobody is known from this address.
    const users = Array.from({ length: 12 }, (_, at) => `known-${at}@example.org`);
    for (const email of users) {
      await rest(system.http, 'POST', '/v1/users/register', { body: { email, password: PASSWORD } });
    }
    const answers = new Set<string>();
    const tries = (nameOf: (at: number) => string) => async () => {
      for (let at = 0; at < users.length; at++) answers.add(await attempt(nameOf(at)));
    };
    let nobody = 0;
    await costAsMuch(
      system.processes[0].pid,
      tries((at) => users[at]),
      tries(() => `nobody-${nobody++}@example.org`),
    );
    expect([...answers]).toEqual([expect.stringMatching(/^401 /)]);
  });

  it('13: guessing is delayed after three wrong passwords, whatever X-Forwarded-For says', async () => {
    await join_('guessed@example.org');
    const statuses: number[] = [];
    for (let at = 0; at < 12; at++) {
      const headers = { 'x-forwarded-for': `10.0.0.${at}` };
      const body = { email: 'guessed@example.org', password: `guess number ${at}` };
      const answer = await rest(system.http, 'POST', '/v1/users/login', { body, headers });
      statuses.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(statuses.slice(0, 3)).toEqual([401, 401, 401]);
    // On a slow machine, one or two of the first delays pass meanwhile.
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(6);
    const { body } = await rest(system.http, 'GET', '/v1/admin/audit?limit=1000', { key: system.adminKey });
    const addresses = new Set((body.entries as { address: string; action: string }[]).map(({ address }) => address));
    expect([...addresses].filter((address) => address.startsWith('10.'))).toEqual([]);
  });

  it('14, 15: the signing key is replaced under load and no call fails; logout ends refreshing', async () => {
    const carol = await join_('carol@example.org');
    let failed = 0;
    let calls = 0;
    let stop = false;
    let token = carol.token;
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const { status } = await rest(system.http, 'GET', '/v1/user/profile', { key: token });
        calls += 1;
        if (status !== 200) failed += 1;
      }
    });
    let { refreshToken } = carol;
    for (let round = 0; round < 3; round++) {
      await rest(system.http, 'POST', '/v1/admin/signing-keys/rotate', { key: system.adminKey, body: {} });
      const next = await rest(system.http, 'POST', '/v1/auth/refresh', { body: { refreshToken } });
      ({ refreshToken } = next.body);
      token = next.body.jwtToken;
      const enough = calls + 20;
      await until('more calls', () => calls >= enough);
    }
    stop = true;
    await Promise.all(load);
    expect(failed).toBe(0);
    expect(calls).toBeGreaterThan(50);
    expect((await rest(system.http, 'GET', '/.well-known/jwks.json')).body.keys).toHaveLength(4);
    expect((await rest(system.http, 'POST', '/v1/auth/logout', { key: token, body: {} })).status).toBe(200);
    expect((await rest(system.http, 'POST', '/v1/auth/refresh', { body: { refreshToken } })).status).toBe(401);
    expect((await rest(system.http, 'GET', '/v1/user/profile', { key: token })).status).toBe(401);
  });

  it('16: secrets are files of the owner alone, and no two installations share one', async () => {
    const other = await startSingle();
    const secretsOf = (data: string) =>
      readdirSync(join(data, 'secrets')).map((file) => {
        const path = join(data, 'secrets', file);
        expect([file, statSync(path).mode & 0o777]).toEqual([file, 0o600]);
        return readFileSync(path, 'utf8');
      });
    const both = [...secretsOf(system.data), ...secretsOf(other.data), system.password, other.password];
    expect(new Set(both).size).toBe(both.length);
    expect(statSync(join(system.data, 'bootstrap.json')).mode & 0o777).toBe(0o600);
    await other.stop();
  });

  it('18, 20: pages and errors say what they must and nothing more', async () => {
    const page = await rest(system.http, 'GET', '/docs');
    expect(page.headers.get('content-security-policy')).toMatch(
      /default-src 'self'.*base-uri 'none'; form-action 'self'; frame-ancestors 'none'/,
    );
    expect(page.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe-inline/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const wrong = [
      await rest(system.http, 'GET', '/v1/nothing', { key: ann.token }),
      await rest(system.http, 'POST', '/v1/search', { key: ann.token, raw: '{"a":' }),
      await rest(system.http, 'GET', '/v1/collections/%2e%2e%2f/status', { key: ann.token }),
    ];
    for (const { status, body, headers } of wrong) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(JSON.stringify(body)).not.toMatch(/node_modules|\.js:|\bat \w+ \(|\/work|\/tmp/);
    }
  });

  it('21: a tenant has no more collections and points than it may, and a caller that is gone is counted', async () => {
    const flags = ['--no-sample', '--tenant-max-collections', '2', '--tenant-max-points', '5'];
    const limited = await startSingle(undefined, flags);
    const call = (path: string, body: object) => rest(limited.http, 'POST', path, { key: limited.adminKey, body });
    for (const name of ['one', 'two']) expect((await call('/v1/collections', { name, dimension: 2 })).status).toBe(200);
    const third = await call('/v1/collections', { name: 'three', dimension: 2 });
    expect([third.status, reasonOf(third.body)]).toEqual([429, 'QUOTA_EXCEEDED']);
    const points = Array.from({ length: 6 }, (_, at) => ({ id: `p${at}`, vector: [1, at] }));
    const many = await call('/v1/collections/one/points', { points });
    expect([many.status, reasonOf(many.body)]).toEqual([429, 'QUOTA_EXCEEDED']);
    expect((await call('/v1/collections/one/points', { points: points.slice(0, 5) })).status).toBe(200);
    const huge = await call('/v1/search', { collection: 'one', vector: [1, 0], topK: 1e9 });
    expect(huge.status).toBe(400);
    await limited.stop();
  });

  it('24: hostile strings cost no more than harmless ones of the same length', async () => {
    const long = ['a', '/', '%', '.', 'é', '\\', '{'].map((one) => one.repeat(100_000));
    const { pid } = system.processes[0];
    const cost = async (text: string) => {
      const before = processorMs(pid);
      await rest(system.http, 'POST', '/v1/users/login', { body: { email: `${text}@x`, password: 'some password' } });
      await rest(system.http, 'POST', '/v1/search', { key: ann.token, body: { collection: text, vector: [1, 0] } });
      await rest(system.http, 'POST', '/v1/auth/refresh', { body: { refreshToken: `vr_${text}` } });
      await rest(system.http, 'POST', '/v1/search', {
        key: ann.token,
        body: { collection: 'one', vector: [1, 0], consistency: { level: 'at_least', writeToken: `v1.1-${text}` } },
      });
      return processorMs(pid) - before;
    };
    const harmless = await cost('word '.repeat(20_000));
    // What grows with the square of the length would cost minutes.
    for (const text of long) expect(await cost(text)).toBeLessThan(10 * harmless + 500);
  });

  it('cuts off who sends a request a byte at a time; others go on', async () => {
    const { hostname, port } = new URL(system.http);
    const closed = (head: string) =>
      new Promise<void>((resolve) => {
        const socket = tcpConnect(Number(port), hostname, () => socket.write(head));
        const drip = setInterval(() => socket.write('x'), 500);
        socket.on('error', () => {});
        socket.on('close', () => {
          clearInterval(drip);
          resolve();
        });
      });
    const slow = closed('GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ');
    for (let at = 0; at < 20; at++) expect((await rest(system.http, 'GET', '/healthz')).status).toBe(200);
    await told('until the slow one was cut off', () => slow);
  });

  it('28: the audit log tells who did what, and shows when it was changed', async () => {
    const read = async () => {
      const { body } = await rest(system.http, 'GET', '/v1/admin/audit?limit=1000', { key: system.adminKey });
      return body.entries as { action: string; who: string; result: string; target: string }[];
    };
    // Of many refusals within a second some are only counted, which is told a minute later.
    const entries = await until('the guesses of before', read, (seen) =>
      seen.some(({ action, result }) => action === 'login' && result === 'RATE_LIMITED'),
    );
    const actions = new Set(entries.map(({ action }) => action));
    for (const action of [
      'registerUser',
      'login',
      'createApiKey',
      'deleteApiKey',
      'createCollection',
      'rotateSigningKey',
      'logout',
      'denied',
    ])
      expect(actions).toContain(action);
    // That changes show is in audit.test.ts.
    const verified = await new VectronProcess(['audit', 'verify', '--json', '--data', system.data]).finish();
    expect([verified.code, JSON.parse(verified.output)]).toEqual([0, { entries: expect.any(Number), wrong: '' }]);
    expect((JSON.parse(verified.output) as { entries: number }).entries).toBeGreaterThan(30);
  });

  it('19: no secret is in what was printed, measured or written down', async () => {
    const metrics = await rest(system.http, 'GET', '/metrics', { key: system.adminKey });
    const written = [join(system.data, 'gateway', 'audit.jsonl')].map((file) => readFileSync(file, 'utf8'));
    const cmdlines = system.processes.map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const everything = [...written, metrics.body as string, ...cmdlines].join('\n');
    // The first run prints the administrator's own once; nothing else does.
    const printed = system.processes[0].output;
    for (const secret of [PASSWORD, ann.token, ann.refreshToken, bob.token, system.adminKey, system.password]) {
      expect(everything).not.toContain(secret);
      if (secret !== system.adminKey && secret !== system.password) expect(printed).not.toContain(secret);
    }
    expect(printed.split(system.adminKey).length - 1).toBeLessThanOrEqual(1);
  });
});

describe('security of listeners', () => {
  it('3, 16: nothing listens beyond this machine without TLS', async () => {
    for (const args of [
      ['serve', '--http', '0.0.0.0:0', '--grpc', '127.0.0.1:0'],
      ['serve', '--http', '127.0.0.1:0', '--grpc', '[::]:0'],
      ['pd', '--listen', '0.0.0.0:0'],
      ['worker', '--listen', '0.0.0.0:0'],
      ['auth', '--listen', '0.0.0.0:0'],
    ]) {
      const { code, output } = await new VectronProcess([...args, '--data', tempDir('listen')]).finish();
      expect([args[0], code]).toEqual([args[0], 2]);
      expect(output).toMatch(/TLS/);
    }
  });

  it('17: TLS 1.3 on both public listeners, a certificate that is replaced is used without a restart, HSTS', async () => {
    const dir = tempDir('tls');
    const first = await clusterCertificate(dir, 'server', ['localhost', '127.0.0.1'], 'other');
    const flags = ['--no-sample', '--tls-cert', first.certificate, '--tls-key', first.key];
    const server = new VectronProcess([
      'serve',
      '--data',
      tempDir('tls-data'),
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
      ...flags,
    ]);
    await server.until(/ready; stop/);
    const [, http] = await server.until(/REST\s+https:\/\/([\d.:]+)\/v1/);
    const [, grpc] = await server.until(/gRPC\s+([\d.:]+)/);
    const ca = readFileSync(first.authority);
    const handshake = (address: string, maxVersion?: 'TLSv1.2') =>
      new Promise<{ protocol: string; serial: string }>((resolve, reject) => {
        const [host, port] = address.split(':');
        const socket = tlsConnect(
          { host, port: Number(port), ca, servername: 'localhost', ALPNProtocols: ['h2', 'http/1.1'], maxVersion },
          () => {
            resolve({ protocol: socket.getProtocol() ?? '', serial: socket.getPeerCertificate().serialNumber });
            socket.end();
          },
        );
        socket.on('error', reject);
      });
    const before = await handshake(http);
    expect(before.protocol).toBe('TLSv1.3');
    expect((await handshake(grpc)).protocol).toBe('TLSv1.3');
    for (const address of [http, grpc]) await expect(handshake(address, 'TLSv1.2')).rejects.toThrow();
    const get = () =>
      new Promise<string | undefined>((resolve, reject) => {
        httpsRequest(`https://${http}/healthz`, { ca, servername: 'localhost' }, (answer) => {
          answer.resume();
          resolve(answer.headers['strict-transport-security']);
        })
          .on('error', reject)
          .end();
      });
    expect(await get()).toMatch(/max-age=31536000/);
    // The same authority, another certificate, in the same files; calls go on all the time.
    let failed = 0;
    let stop = false;
    const load = (async () => {
      while (!stop) await get().catch(() => (failed += 1));
    })();
    const second = await clusterCertificate(dir, 'next', ['localhost', '127.0.0.1'], 'other');
    writeFileSync(first.key, readFileSync(second.key));
    writeFileSync(first.certificate, readFileSync(second.certificate));
    for (const address of [http, grpc]) {
      await until(
        'the new certificate is shown',
        () => handshake(address),
        ({ serial }) => serial !== before.serial,
      );
    }
    stop = true;
    await load;
    expect(failed).toBe(0);
    await server.stop();
  });
});

describe('security of a cluster', () => {
  let system: ClusterSystem;
  beforeAll(async () => {
    system = await startCluster({ workers: 1, placementDrivers: 1, gateways: 2 });
  });
  afterAll(() => system?.stop());

  it('3: services speak with those alone that show a certificate of the cluster, and the token', async () => {
    const address = system.cluster.addressOf('pd-1');
    const own = serviceCertificate(system.data);
    const clusterToken = readFileSync(join(system.data, 'secrets', 'cluster.token'), 'utf8').trim();
    const ask = async (options: Parameters<typeof createClient>[2]) => {
      const client = createClient(placement.PlacementServiceService, address, { timeoutMs: 60_000, ...options });
      try {
        await client.api.getLeader({}, callContext({ timeoutMs: 60_000 }));
        return 'OK';
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        client.close();
      }
    };
    const made = ['cluster', 'certificates', '--dir', tempDir('made'), '--host', '10.0.0.7', '--json'];
    expect(JSON.parse((await new VectronProcess(made).finish()).output)).toMatchObject({ key: expect.any(String) });
    const foreign = await clusterCertificate(tempDir('foreign'), 'service', ['127.0.0.1'], 'service');
    const expired = await clusterCertificate(
      join(system.data, 'certificates'),
      'expired',
      ['127.0.0.1'],
      'service',
      new Date(Date.now() - 1_000),
    );
    const etcdOnly = {
      ...own,
      certificate: own.certificate.replace('service', 'local'),
      key: own.key.replace('service', 'local'),
    };
    expect(await ask({ clusterToken, tls: own })).toBe('OK');
    expect(await ask({ clusterToken: 'wrong', tls: own })).toBe('UNAUTHENTICATED');
    expect(await ask({ clusterToken })).toBe('UNAVAILABLE');
    expect(await ask({ clusterToken, tls: { ...foreign, authority: own.authority } })).not.toBe('OK');
    expect(await ask({ clusterToken, tls: expired })).not.toBe('OK');
    expect(etcdOnly.certificate).toMatch(/local\.pem/);
  });

  it('9: revoked keys, changed roles and deleted users are known to every gateway', async () => {
    const [one, two] = system.cluster.info.http;
    const body = { email: 'dave@example.org', password: PASSWORD };
    const user = (await rest(one, 'POST', '/v1/users/register', { body })).body.user.id as string;
    const token = (await rest(one, 'POST', '/v1/users/login', { body })).body.jwtToken as string;
    const { fullKey, keyInfo } = (await rest(one, 'POST', '/v1/keys', { key: token, body: { name: 'k' } })).body;
    const create = (key: string) =>
      rest(two, 'POST', '/v1/collections', { key, body: { name: `c${Date.now()}`, dimension: 2 } });
    const becomes = (status: number, ask: () => Promise<{ status: number }>) =>
      told(`until the other gateway answers ${status}`, () =>
        until(`the answer is ${status}`, ask, (answer) => answer.status === status),
      );
    const list = (key: string) => () => rest(two, 'GET', '/v1/collections', { key });
    expect([(await list(fullKey)()).status, (await list(token)()).status]).toEqual([200, 200]);
    await rest(one, 'PUT', `/v1/admin/users/${user}/role`, { key: system.adminKey, body: { role: 'read' } });
    await becomes(403, () => create(fullKey));
    await rest(one, 'DELETE', `/v1/keys/${keyInfo.keyPrefix}`, { key: token });
    await becomes(401, list(fullKey));
    await rest(one, 'POST', '/v1/user/delete', { key: token, body: { password: PASSWORD } });
    await becomes(401, list(token));
  });

  it('27: while the auth service is away nobody new comes in, and soon nobody at all', async () => {
    const [one] = system.cluster.info.http;
    const list = () => rest(one, 'GET', '/v1/collections', { key: system.adminKey });
    expect((await list()).status).toBe(200);
    await system.cluster.child('auth-1').stop('SIGKILL');
    const stranger = await rest(one, 'GET', '/v1/collections', { key: 'vk_AAAAAAAAAAAA_x' });
    expect([401, 503]).toContain(stranger.status);
    const known = await told('until nobody comes in', () =>
      until('nobody comes in', list, ({ status }) => status !== 200),
    );
    expect([known.status, reasonOf(known.body)]).toEqual([503, 'UNAVAILABLE']);
    await system.cluster.startService('auth-1');
    await until('everybody comes in again', list, ({ status }) => status === 200);
  });
});

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as send } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, open, type VectronClient } from '@vectron/sdk';
import { connectHttpMcp, McpToolError } from '../harness/mcp.js';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const OWN_TOKEN = 'own-token-of-this-test-0123456789abcdef';
const LIST_TOOLS = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

let system: ProcessSystem;
let db: VectronClient;
const running: VectronProcess[] = [];

beforeAll(async () => {
  system = await startSingle();
  db = connect(system.http, { apiKey: system.adminKey });
  for (const [at, name] of ['first', 'second'].entries()) {
    await db.createCollection(name, { dimension: 2 });
    await db.upsert(name, [{ id: `${name}-1`, vector: [1, at], payload: { of: name } }]);
  }
});
afterAll(async () => {
  for (const one of running) await one.stop();
  await db?.close();
  await system?.stop();
});

interface HttpMcp {
  readonly url: string;
  readonly process: VectronProcess;
}

/** `vectron mcp --http`, without a key of its own unless `env` has one. */
async function startHttpMcp(args: string[] = [], env: Record<string, string> = {}): Promise<HttpMcp> {
  const reach = { VECTRON_URL: system.http, VECTRON_DATA: tempDir('mcp-http'), ...env };
  const one = new VectronProcess(['mcp', '--http', '127.0.0.1:0', ...args], reach);
  running.push(one);
  const [, url] = await one.until(/MCP server at (\S+\/mcp)/);
  return { url, process: one };
}

function ownTokenFile(): string {
  const file = join(tempDir('mcp-token'), 'token');
  writeFileSync(file, `${OWN_TOKEN}\n`, { mode: 0o600 });
  return file;
}

interface Asked {
  readonly method?: string;
  readonly token?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}
interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request with any headers, as `fetch` does not let one make it. */
function ask(
  url: string,
  { method = 'POST', token, path, headers = {}, body = LIST_TOOLS }: Asked = {},
): Promise<Answered> {
  const target = new URL(path ?? '/mcp', url);
  const hasBody = ['POST', 'PUT'].includes(method);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const json = hasBody ? text : undefined;
  const all = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...{ accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const request = send(target, { method, headers: all }, (response) => {
      let said = '';
      response.on('data', (bytes) => {
        said += bytes;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: said }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(json);
  });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof McpToolError) return error.body.code;
    throw error;
  }
  return 'OK';
}

describe('callers with API keys of Vectron', () => {
  let mcp: HttpMcp;
  beforeAll(async () => {
    mcp = await startHttpMcp(['--write', '--max-body', '64KiB']);
  });

  it('each act for themselves, with what their keys may do', async () => {
    const made = await Promise.all([
      db.createApiKey('first', { role: 'read', collections: ['first'] }),
      db.createApiKey('second', { role: 'write', collections: ['second'] }),
    ]);
    const [first, second] = await Promise.all(made.map(({ key }) => connectHttpMcp(mcp.url, key)));
    for (const [client, own, other] of [
      [first, 'first', 'second'],
      [second, 'second', 'first'],
    ] as const) {
      const { collections } = await client.call('list_collections');
      expect(collections.map((one: { name: string }) => one.name)).toEqual([own]);
      const { hits } = await client.call('search', { collection: own, vector: [1, 0] });
      expect(hits).toMatchObject([{ id: `${own}-1`, payload: { of: own } }]);
      expect(await codeOf(client.call('search', { collection: other, vector: [1, 0] }))).toBe('COLLECTION_NOT_FOUND');
    }
    const write = (name: string) => ({ collection: name, points: [{ id: 'n', vector: [1, 1] }] });
    expect(await codeOf(first.call('upsert_points', write('first')))).toBe('PERMISSION_DENIED');
    expect(await codeOf(second.call('upsert_points', write('second')))).toBe('OK');
    await Promise.all([first.close(), second.close()]);
  });

  it('are refused without a key, with a wrong one, and with one that reads nothing', async () => {
    const { key } = await db.createApiKey('metrics', { role: 'metrics' });
    const wrong = `${system.adminKey.slice(0, -6)}abcdef`;
    for (const [token, status, code] of [
      [undefined, 401, 'UNAUTHENTICATED'],
      [wrong, 401, 'UNAUTHENTICATED'],
      ['x', 401, 'UNAUTHENTICATED'],
      [key, 403, 'PERMISSION_DENIED'],
    ] as const) {
      for (const path of ['/mcp', '/', '/health']) {
        const answer = await ask(mcp.url, { token, path });
        expect([path, answer.status, JSON.parse(answer.text).error.data.code]).toEqual([path, status, code]);
        expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Bearer realm="vectron"' : undefined);
        if (token !== undefined && token.length > 1) expect(answer.text).not.toContain(token);
      }
    }
    const basic = await ask(mcp.url, { headers: { authorization: `Basic ${system.adminKey}` } });
    expect(basic.status).toBe(401);
    await expect(connectHttpMcp(mcp.url, wrong)).rejects.toThrow();
    expect(mcp.process.output).not.toContain(wrong);
  });

  it('lose what they may with their key: calls at once, the rest within seconds', async () => {
    const { key, info } = await db.createApiKey('revoked', { role: 'read' });
    const client = await connectHttpMcp(mcp.url, key);
    expect((await client.call('list_collections')).collections).toHaveLength(2);
    await db.deleteApiKey(info.prefix);
    await until(
      'the key is refused',
      async () => (await codeOf(client.call('list_collections'))) === 'UNAUTHENTICATED',
    );
    await until('its owner sees no tools', async () => (await ask(mcp.url, { token: key })).status === 401);
    await client.close();
  });

  it('are answered once, without a session, whatever they send', async () => {
    const token = system.adminKey;
    const listed = await ask(mcp.url, { token });
    expect([listed.status, listed.headers['mcp-session-id']]).toEqual([200, undefined]);
    expect(JSON.parse(listed.text).result.tools).toHaveLength(12);
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const answer = await ask(mcp.url, { token, method });
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'POST']);
    }
    expect((await ask(mcp.url, { token, path: '/other' })).status).toBe(404);
    expect((await ask(mcp.url, { token, body: '{' })).status).toBe(400);
    expect((await ask(mcp.url, { token, body: Array.from({ length: 101 }, () => LIST_TOOLS) })).status).toBe(400);
    expect((await ask(mcp.url, { token, headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await ask(mcp.url, { token, body: `"${'x'.repeat(70_000)}"` })).status).toBe(413);
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await ask(mcp.url, { token, headers: chunked, body: `"${'x'.repeat(70_000)}"` })).status).toBe(413);
    expect((await ask(mcp.url, { token })).status).toBe(200);
  });

  it('come from no page of another site, by whatever name it has for this machine', async () => {
    const token = system.adminKey;
    const { port } = new URL(mcp.url);
    for (const [headers, status] of [
      [{ host: `evil.example.org:${port}` }, 403],
      [{ host: `127.0.0.1.evil.example.org:${port}` }, 403],
      [{ host: '0.0.0.0' }, 403],
      [{ host: 'localhost@evil.example.org' }, 403],
      [{ host: `localhost:${port}` }, 200],
      [{ host: '[::1]' }, 200],
      [{ origin: 'https://evil.example.org' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: `http://127.0.0.1:${port}` }, 403],
    ] as const) {
      const answer = await ask(mcp.url, { token, headers });
      expect([headers, answer.status]).toEqual([headers, status]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('may call from the pages and by the names that the operator lists', async () => {
    const origin = 'https://app.example.org';
    const listed = await startHttpMcp(['--origins', origin, '--hosts', 'mcp.example.org']);
    const token = system.adminKey;
    const asked = await ask(listed.url, { method: 'OPTIONS', headers: { origin } });
    expect([asked.status, asked.headers['access-control-allow-origin']]).toEqual([204, origin]);
    expect(asked.headers['access-control-allow-headers']).toContain('authorization');
    const headers = { origin, host: 'mcp.example.org' };
    expect((await ask(listed.url, { token, headers })).status).toBe(200);
    expect((await ask(listed.url, { headers })).status).toBe(401);
    expect((await ask(listed.url, { token, headers: { ...headers, origin: `${origin}.evil.org` } })).status).toBe(403);
  });

  it('get OVERLOADED when more ask at once than may', async () => {
    const one = await startHttpMcp(['--max-requests', '1']);
    const token = system.adminKey;
    const search = { name: 'describe_collection', arguments: { collection: 'first', measureRecall: true } };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: search };
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(one.url, { token, body })));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    const refused = answers.find(({ status }) => status === 429);
    expect([refused?.headers['retry-after'], JSON.parse(refused?.text ?? '').error.data]).toEqual([
      '1',
      expect.objectContaining({ code: 'OVERLOADED', retryable: true }),
    ]);
    expect((await ask(one.url, { token })).status).toBe(200);
  });
});

describe('callers with a token of the server itself', () => {
  it('act with the key that is configured; a key of Vectron is none', async () => {
    const env = { VECTRON_API_KEY: system.adminKey };
    const { url, process } = await startHttpMcp(['--token-file', ownTokenFile(), '--collections', 'first'], env);
    const client = await connectHttpMcp(url, OWN_TOKEN);
    expect((await client.call('list_collections')).collections).toMatchObject([{ name: 'first' }]);
    expect(await codeOf(client.call('count_points', { collection: 'second' }))).toBe('PERMISSION_DENIED');
    for (const token of [system.adminKey, `${OWN_TOKEN}x`, OWN_TOKEN.slice(1)])
      expect([token.length, (await ask(url, { token })).status]).toEqual([token.length, 401]);
    await client.close();
    expect(process.output).not.toContain(OWN_TOKEN);
    expect(process.output).not.toContain(system.adminKey);
  });

  it('reach an embedded database', async () => {
    const dir = tempDir('mcp-http-embedded');
    const own = await open(dir);
    await own.createCollection('here', { dimension: 2 });
    await own.upsert('here', [{ id: 'a', vector: [1, 2] }]);
    await own.close();
    const { url, process } = await startHttpMcp(['--token-file', ownTokenFile(), '--embedded', dir]);
    const client = await connectHttpMcp(url, OWN_TOKEN);
    expect(await client.call('count_points', { collection: 'here' })).toMatchObject({ count: 1 });
    await client.close();
    await process.stop();
    expect((await process.finish()).code).toBe(0);
    await (await open(dir)).close();
  });

  it('are not many who guess it: a short one is refused at the start', async () => {
    const file = join(tempDir('mcp-token'), 'token');
    writeFileSync(file, 'short');
    const args = ['mcp', '--http', '127.0.0.1:0', '--token-file', file];
    const { code, output } = await new VectronProcess(args).finish();
    expect([code, output]).toEqual([2, expect.stringContaining('at least 32')]);
  });
});

describe('the process', () => {
  it('speaks TLS with the certificate that it is given', async () => {
    const dir = tempDir('mcp-tls');
    const [cert, key] = [join(dir, 'server.pem'), join(dir, 'server.key')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      ...subject,
    ];
    expect(spawnSync('openssl', made).status).toBe(0);
    const { url } = await startHttpMcp(['--tls-cert', cert, '--tls-key', key]);
    expect(url).toMatch(/^https:/);
    const headers = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
    const args = Object.entries({ ...headers, authorization: `Bearer ${system.adminKey}` }).flatMap(([name, value]) => [
      '-H',
      `${name}: ${value}`,
    ]);
    const curl = spawnSync('curl', ['-sS', '--cacert', cert, ...args, '-d', JSON.stringify(LIST_TOOLS), url], {
      encoding: 'utf8',
    });
    expect([curl.stderr, JSON.parse(curl.stdout).result.tools.length]).toEqual(['', 9]);
  });

  it('finishes what it has begun at SIGTERM, and ends with 0', async () => {
    const { url, process } = await startHttpMcp();
    const token = system.adminKey;
    const params = { name: 'describe_collection', arguments: { collection: 'first', measureRecall: true } };
    const begun = Array.from({ length: 8 }, (_, id) =>
      ask(url, { token, body: { jsonrpc: '2.0', id, method: 'tools/call', params } }),
    );
    // One has been answered, so the others have arrived as well, or never will.
    await Promise.race(begun);
    await process.stop();
    const outcomes = await Promise.allSettled(begun);
    const answered = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(answered.length).toBeGreaterThan(0);
    for (const { status, text } of answered) expect([status, text]).toEqual([200, expect.stringContaining('"recall"')]);
    expect((await process.finish()).code).toBe(0);
    await expect(ask(url, { token })).rejects.toThrow();
  });

  it('tells that the server of Vectron is away, and serves when it is back', async () => {
    const data = tempDir('mcp-http-away');
    const other = await startSingle(data);
    const { url } = await startHttpMcp(['--timeout-ms', '2000'], { VECTRON_URL: other.http });
    const client = await connectHttpMcp(url, other.adminKey);
    await other.processes[0].stop('SIGKILL');
    // A key that was looked at within seconds is believed; the tool finds nobody to ask.
    const away = await until('the server is away', async () => {
      const answer = await ask(url, { token: other.adminKey });
      return answer.status === 200 ? undefined : answer;
    });
    expect([away.status, JSON.parse(away.text).error.data.code]).toEqual([503, 'UNAVAILABLE']);
    const { port } = new URL(other.http);
    const again = new VectronProcess([
      'serve',
      '--data',
      data,
      '--no-sample',
      '--http',
      `127.0.0.1:${port}`,
      '--grpc',
      '127.0.0.1:0',
    ]);
    await again.until(/ready; stop/);
    expect(await client.call('list_collections')).toEqual({ collections: [] });
    await client.close();
    await again.stop();
  });

  it('does not outlive a caller who goes away: the next ones are served', async () => {
    const { url } = await startHttpMcp(['--max-requests', '2']);
    const token = system.adminKey;
    for (let at = 0; at < 6; at += 1) {
      const stop = new AbortController();
      const headers = {
        authorization: `Bearer ${token}`,
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
      };
      const params = { name: 'describe_collection', arguments: { collection: 'first', measureRecall: true } };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
      const gone = fetch(url, { method: 'POST', headers, body, signal: stop.signal }).catch(() => undefined);
      setImmediate(() => stop.abort());
      await gone;
    }
    await until('there is room', async () => (await ask(url, { token })).status === 200);
  });
});

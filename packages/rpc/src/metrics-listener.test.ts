import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { until } from '../../../test/harness/waiting.js';
import { type MetricsListener, serveMetrics } from './metrics-listener.js';

const TOKEN = 'a-token-of-this-test-alone-that-is-long-enough';
const open: MetricsListener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

/** A listener whose metrics are `text`, with what it logs. */
async function listening(tokens: string, text: () => Promise<string> = async () => 'vectron_up 1\n') {
  const tokenFile = join(mkdtempSync(join(tmpdir(), 'vectron-metrics-')), 'token');
  writeFileSync(tokenFile, tokens);
  const logged: Record<string, unknown>[] = [];
  const logger = createLogger('test', 'info', { write: (line: string) => void logged.push(JSON.parse(line)) });
  const listener = await serveMetrics({ host: '127.0.0.1', port: 0, tokenFile, text, logger });
  open.push(listener);
  return { listener, logged, tokenFile, url: listener.url };
}

const get = (url: string, authorization?: string, init: RequestInit = {}) =>
  fetch(url, { ...init, headers: authorization === undefined ? {} : { authorization } });

describe('the listener of metrics', () => {
  it('tells nobody anything without a token of its file, on loopback too', async () => {
    const { url } = await listening(TOKEN);
    const root = url.replace('/metrics', '');
    for (const authorization of [
      undefined,
      '',
      'Bearer',
      'Bearer wrong',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Basic ${Buffer.from(`prometheus:${TOKEN}`).toString('base64')}`,
      TOKEN,
      `Bearer ${'x'.repeat(4_000)}`,
    ]) {
      for (const path of ['/metrics', '/', '/other']) {
        const answer = await get(root + path, authorization);
        expect([authorization, path, answer.status, await answer.text()]).toEqual([authorization, path, 401, '']);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
    // Nor in the address.
    expect((await get(`${url}?token=${TOKEN}`)).status).toBe(401);
  });

  it('gives the metrics, and nothing else, to who has one', async () => {
    const { url } = await listening(`${TOKEN}\n`);
    const known = `Bearer ${TOKEN}`;
    const answer = await get(url, known);
    expect([answer.status, await answer.text()]).toEqual([200, 'vectron_up 1\n']);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await get(url.replace('/metrics', '/'), known)).status).toBe(404);
    expect((await get(url.replace('/metrics', '/metrics/../metrics/x'), known)).status).toBe(404);
    const posted = await get(url, known, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await get(url, known, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('takes each of several tokens, and the new ones when the file changes; what cannot be used changes nothing', async () => {
    const next = 'the-token-that-comes-after-the-one-of-now';
    const { url, tokenFile, logged } = await listening(`${TOKEN}\n${next}\n`);
    for (const token of [TOKEN, next]) expect((await get(url, `Bearer ${token}`)).status).toBe(200);
    const replace = (text: string) => {
      writeFileSync(`${tokenFile}.new`, text);
      renameSync(`${tokenFile}.new`, tokenFile);
    };
    const said = (msg: RegExp) => until(String(msg), () => logged.some((line) => msg.test(String(line.msg))));
    replace('short');
    await said(/the old ones stay/);
    expect((await get(url, `Bearer ${TOKEN}`)).status).toBe(200);
    replace(next);
    await said(/were read again/);
    expect((await get(url, `Bearer ${TOKEN}`)).status).toBe(401);
    expect((await get(url, `Bearer ${next}`)).status).toBe(200);
    expect(JSON.stringify(logged)).not.toContain(next);
  });

  it('does not begin with a file that holds none, or a word that is guessed', async () => {
    for (const tokens of ['', '\n\n', 'secret', `${TOKEN} ${TOKEN}`, `${TOKEN}\nshort`]) {
      await expect(listening(tokens)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it('writes a flood of wrong tokens down as one line a second, without the tokens', async () => {
    const { url, listener, logged } = await listening(TOKEN);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, () => get(url, 'Bearer guessed-by-somebody').then((one) => one.text())),
      );
    }
    open.splice(0);
    await listener.close();
    const refused = logged.filter(({ msg }) => msg === 'metrics refused: no valid token');
    expect(refused.reduce((sum, { count }) => sum + Number(count), 0)).toBe(200);
    expect(refused.length).toBeLessThan(50);
    expect(refused[0]).toMatchObject({ level: 40, address: '127.0.0.1' });
    expect(JSON.stringify(logged)).not.toContain('guessed');
  });

  it('reads the metrics once for all who ask at the same time, and again after a failure', async () => {
    let asked = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { url, logged } = await listening(TOKEN, async () => {
      asked += 1;
      if (asked > 1) return 'again\n';
      await gate;
      throw new Error('no metrics now');
    });
    const first = [1, 2, 3].map(() => get(url, `Bearer ${TOKEN}`));
    await until('the metrics are read', () => asked > 0);
    // What was sent before these has come when they are answered.
    for (let later = 0; later < 10; later += 1) expect((await get(url, 'Bearer no')).status).toBe(401);
    release();
    const answers = await Promise.all(first);
    expect(answers.map(({ status }) => status)).toEqual([500, 500, 500]);
    expect(asked).toBe(1);
    expect(await (await get(url, `Bearer ${TOKEN}`)).text()).toBe('again\n');
    expect(logged.filter(({ msg }) => msg === 'the metrics could not be read')).toHaveLength(3);
  });

  it('does not wait for a body, and cuts off who sends no whole request', async () => {
    const { url } = await listening(TOKEN);
    const { port } = new URL(url);
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-length': 1_000_000 };
    const sent = request(url, { method: 'GET', headers });
    sent.on('error', () => {});
    sent.write('x');
    const status = await new Promise<number | undefined>((resolve) => {
      sent.on('response', (answer) => resolve(answer.statusCode));
    });
    expect(status).toBe(200);
    sent.destroy();
    const silent = connect(Number(port), '127.0.0.1');
    silent.write('GET /metrics HTTP/1.1\r\nhost: x\r\n');
    let said = '';
    silent.on('data', (chunk) => {
      said += chunk;
    });
    silent.on('error', () => {});
    await new Promise((resolve) => silent.once('close', resolve));
    expect(said).toMatch(/^HTTP\/1\.1 408/);
  });
});

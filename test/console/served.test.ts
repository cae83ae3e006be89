import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type System, startSingle } from '../harness/system.js';
import { launch, logIn, openTab, WIDE } from './browser.js';

/** Of a first load, compressed: the page with all that it has downloaded until it shows what it is for. */
const FIRST_LOAD_BYTES = 250_000;

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('what the gateway serves of the console', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());

  /** As it comes: fetch would unpack it. */
  const get = (path: string, acceptEncoding?: string) =>
    new Promise<Got>((resolve, reject) => {
      const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
      request(system.http + path, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
        response.on('error', reject);
      })
        .on('error', reject)
        .end();
    });
  const plain = ({ headers, body }: Got) => {
    const encoding = headers['content-encoding'];
    if (encoding === undefined) return body;
    return encoding === 'br' ? brotliDecompressSync(body) : gunzipSync(body);
  };
  const script = async () => {
    const { body } = await get('/console');
    return /src="(\/console\/assets\/[^"]+\.js)"/.exec(body.toString())?.[1] as string;
  };

  it.each([
    ['br, gzip', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['gzip;q=1.0, br;q=0', 'gzip'],
    ['identity', undefined],
    ['br;q=0, gzip;q=0', undefined],
    ['', undefined],
    [undefined, undefined],
    ['../../etc/passwd', undefined],
    ['br'.repeat(2_000), undefined],
  ])('a script for accept-encoding %p is %p, and the same script', async (accepted, encoding) => {
    const path = await script();
    const got = await get(path, accepted);
    expect(got.status).toBe(200);
    expect(got.headers['content-encoding']).toBe(encoding);
    expect(got.headers['content-type']).toMatch(/javascript/);
    expect(got.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(got.headers.vary).toMatch(/accept-encoding/i);
    expect(got.headers['content-security-policy']).toContain("default-src 'self'");
    expect(plain(got).equals((await get(path, 'identity')).body)).toBe(true);
  });

  it('the page is asked for each time, an unknown asset is no page and is not kept, and nothing outside is served', async () => {
    for (const path of ['/console', '/console/collections/animals']) {
      expect((await get(path)).headers['cache-control']).toBe('no-cache');
    }
    const unknown = await get('/console/assets/index-00000000.js', 'br');
    expect(unknown.status).toBe(404);
    expect(unknown.headers['cache-control'] ?? '').not.toMatch(/immutable|max-age/);
    for (const path of [
      '/console/assets/../index.html',
      '/console/assets/..%2findex.html',
      '/console/assets/%2e%2e/x',
    ]) {
      expect((await get(path)).body.toString()).not.toContain('<div id="root">');
    }
  });

  it('the first load, of the login and of a page, is less than 250 kB', async () => {
    const browser = await launch();
    try {
      const token = await logIn(system);
      for (const [path, shown, of] of [
        ['/login', 'text=Log in', undefined],
        ['/', 'h1:has-text("Collections"), h2:has-text("Collections")', token],
      ] as const) {
        const tab = await openTab(browser, WIDE, of);
        const sizes: Promise<number>[] = [];
        tab.on('requestfinished', (finished) => {
          sizes.push(finished.sizes().then(({ responseBodySize }) => responseBodySize));
        });
        await tab.goto(`${system.http}/console${path}`, { waitUntil: 'load' });
        await tab.waitForSelector(shown);
        const bytes = (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
        console.log(`first load of /console${path}: ${bytes} bytes`);
        expect(bytes).toBeGreaterThan(20_000);
        expect(bytes).toBeLessThan(FIRST_LOAD_BYTES);
        await tab.close();
      }
    } finally {
      await browser.close();
    }
  });
});

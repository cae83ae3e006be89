import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { CLUSTER_NAME } from '@vectron/rpc';
import { clusterCertificate } from './local/certificates.js';
import { metricsEndpoint, openMetrics } from './metrics-endpoint.js';

const logger = createLogger('test', 'fatal');
const dirOf = () => mkdtempSync(join(tmpdir(), 'vectron-endpoint-'));
const loopback = { host: '127.0.0.1', port: 0 };
const settings = (values: Partial<Parameters<typeof metricsEndpoint>[0]>) => ({
  ...{ metricsListen: undefined, metricsTokenFile: undefined },
  ...values,
});
const INVALID = { code: 'INVALID_ARGUMENT' };

/** Status of a scrape, or why there is none. */
const scrape = (url: string, options: RequestOptions) =>
  new Promise<number | string>((resolve) => {
    const sent = request(url, { servername: CLUSTER_NAME, agent: false, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    sent.end();
  });

describe('where the metrics of a process can be read', () => {
  it('is nowhere unless it is asked for, and then needs a token, which it makes for this user alone', async () => {
    const data = dirOf();
    const none = await metricsEndpoint(settings({}), data, undefined);
    expect(await openMetrics(none, async () => '', logger)).toBeUndefined();
    const endpoint = await metricsEndpoint(settings({ metricsListen: loopback }), data, undefined);
    const file = join(data, 'secrets', 'metrics.token');
    expect(endpoint.tokenFile).toBe(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = readFileSync(file, 'utf8');
    expect(made.trim().length).toBeGreaterThanOrEqual(43);
    await metricsEndpoint(settings({ metricsListen: loopback }), data, undefined);
    expect(readFileSync(file, 'utf8')).toBe(made);
    // A service without data has nowhere to make one.
    await expect(metricsEndpoint(settings({ metricsListen: loopback }), undefined, undefined)).rejects.toMatchObject(
      INVALID,
    );
  });

  it('is not beyond this machine without TLS', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org']) {
      const open = metricsEndpoint(settings({ metricsListen: { host, port: 0 } }), dirOf(), undefined);
      await expect(open).rejects.toMatchObject(INVALID);
    }
  });

  it('takes, within a cluster, a certificate of its authority and the token: neither alone is enough', async () => {
    const dir = dirOf();
    const tls = await clusterCertificate(dir, 'service', ['127.0.0.1'], 'service');
    const scraper = await clusterCertificate(dir, 'prometheus', ['127.0.0.1'], 'scraper');
    const foreign = await clusterCertificate(dirOf(), 'prometheus', ['127.0.0.1'], 'scraper');
    const token = 'a-token-of-this-test-alone-that-is-long-enough';
    const metricsTokenFile = join(dir, 'token');
    writeFileSync(metricsTokenFile, token);
    const endpoint = await metricsEndpoint(settings({ metricsListen: loopback, metricsTokenFile }), undefined, tls);
    const listener = await openMetrics(endpoint, async () => 'vectron_up 1\n', logger);
    const url = listener?.url ?? '';
    expect(url).toMatch(/^https:/);
    const ca = readFileSync(tls.authority);
    const shown = ({ certificate, key }: { certificate: string; key: string }) => ({
      ...{ ca, cert: readFileSync(certificate), key: readFileSync(key) },
    });
    const headers = { authorization: `Bearer ${token}` };
    try {
      expect(await scrape(url, { ...shown(scraper), headers })).toBe(200);
      expect(await scrape(url, shown(scraper))).toBe(401);
      expect(await scrape(url, { ca, headers })).toMatch(/ECONNRESET|SSL|CERT/);
      expect(await scrape(url, { ...shown(foreign), headers })).toMatch(/ECONNRESET|SSL|CERT|ALERT/);
      // TLS 1.2 is not spoken.
      expect(await scrape(url, { ...shown(scraper), headers, maxVersion: 'TLSv1.2' })).toMatch(/SSL|ECONNRESET|EPROTO/);
    } finally {
      await listener?.close();
    }
  });

  it('shows a scraper a certificate of a service, and no scraper can be taken for one', async () => {
    const dir = dirOf();
    const token = 'a-token-of-this-test-alone-that-is-long-enough';
    const metricsTokenFile = join(dir, 'token');
    writeFileSync(metricsTokenFile, token);
    const service = await clusterCertificate(dir, 'service', ['127.0.0.1'], 'service');
    const scraper = await clusterCertificate(dir, 'prometheus', ['127.0.0.1'], 'scraper');
    const endpoint = await metricsEndpoint(settings({ metricsListen: loopback, metricsTokenFile }), undefined, scraper);
    const listener = await openMetrics(endpoint, async () => '', logger);
    try {
      const cert = readFileSync(service.certificate);
      const options = { ca: readFileSync(service.authority), cert, key: readFileSync(service.key) };
      const headers = { authorization: `Bearer ${token}` };
      expect(await scrape(listener?.url ?? '', { ...options, headers })).toMatch(/INVALID_PURPOSE|ALTNAME|CERT/i);
    } finally {
      await listener?.close();
    }
  });
});

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, default as tls } from 'node:tls';
import { expect, it, jest } from '@jest/globals';
import { Module } from '@nestjs/common';
import { VectronError } from '@vectron/errors';
import { createLogger, createProcessMetrics } from '@vectron/observability';
import { CLUSTER_NAME } from '@vectron/rpc';
import { clusterCertificate } from './local/certificates.js';
import { serveInternal, whenReachable } from './service-process.js';

const logger = createLogger('test', 'fatal');

it('a start waits for a store that does not answer yet, however often, and ends with any other error', async () => {
  jest.useFakeTimers();
  let asked = 0;
  const started = whenReachable(logger, async () => {
    asked += 1;
    if (asked < 30) throw new VectronError('UNAVAILABLE', 'etcd does not answer');
    return 'started';
  });
  await jest.advanceTimersByTimeAsync(300_000);
  expect([await started, asked]).toEqual(['started', 30]);
  jest.useRealTimers();
  const wrong = whenReachable(logger, () => Promise.reject(new VectronError('INVALID_ARGUMENT', 'no such prefix')));
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

@Module({})
class Nothing {}

/** The protocol that a TLS handshake ends with, or why there is none. */
const handshake = (port: number, options: tls.ConnectionOptions) =>
  new Promise<string>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: CLUSTER_NAME, ALPNProtocols: ['h2'], ...options });
    socket
      .once('secureConnect', () => resolve(socket.getProtocol() ?? ''))
      .once('error', ({ message }) => resolve(message));
    socket.once('close', () => resolve('closed'));
  });

it('an internal listener with TLS speaks 1.3 alone', async () => {
  const before = tls.DEFAULT_MIN_VERSION;
  const dir = mkdtempSync(join(tmpdir(), 'vectron-internal-'));
  const files = await clusterCertificate(dir, 'service', ['127.0.0.1'], 'service');
  const link = { token: 'a-token-of-this-test-alone-that-is-long-enough', tls: files };
  const listen = { host: '127.0.0.1', port: 0 };
  const metrics = createProcessMetrics({ service: 'test', version: '0' });
  const service = await serveInternal({ module: Nothing }, {}, listen, link, logger, metrics);
  try {
    const port = Number(service.address.split(':').at(-1));
    const shown = {
      ...{ ca: readFileSync(files.authority), cert: readFileSync(files.certificate), key: readFileSync(files.key) },
    };
    expect(await handshake(port, shown)).toBe('TLSv1.3');
    expect(await handshake(port, { ...shown, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).toMatch(
      /alert|closed|reset/i,
    );
  } finally {
    await service.close();
    tls.DEFAULT_MIN_VERSION = before;
  }
});

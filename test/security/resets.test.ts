import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { clusterCertificate } from '../../apps/cli/src/local/certificates.js';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';
import { Attack } from './attackers/attack.js';
import { Others } from './attackers/others.js';

const portOf = (address: string) => Number(/:(\d+)$/.exec(address)?.[1]);

describe('no packet ends the process', () => {
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
    ['upgrade', 'http', 400],
    ['http', 'http', 400],
    ['tls', 'http', 100],
    ['http2', 'grpc', 400],
    ['tls', 'grpc', 100],
  ] as const)('connections that are reset in every phase of %s on the %s listener', async (protocol, wire, count) => {
    const before = others.memory();
    const port = portOf(system[wire]);
    const attack = new Attack('resets.mjs', {
      port,
      protocol,
      count,
      token: protocol === 'upgrade' ? system.adminKey : '',
    });
    const { sent } = await others.during(attack);
    expect(sent).toBeGreaterThan(count / 2);
    await others.once(0);
    await others.memoryIsBack(before);
    expect(system.processes[0].running).toBe(true);
  });
});

describe('no packet ends the process, with TLS', () => {
  let server: VectronProcess;
  const ports = { REST: 0, gRPC: 0 };

  beforeAll(async () => {
    const { certificate, key } = await clusterCertificate(tempDir('tls'), 'server', ['127.0.0.1'], 'other');
    const listen = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--tls-cert', certificate, '--tls-key', key];
    server = new VectronProcess(['serve', '--data', tempDir('tls-data'), '--no-sample', ...listen]);
    await server.until(/ready; stop/);
    for (const wire of ['REST', 'gRPC'] as const) {
      ports[wire] = Number((await server.until(new RegExp(`${wire}\\s+\\S*?:(\\d+)(?:/v1)?\\s`)))[1]);
    }
  });
  afterAll(() => server?.stop());

  it.each(['REST', 'gRPC'] as const)('handshakes and what follows are reset on the %s listener', async (wire) => {
    const flags = { port: ports[wire], protocol: 'tls', tls: true };
    const { sent } = await new Attack('resets.mjs', { ...flags, count: 200 }).ended();
    expect(sent).toBeGreaterThan(100);
    const after = await new Attack('resets.mjs', { ...flags, protocol: 'http2', count: 11 }).ended();
    expect(after.sent).toBe(11);
    expect(server.running).toBe(true);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@vectron/sdk';
import { rest, type SeparateSystem, startSeparate } from '../harness/system.js';
import { describeSystem } from './system.suite.js';

// The gateway's process has two: each is a client of the other services.
describeSystem('each service its own process', () => startSeparate(2, ['--gateways', '2']));

describe('separate services', () => {
  let system: SeparateSystem;
  beforeAll(async () => {
    system = await startSeparate();
  });
  afterAll(() => system?.stop());

  it('a worker that is killed and comes back elsewhere serves what it acknowledged; until then answers say what is missing', async () => {
    const db = connect(system.http, { apiKey: system.adminKey, retries: 8 });
    await db.createCollection('spread', { dimension: 1, distance: 'euclidean' });
    const points = Array.from({ length: 200 }, (_, i) => ({ id: `p${i}`, vector: [i] }));
    await db.upsert('spread', points);
    const whole = await db.search('spread', { vector: [50], topK: 200 });
    expect(whole).toMatchObject({ complete: true, shardsAsked: 2, shardsAnswered: 2 });

    await system.processes[1].stop('SIGKILL');
    const partial = await db.search('spread', { vector: [50], topK: 200 });
    expect(partial).toMatchObject({ complete: false, shardsAsked: 2, shardsAnswered: 1 });
    expect(partial.hits.length).toBeGreaterThan(0);
    expect(partial.hits.length).toBeLessThan(200);
    const once = connect(system.http, { apiKey: system.adminKey, retries: 0 });
    await expect(once.upsert('spread', points)).rejects.toMatchObject({ code: 'UNAVAILABLE' });

    await system.restartWorker(0);
    const again = await db.search('spread', { vector: [50], topK: 200 });
    expect(again.complete).toBe(true);
    expect(again.hits).toEqual(whole.hits);
    await db.deleteCollection('spread');
  });

  it('refuses internal calls without the cluster token, and internal listeners beyond this machine', async () => {
    const { VectronProcess } = await import('../harness/process.js');
    const { placement } = await import('@vectron/proto');
    const { callContext, createClient } = await import('@vectron/rpc');
    const [, lines] = await system.processes[0].until(/ready (\{.*\})/);
    const stranger = createClient(placement.PlacementServiceService, (JSON.parse(lines) as { grpc: string }).grpc);
    await expect(stranger.api.listWorkers({}, callContext())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    stranger.close();
    const open = new VectronProcess(['pd', '--listen', '0.0.0.0:0', '--data', `${system.data}/open`]);
    expect(await open.finish()).toMatchObject({ code: 2, output: expect.stringContaining('requires mutual TLS') });
    expect((await rest(system.http, 'GET', '/readyz')).status).toBe(200);
  });
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { aloneHere, Engine } from '@vectron/engine';
import { createLogger } from '@vectron/observability';
import { localWorkerClient, StreamWorkerClient, workerService } from '@vectron/routing';
import { GrpcServer, VectronExceptionFilter } from '@vectron/rpc';
import { describeWorkerClient } from '../../../packages/routing/src/worker-client.contract.js';
import { ShardService } from './shard-service.js';
import { WorkerController } from './worker.controller.js';

const OPTIONS = { threads: 2, indexThreads: 1, maxWaiting: 10_000, cacheBytes: 8 << 20, writeBufferBytes: 8 << 20 };

async function shards(): Promise<ShardService> {
  const engine = await Engine.open(mkdtempSync(join(tmpdir(), 'vectron-worker-')), OPTIONS);
  await engine.openShard(aloneHere(1, 1), { dimension: 2, metric: 'dot', m: 16, efConstruction: 100 });
  return new ShardService(engine);
}

async function serve(service: ShardService) {
  class TestModule {}
  const logger = createLogger('test', 'fatal');
  const server = new GrpcServer({
    host: '127.0.0.1',
    port: 0,
    services: { 'vectron.worker.v1.WorkerService': workerService },
    authorize: () => undefined,
    logger,
    maxMessageBytes: 64 << 20,
  });
  const module = {
    module: TestModule,
    controllers: [WorkerController],
    providers: [{ provide: ShardService, useValue: service }],
  };
  const app = await NestFactory.createMicroservice(module, { strategy: server, logger: false });
  app.useGlobalFilters(new VectronExceptionFilter());
  await app.listen();
  return { server, app };
}

describeWorkerClient('within the process', async () => {
  const service = await shards();
  const client = localWorkerClient(service);
  return { client, target: { workerId: 'w', address: '' }, close: () => service.close() };
});

describeWorkerClient('coalescing stream', async () => {
  const service = await shards();
  const { server, app } = await serve(service);
  const client = new StreamWorkerClient({});
  const close = async () => {
    await client.close();
    await app.close();
    await service.close();
  };
  return { client, target: { workerId: 'w', address: server.address }, close };
});

it('a broken stream fails its calls with UNAVAILABLE, and a worker that comes back is reached again', async () => {
  const client = new StreamWorkerClient({});
  const submit = (address: string) =>
    client.submit({ workerId: 'w', address }, Buffer.alloc(0), { write: false, timeoutMs: 60_000 });
  await expect(submit('127.0.0.1:1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const service = await shards();
  const { server, app } = await serve(service);
  expect((await submit(server.address)).length).toBeGreaterThan(0);
  await app.close();
  await expect(submit(server.address)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await client.close();
  await service.close();
});

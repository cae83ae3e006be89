import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, type INestApplication, Module, Query, UseFilters } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import {
  defineCollection,
  getCollectionToken,
  getVectronToken,
  InjectVectron,
  VectronHttpFilter,
  VectronModule,
  type VectronModuleOptions,
} from '@vectron/nestjs';
import { rpcExceptionOf } from '@vectron/nestjs/grpc';
import { VectronHealthIndicator } from '@vectron/nestjs/terminus';
import { type Collection, connect, type VectronClient, VectronError } from '@vectron/sdk';
import { type ProcessSystem, rest, startSingle, tempDir } from '../harness/system.js';
import { until } from '../harness/waiting.js';

const Products = defineCollection<{ price: number }>('products', { create: { dimension: 3 } });

/** Calls that fail as they are asked to. */
@Controller()
@UseFilters(VectronHttpFilter)
class FailingController {
  constructor(@InjectVectron() private readonly db: VectronClient) {}
  @Get('search')
  async search(@Query('collection') collection: string, @Query('dimension') dimension: string) {
    const { hits } = await this.db.search(collection, { vector: new Float32Array(Number(dimension)).fill(1) });
    return hits;
  }
  @Get('other')
  other(): never {
    throw new Error('of the application itself');
  }
}

@Controller()
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly vectron: VectronHealthIndicator,
  ) {}
  @Get('health')
  check() {
    return this.health.check([() => this.vectron.isHealthy('vectron')]);
  }
}
@Module({ imports: [TerminusModule], controllers: [HealthController], providers: [VectronHealthIndicator] })
class HealthModule {}

const stopping: INestApplication[] = [];
/** Listens on a port of its own; gives the application and its address. */
async function application(options: VectronModuleOptions, features = [Products]) {
  const module = await Test.createTestingModule({
    imports: [VectronModule.forRoot(options), VectronModule.forFeature(features), HealthModule],
    controllers: [FailingController],
  }).compile();
  // Faults are logged: these are meant.
  const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  stopping.push(app);
  const asked = async (path: string) => rest(await app.getUrl(), 'GET', path);
  return { app, asked };
}

describe('@vectron/nestjs with a server', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(async () => {
    for (const app of stopping) await app.close();
    await system?.stop();
  });
  const urls = () => ({ rest: system.http, grpc: `grpc://${system.grpc}` });

  it.each(['rest', 'grpc'] as const)('reads and writes over %s, beside another client by its name', async (wire) => {
    const apiKey = system.adminKey;
    const { key } = await connect(system.http, { apiKey }).createApiKey(`reader-${wire}`, { role: 'read' });
    const module = await Test.createTestingModule({
      imports: [
        VectronModule.forRoot({ url: urls()[wire], apiKey }),
        VectronModule.forRootAsync({ name: 'reader', useFactory: () => ({ url: urls()[wire], apiKey: key }) }),
        VectronModule.forFeature([Products, { name: 'products', client: 'reader' }]),
      ],
    }).compile();
    const app = await module.init();
    const products = app.get<Collection<{ price: number }>>(getCollectionToken(Products));
    const point = { id: wire, vector: [1, 0, 0], payload: { price: 5 } };
    await products.upsert([point]);
    const reader = app.get<Collection>(getCollectionToken('products', 'reader'));
    expect(await reader.get(wire, { consistency: 'linearizable' })).toMatchObject({ payload: { price: 5 } });
    // What the health indicator asks is for every role.
    expect(await reader.client.admin.health()).toMatchObject({ status: 'ok' });
    await expect(reader.upsert([point])).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await app.close();
  });

  it('makes a collection once when several applications start together', async () => {
    const race = defineCollection('race', { create: { dimension: 2 } });
    const options = { url: urls().grpc, apiKey: system.adminKey };
    const apps = await Promise.all(Array.from({ length: 4 }, () => application(options, [race as never])));
    const db = apps[0].app.get<VectronClient>(getVectronToken());
    expect(await db.collectionStatus('race')).toMatchObject({ dimension: 2, points: 0 });
  });

  it.each(['rest', 'grpc'] as const)(
    'answers with the errors of Vectron over %s, and their request ids',
    async (wire) => {
      const { asked } = await application({ url: urls()[wire], apiKey: system.adminKey });
      const id = expect.stringMatching(/^[\w-]{8,}$/);
      const missing = await asked('/search?collection=missing&dimension=3');
      const notFound = { statusCode: 404, code: 'COLLECTION_NOT_FOUND', message: expect.stringContaining('missing') };
      expect([missing.status, missing.body]).toEqual([404, { ...notFound, requestId: id }]);
      const wrong = await asked('/search?collection=products&dimension=2');
      expect(wrong).toMatchObject({ status: 400, body: { code: 'DIMENSION_MISMATCH', requestId: id } });
      expect(wrong.body.message).toContain('3');
      // Errors of others are none of this filter's.
      expect(await asked('/other')).toMatchObject({ status: 500, body: { message: 'Internal server error' } });
    },
  );

  it.each(['rest', 'grpc'] as const)(
    'says of a wrong key over %s that it is wrong, and nothing of it',
    async (wire) => {
      const apiKey = 'vk_nobody.has-this-key';
      const { asked } = await application({ url: urls()[wire], apiKey }, []);
      // The caller of the application has done nothing wrong.
      const refused = await asked('/search?collection=products&dimension=3');
      expect(refused).toMatchObject({ status: 502, body: { statusCode: 502, code: 'UNAUTHENTICATED' } });
      const health = await asked('/health');
      const down = { vectron: { status: 'down', code: 'UNAUTHENTICATED', requestId: expect.any(String) } };
      expect(health).toMatchObject({ status: 503, body: { status: 'error', error: down } });
      expect(JSON.stringify([refused.body, health.body])).not.toContain('nobody');
      // A collection that is to be made cannot be: the application does not start.
      const starting = application({ url: urls()[wire], apiKey });
      await expect(starting).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    },
  );

  it('is a filter for all calls, too', async () => {
    const module = await Test.createTestingModule({
      imports: [VectronModule.forRoot({ url: urls().rest, apiKey: system.adminKey })],
      controllers: [FailingController],
      providers: [{ provide: APP_FILTER, useClass: VectronHttpFilter }],
    }).compile();
    const app = module.createNestApplication(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    stopping.push(app);
    const { status, body } = await rest(await app.getUrl(), 'GET', '/search?collection=missing&dimension=3');
    expect([status, body.code]).toEqual([404, 'COLLECTION_NOT_FOUND']);
  });
});

describe('@vectron/nestjs with a server that is killed', () => {
  it.each(['http', 'grpc'] as const)('is down over %s, and up again when the server is', async (wire) => {
    const data = tempDir('nestjs');
    let system = await startSingle(data);
    const { http, grpc, adminKey: apiKey } = system;
    const address = { http, grpc: `grpc://${grpc}` }[wire];
    const { asked, app } = await application({ url: address, apiKey, retries: 0 });
    try {
      expect(await asked('/health')).toMatchObject({
        status: 200,
        body: { status: 'ok', info: { vectron: { status: 'up', database: 'ok' } } },
      });
      await system.processes[0].stop('SIGKILL');
      const down = { status: 'error', error: { vectron: { status: 'down', code: 'UNAVAILABLE' } } };
      expect(await asked('/health')).toMatchObject({ status: 503, body: down });
      const refused = await asked('/search?collection=products&dimension=3');
      expect(refused).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
      // Where the database is stays inside.
      expect(refused.body.message).not.toMatch(/127|\d{4}/);
      const flags = ['--http', http.replace('http://', ''), '--grpc', grpc, '--no-sample'];
      system = await startSingle(data, flags);
      await until('the health of the application', async () => (await asked('/health')).status === 200);
      expect((await asked('/search?collection=products&dimension=3')).status).toBe(200);
    } finally {
      await app.close();
      await system.stop();
    }
  });
});

describe('the status of a gRPC call', () => {
  const statusOf = (error: VectronError) => {
    const { code, message, metadata } = rpcExceptionOf(error).getError() as {
      code: number;
      message: string;
      metadata: { getMap(): object };
    };
    return { code, message, metadata: metadata.getMap() };
  };

  it('has the code of the error, its request id and what else is known', () => {
    const details = { field: 'vector', requestId: 'r-1', retryAfterMs: 250 };
    expect(statusOf(new VectronError('RATE_LIMITED', 'too many calls', { details }))).toEqual({
      code: 8,
      message: 'too many calls',
      metadata: {
        'vectron-code': 'RATE_LIMITED',
        'vectron-field': 'vector',
        'x-request-id': 'r-1',
        'grpc-retry-pushback-ms': '250',
      },
    });
    expect(statusOf(new VectronError('POINT_NOT_FOUND', 'no point ä'))).toEqual({
      code: 5,
      message: 'no point ä',
      metadata: { 'vectron-code': 'POINT_NOT_FOUND' },
    });
  });

  it('says nothing of the inside of a fault, nor that the caller is unknown when the application is', () => {
    for (const [code, status] of [
      ['UNAVAILABLE', 14],
      ['INTERNAL', 13],
      ['STORAGE_FAILED', 13],
      ['UNAUTHENTICATED', 13],
      ['PERMISSION_DENIED', 13],
      ['DEADLINE_EXCEEDED', 4],
    ] as const) {
      const told = statusOf(new VectronError(code, 'at 10.0.0.1:8081, /var/lib', { details: { field: 'a.b' } }));
      expect(told).toMatchObject({ code: status, message: expect.not.stringContaining('10.0.0.1') });
      expect(told.metadata).toEqual({ 'vectron-code': code });
    }
  });

  it('takes a field whose name has other characters than metadata', () => {
    const details = { field: 'payload.größe\n' };
    expect(statusOf(new VectronError('INVALID_ARGUMENT', 'x', { details })).metadata).toMatchObject({
      'vectron-field': 'payload.gr??e?',
    });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { EmbeddingProviders, parseProviders } from '@vectron/embeddings';
import type { Logger, Metrics } from '@vectron/observability';
import { Authenticator } from './access.js';
import { AccountRestController } from './account.rest.controller.js';
import { Admission } from './admission.js';
import { AlertService } from './alert.service.js';
import { AuditLog } from './audit.js';
import { AuthGrpcController } from './auth.grpc.controller.js';
import { AuthGuard } from './auth.guard.js';
import { BACKENDS, type Backends, CONFIG, METRICS, REDIS } from './backends.js';
import { ChangeService } from './change.service.js';
import { ClusterRestController } from './cluster.rest.controller.js';
import { ClusterService } from './cluster.service.js';
import { CollectionService } from './collection.service.js';
import type { GatewayConfig } from './config.js';
import { DataRestController } from './data.rest.controller.js';
import { Edge, openRedis } from './edge.js';
import { EmbeddingService } from './embedding.service.js';
import { FeedbackService, GATEWAY_DB } from './feedback.service.js';
import type { GatewayDb } from './gateway-db.js';
import { ErrorFilter } from './http-error.filter.js';
import { ImpressionLog } from './impression-log.js';
import { PointService } from './point.service.js';
import { QueryRestController } from './query.rest.controller.js';
import { QueryService } from './query.service.js';
import { ResultCache } from './result-cache.js';
import { RouteTable } from './routes.js';
import { SchemaService } from './schema.service.js';
import { SearchService } from './search.service.js';
import { ShardCaller } from './shard-caller.js';
import { SystemRestController } from './system.rest.controller.js';
import { SystemService } from './system.service.js';
import { TenantQuota } from './tenant-quota.js';
import { VectronGrpcController } from './vectron.grpc.controller.js';

/** Waiting for changes costs little, and takes long. */
const MAX_WATCHES = 1_000;
const MAX_MANAGING = 64;

const passwordIn = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8').trim());

async function factsOf(system: SystemService, cluster: ClusterService) {
  const [workers, shards, requests] = await Promise.all([system.workerInfos(), cluster.shards(), system.lastMinute()]);
  return { workers, shards, requests };
}

@Module({})
export class GatewayModule {
  static create(
    config: GatewayConfig,
    backends: Backends,
    db: GatewayDb,
    metrics: Metrics,
    logger: Logger,
  ): DynamicModule {
    const routes = new RouteTable(backends);
    const authenticator = new Authenticator(backends);
    const redis = openRedis(config.redis, passwordIn(config.redisPasswordFile));
    const { maxReads: read, maxWrites: write } = config;
    const admission = new Admission({ read, write, watch: MAX_WATCHES, manage: MAX_MANAGING }, metrics);
    const audit = new AuditLog(join(config.data, 'gateway'), logger);
    const edge = new Edge(config, authenticator, admission, audit, metrics, redis);
    const { cacheTtlMs: ttlMs, cacheBytes: maxBytes } = config;
    const cache = new ResultCache({ ttlMs, maxBytes, redis, prefix: 'vectron:' }, metrics, logger);
    return {
      module: GatewayModule,
      controllers: [
        VectronGrpcController,
        AuthGrpcController,
        DataRestController,
        QueryRestController,
        AccountRestController,
        SystemRestController,
        ClusterRestController,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: BACKENDS, useValue: backends },
        { provide: GATEWAY_DB, useValue: db },
        { provide: METRICS, useValue: metrics },
        { provide: RouteTable, useValue: routes },
        { provide: ShardCaller, useValue: new ShardCaller(backends, routes, config.hedgeMs, metrics) },
        { provide: Authenticator, useValue: authenticator },
        { provide: Edge, useValue: edge },
        { provide: EmbeddingService, useValue: new EmbeddingService(providersOf(config)) },
        { provide: AuditLog, useValue: audit },
        { provide: ResultCache, useValue: cache },
        { provide: REDIS, useValue: redis },
        { provide: ImpressionLog, useValue: new ImpressionLog() },
        {
          provide: AlertService,
          useFactory: (system: SystemService, cluster: ClusterService) =>
            new AlertService(db, () => factsOf(system, cluster), logger),
          inject: [SystemService, ClusterService],
        },
        TenantQuota,
        SchemaService,
        CollectionService,
        PointService,
        QueryService,
        SearchService,
        ChangeService,
        FeedbackService,
        SystemService,
        ClusterService,
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useValue: new ErrorFilter(logger) },
      ],
    };
  }
}

/** Read once, at the start: a wrong file stops it. */
function providersOf({ embeddings }: GatewayConfig): EmbeddingProviders {
  return new EmbeddingProviders(embeddings === undefined ? {} : parseProviders(readFileSync(embeddings, 'utf8')));
}

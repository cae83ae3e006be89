import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { EmbeddingProviders, parseProviders } from '@vectron/embeddings';
import type { Logger, Metrics } from '@vectron/observability';
import { AlertService } from './admin/alert.service.js';
import { ClusterService } from './admin/cluster.service.js';
import { RecallWatch } from './admin/recall-watch.js';
import { SystemService } from './admin/system.service.js';
import { UserDeletion } from './admin/user-deletion.js';
import { BACKENDS, type Backends, CONFIG, METRICS, REDIS } from './backends.js';
import type { GatewayConfig } from './config.js';
import { CachedSearch } from './data/cached-search.js';
import { ChangeService } from './data/change.service.js';
import { CollectionService } from './data/collection.service.js';
import { EmbeddingService } from './data/embedding.service.js';
import { FeedbackService, GATEWAY_DB } from './data/feedback.service.js';
import { ImpressionLog } from './data/impression-log.js';
import { PointService } from './data/point.service.js';
import { QueryService } from './data/query.service.js';
import { RecallService } from './data/recall.service.js';
import { Reranking } from './data/reranking.js';
import { ResultCache } from './data/result-cache.js';
import { SchemaService } from './data/schema.service.js';
import { SearchService } from './data/search.service.js';
import { SearchBatchService } from './data/search-batch.service.js';
import { ShardSearch } from './data/shard-search.js';
import { SnapshotService } from './data/snapshot.service.js';
import { Authenticator } from './edge/access.js';
import { Admission } from './edge/admission.js';
import { AuditLog, ROTATE_BYTES } from './edge/audit.js';
import { Edge, openRedis, READ_WAIT_SHARE, rateLimiter } from './edge/edge.js';
import { TenantQuota } from './edge/tenant-quota.js';
import type { GatewayDb } from './gateway-db.js';
import { RouteTable } from './shards/routes.js';
import { ShardCaller } from './shards/shard-caller.js';
import { AdminGrpcController } from './wire/grpc/admin.grpc.controller.js';
import { AuthGrpcController } from './wire/grpc/auth.grpc.controller.js';
import { CollectionGrpcController } from './wire/grpc/collection.grpc.controller.js';
import { VectronGrpcController } from './wire/grpc/vectron.grpc.controller.js';
import { ErrorFilter } from './wire/rest/http-error.filter.js';

/** Requests that manage collections, keys or accounts wait in line for no longer, milliseconds: people look at them. */
const MOST_WAIT_MS = 5_000;
/** Reads that take long at once, for each core, and at least so many. */
const SCANS_PER_CORE = 2;
const LEAST_SCANS = 4;
const MAX_MANAGING = 64;

const passwordIn = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file, 'utf8').trim());

async function factsOf(system: SystemService, cluster: ClusterService, watch: RecallWatch) {
  const [workers, shards, requests] = await Promise.all([system.workerInfos(), cluster.shards(), system.lastMinute()]);
  const replicas = shards.flatMap(({ tenantId, collection, shardId, replicas }) =>
    replicas.map(({ worker, recalls }) => ({ tenantId, collection, shardId, worker, recalls })),
  );
  return { workers, shards, requests, recalls: watch.look(replicas) };
}

/** Requests wait for a part of their budget, so that there is time left for their work; management not for long. */
function waitsOf({ searchTimeoutMs, writeTimeoutMs }: GatewayConfig) {
  const write = writeTimeoutMs / 2;
  const read = searchTimeoutMs * READ_WAIT_SHARE;
  return { read, scan: read, write, bulk: write, manage: Math.min(write, MOST_WAIT_MS) };
}

@Module({})
export class GatewayModule {
  static async create(
    config: GatewayConfig,
    backends: Backends,
    db: GatewayDb,
    metrics: Metrics,
    logger: Logger,
  ): Promise<DynamicModule> {
    const routes = new RouteTable(backends);
    const authenticator = new Authenticator(backends);
    const redis = await openRedis(config.redis, passwordIn(config.redisPasswordFile));
    const { maxReads: read, maxWrites: write } = config;
    const scan = config.maxScans || Math.max(LEAST_SCANS, SCANS_PER_CORE * availableParallelism());
    // Large ones leave half of the room for writes of a few points.
    const bulk = Math.ceil(write / 2);
    const limits = { read, scan, write, bulk, watch: config.maxWatches, manage: MAX_MANAGING };
    const held = { tenant: config.tenantMaxWatches, key: config.keyMaxWatches };
    const admission = new Admission(limits, waitsOf(config), metrics, held);
    const auditLimits = { keepFiles: config.auditKeep, rotateBytes: ROTATE_BYTES };
    const audit = new AuditLog(join(config.data, 'gateway'), backends.authInternal, auditLimits, logger);
    const edge = new Edge(rateLimiter(config, redis), authenticator, admission, audit, metrics);
    const { cacheTtlMs: ttlMs, cacheBytes: maxBytes } = config;
    const cache = new ResultCache({ ttlMs, maxBytes, redis, prefix: 'vectron:' }, metrics, logger);
    return {
      module: GatewayModule,
      controllers: [VectronGrpcController, CollectionGrpcController, AuthGrpcController, AdminGrpcController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: BACKENDS, useValue: backends },
        { provide: GATEWAY_DB, useValue: db },
        { provide: METRICS, useValue: metrics },
        { provide: RouteTable, useValue: routes },
        {
          provide: ShardCaller,
          useValue: new ShardCaller(backends, routes, config.hedgeMs, metrics, config.maxAnswering),
        },
        { provide: Authenticator, useValue: authenticator },
        { provide: Edge, useValue: edge },
        { provide: EmbeddingService, useValue: new EmbeddingService(providersOf(config), routes) },
        { provide: AuditLog, useValue: audit },
        { provide: ResultCache, useValue: cache },
        { provide: REDIS, useValue: redis },
        { provide: ImpressionLog, useValue: new ImpressionLog() },
        {
          provide: AlertService,
          useFactory: (system: SystemService, cluster: ClusterService) => {
            const watch = new RecallWatch();
            return new AlertService(db, () => factsOf(system, cluster, watch), logger);
          },
          inject: [SystemService, ClusterService],
        },
        TenantQuota,
        SchemaService,
        CollectionService,
        PointService,
        QueryService,
        RecallService,
        Reranking,
        ShardSearch,
        CachedSearch,
        SearchService,
        SearchBatchService,
        ChangeService,
        SnapshotService,
        FeedbackService,
        SystemService,
        ClusterService,
        UserDeletion,
        { provide: APP_FILTER, useValue: new ErrorFilter(logger) },
      ],
    };
  }
}

/** Read once, at the start: a wrong file stops it. */
function providersOf({ embeddings }: GatewayConfig): EmbeddingProviders {
  return new EmbeddingProviders(embeddings === undefined ? {} : parseProviders(readFileSync(embeddings, 'utf8')));
}

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { EmbeddingProviders, parseProviders } from '@vectron/embeddings';
import type { Logger, Metrics } from '@vectron/observability';
import type { PartOfLimit } from '@vectron/rpc';
import type { Redis } from 'ioredis';
import { AlertService } from './admin/alert.service.js';
import { ClusterService } from './admin/cluster.service.js';
import { SystemService } from './admin/system.service.js';
import { UserDeletion } from './admin/user-deletion.js';
import { BACKENDS, type Backends, CONFIG, LOGGER, METRICS, REDIS } from './backends.js';
import type { GatewayConfig } from './config.js';
import { CachedSearch } from './data/cached-search.js';
import { ChangeService } from './data/change.service.js';
import { CollectionService } from './data/collection.service.js';
import { EmbeddingService } from './data/embedding.service.js';
import { FeedbackService } from './data/feedback.service.js';
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
import { UpsertStreamService } from './data/upsert-stream.service.js';
import { Authenticator } from './edge/access.js';
import { Admission } from './edge/admission.js';
import { AuditLog } from './edge/audit.js';
import { Edge, READ_WAIT_SHARE } from './edge/edge.js';
import { TenantQuota } from './edge/tenant-quota.js';
import type { WorkKind } from './edge/work-kind.js';
import { RouteTable } from './shards/routes.js';
import { ShardCaller } from './shards/shard-caller.js';
import type { SharedParts } from './shared/parts.js';
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

/** What one gateway has for itself, and what it shares with the others of its process. */
export interface GatewayParts {
  readonly shared: SharedParts;
  readonly routes: RouteTable;
  readonly redis: Redis | undefined;
  readonly impressions: ImpressionLog;
  /** Gateways that this one is one of: of what is limited for all of them together, it may use so small a part. */
  readonly among: number;
  /** The part of what it may use more of while the others use less; undefined: it is the only one. */
  readonly partOf?: (use: WorkKind | 'receiving') => PartOfLimit;
}

/** Requests wait for a part of their budget, so that there is time left for their work; management not for long. */
function waitsOf({ searchTimeoutMs, writeTimeoutMs }: GatewayConfig) {
  const write = writeTimeoutMs / 2;
  const read = searchTimeoutMs * READ_WAIT_SHARE;
  return { read, scan: read, write, bulk: write, manage: Math.min(write, MOST_WAIT_MS) };
}

/** How many requests of each kind are let in at once, by all gateways of a process together. */
export function roomsOf(config: GatewayConfig): Record<WorkKind, number> {
  const { maxReads: read, maxWrites: write, maxWatches: watch } = config;
  const scan = config.maxScans || Math.max(LEAST_SCANS, SCANS_PER_CORE * availableParallelism());
  // Large ones leave half of the room for writes of a few points.
  return { read, scan, write, bulk: Math.ceil(write / 2), watch, manage: MAX_MANAGING };
}

@Module({})
export class GatewayModule {
  static create(
    config: GatewayConfig,
    backends: Backends,
    metrics: Metrics,
    logger: Logger,
    { shared, routes, redis, impressions, among, partOf }: GatewayParts,
  ): DynamicModule {
    const authenticator = new Authenticator(backends);
    const part = (limit: number) => Math.floor(limit / among);
    const admission = new Admission(roomsOf(config), waitsOf(config), metrics, undefined, shared.open, partOf);
    const { limiter, audit, strangers, writes } = shared;
    const edge = new Edge(limiter, authenticator, admission, audit, metrics, strangers);
    const { cacheTtlMs: ttlMs, cacheBytes } = config;
    const cached = { ttlMs, maxBytes: part(cacheBytes), redis, prefix: 'vectron:' };
    const cache = new ResultCache(cached, metrics, logger, writes);
    return {
      module: GatewayModule,
      controllers: [VectronGrpcController, CollectionGrpcController, AuthGrpcController, AdminGrpcController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: BACKENDS, useValue: backends },
        { provide: METRICS, useValue: metrics },
        { provide: LOGGER, useValue: logger },
        { provide: RouteTable, useValue: routes },
        {
          provide: ShardCaller,
          useValue: new ShardCaller(backends, routes, config.hedgeMs, metrics, part(config.maxAnswering)),
        },
        { provide: Authenticator, useValue: authenticator },
        { provide: Edge, useValue: edge },
        { provide: EmbeddingService, useValue: new EmbeddingService(providersOf(config), routes) },
        { provide: AuditLog, useValue: audit },
        { provide: ResultCache, useValue: cache },
        { provide: REDIS, useValue: redis },
        { provide: ImpressionLog, useValue: impressions },
        { provide: AlertService, useValue: shared.alerts },
        { provide: SystemService, useValue: shared.system },
        { provide: FeedbackService, useValue: shared.feedback },
        TenantQuota,
        SchemaService,
        CollectionService,
        PointService,
        UpsertStreamService,
        QueryService,
        RecallService,
        Reranking,
        ShardSearch,
        CachedSearch,
        SearchService,
        SearchBatchService,
        ChangeService,
        SnapshotService,
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

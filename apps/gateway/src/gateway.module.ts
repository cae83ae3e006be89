import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { Logger, Metrics } from '@vectron/observability';
import { Authenticator } from './access.js';
import { AccountRestController } from './account.rest.controller.js';
import { AlertService } from './alert.service.js';
import { AuthGrpcController } from './auth.grpc.controller.js';
import { AuthGuard } from './auth.guard.js';
import { BACKENDS, type Backends, CONFIG, METRICS } from './backends.js';
import { ChangeService } from './change.service.js';
import { ClusterRestController } from './cluster.rest.controller.js';
import { ClusterService } from './cluster.service.js';
import { CollectionService } from './collection.service.js';
import type { GatewayConfig } from './config.js';
import { DataRestController } from './data.rest.controller.js';
import { FeedbackService, GATEWAY_DB } from './feedback.service.js';
import type { GatewayDb } from './gateway-db.js';
import { ErrorFilter } from './http-error.filter.js';
import { ImpressionLog } from './impression-log.js';
import { PointService } from './point.service.js';
import { RouteTable } from './routes.js';
import { SearchService } from './search.service.js';
import { ShardCaller } from './shard-caller.js';
import { SystemRestController } from './system.rest.controller.js';
import { SystemService } from './system.service.js';
import { VectronGrpcController } from './vectron.grpc.controller.js';

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
    return {
      module: GatewayModule,
      controllers: [
        VectronGrpcController,
        AuthGrpcController,
        DataRestController,
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
        { provide: ShardCaller, useValue: new ShardCaller(backends, routes) },
        { provide: Authenticator, useValue: new Authenticator(backends) },
        { provide: ImpressionLog, useValue: new ImpressionLog() },
        { provide: AlertService, useValue: new AlertService(db, backends, logger) },
        CollectionService,
        PointService,
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

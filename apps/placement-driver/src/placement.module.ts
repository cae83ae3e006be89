import { type DynamicModule, Module } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import type { Logger } from '@vectron/observability';
import { Catalog } from './catalog.js';
import { CatalogView } from './catalog-view.js';
import type { PlacementConfig } from './config.js';
import { ControlLoop } from './control-loop.js';
import { Heartbeats } from './heartbeats.js';
import { PlacementController } from './placement.controller.js';
import { PlacementNode } from './placement-node.js';
import { DEFAULT_LIMITS } from './planner.js';
import { RerankerRegistry } from './reranker-registry.js';
import type { WorkerCalls } from './worker-calls.js';

@Module({})
export class PlacementModule {
  /** `PlacementNode.start` begins its part in the background work. */
  static create(config: PlacementConfig, meta: MetaStore, workers: WorkerCalls, logger: Logger): DynamicModule {
    const catalog = new Catalog(meta);
    const view = new CatalogView(meta);
    const unhealthyMs = config.unhealthySeconds * 1000;
    const heartbeats = new Heartbeats(
      unhealthyMs,
      () => performance.now(),
      (shardId) => view.touchShard(shardId),
    );
    const loop = new ControlLoop({
      catalog,
      view,
      heartbeats,
      workers,
      limits: {
        ...DEFAULT_LIMITS,
        imbalance: config.imbalancePercent / 100,
        maxRunning: config.maxMoves,
        splitBytes: config.splitBytes,
        splitLoad: config.splitLoad,
      },
      unhealthyMs,
      repairMs: config.repairSeconds * 1000,
      balances: config.balance,
      logger,
      nowMs: Date.now,
    });
    return {
      module: PlacementModule,
      controllers: [PlacementController],
      providers: [
        { provide: Catalog, useValue: catalog },
        { provide: CatalogView, useValue: view },
        { provide: Heartbeats, useValue: heartbeats },
        { provide: ControlLoop, useValue: loop },
        { provide: PlacementNode, useValue: new PlacementNode(meta, view, loop, workers) },
        { provide: RerankerRegistry, useValue: new RerankerRegistry(meta, Date.now) },
      ],
    };
  }
}

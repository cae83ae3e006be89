import { type DynamicModule, Module } from '@nestjs/common';
import type { MetaStore } from '@vectron/metastore';
import { Catalog } from './catalog.js';
import type { PlacementConfig } from './config.js';
import { Heartbeats } from './heartbeats.js';
import { META, PlacementController } from './placement.controller.js';
import { RerankerRegistry } from './reranker-registry.js';

@Module({})
export class PlacementModule {
  static create(config: PlacementConfig, meta: MetaStore): DynamicModule {
    return {
      module: PlacementModule,
      controllers: [PlacementController],
      providers: [
        { provide: META, useValue: meta },
        { provide: Catalog, useValue: new Catalog(meta) },
        { provide: Heartbeats, useValue: new Heartbeats(config.unhealthySeconds * 1000, Date.now) },
        { provide: RerankerRegistry, useValue: new RerankerRegistry(Date.now) },
      ],
    };
  }
}

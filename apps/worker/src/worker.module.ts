import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type DynamicModule, Module } from '@nestjs/common';
import { Engine } from '@vectron/engine';
import type { Logger } from '@vectron/observability';
import { ClusterMember, type PlacementApi } from './cluster-member.js';
import type { WorkerConfig } from './config.js';
import { ShardService } from './shard-service.js';
import { WorkerController } from './worker.controller.js';

@Module({})
export class WorkerModule {
  /** Opens the engine in `<data>/worker` with the shards it held before. */
  static async create(config: WorkerConfig, pd: PlacementApi, logger: Logger): Promise<DynamicModule> {
    const dir = join(config.data, 'worker');
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const engine = await Engine.open(dir, {
      threads: config.threads,
      indexThreads: config.indexThreads,
      maxWaiting: config.maxWaiting,
      cacheBytes: config.cache,
      writeBufferBytes: config.writeBuffer,
    });
    const shards = new ShardService(engine);
    const member = new ClusterMember(dir, shards, pd, logger);
    await member.openKnown();
    return {
      module: WorkerModule,
      controllers: [WorkerController],
      providers: [
        { provide: ShardService, useValue: shards },
        { provide: ClusterMember, useValue: member },
      ],
    };
  }
}

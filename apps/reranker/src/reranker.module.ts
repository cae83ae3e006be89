import { type DynamicModule, Module } from '@nestjs/common';
import type { RerankerConfig } from './config.js';
import { AnswerCache, RerankerController } from './reranker.controller.js';

@Module({})
export class RerankerModule {
  static create(config: RerankerConfig): DynamicModule {
    const cache = new AnswerCache({ max: config.cacheEntries, ttl: config.cacheSeconds * 1000 });
    return {
      module: RerankerModule,
      controllers: [RerankerController],
      providers: [{ provide: AnswerCache, useValue: cache }],
    };
  }
}

import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { checkSought, SearchTrace } from '@vectron/model';
import { CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import type { Principal } from '../edge/access.js';
import type { CallLimits } from '../edge/call-limits.js';
import { CachedSearch } from './cached-search.js';
import { EmbeddingService } from './embedding.service.js';
import { ImpressionLog } from './impression-log.js';
import type { SearchAnswer } from './search-answer.js';
import { searchCall } from './search-call.js';
import type { SearchInput } from './search-input.js';
import { ShardSearch } from './shard-search.js';

/** Nearest neighbours over all shards of a collection. */
@Injectable()
export class SearchService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
    @Inject(CachedSearch) private readonly cached: CachedSearch,
    @Inject(ShardSearch) private readonly searches: ShardSearch,
    @Inject(ImpressionLog) private readonly impressions: ImpressionLog,
  ) {}

  /** The final answer. Shards that did not answer within the budget are missing, and the answer says so. */
  async search(principal: Principal, asked: SearchInput, limits: CallLimits = {}): Promise<SearchAnswer> {
    checkSought(asked);
    const { tenantId } = principal;
    const trace = asked.explain ? new SearchTrace() : undefined;
    const input = await this.embeddings.search(tenantId, asked, limits.signal);
    const call = searchCall(tenantId, input, this.config.searchTimeoutMs, limits, trace);
    const { answer, from } = await this.cached.answer(call);
    const own = { ...answer, queryId: randomUUID(), servedFrom: from };
    this.impressions.remember(tenantId, input, own);
    if (limits.work !== undefined) limits.work.found = own;
    return own;
  }

  /** What is known so far after each shard's answer; the last one is the final answer. */
  async *searchStream(principal: Principal, asked: SearchInput, limits: CallLimits = {}): AsyncIterable<SearchAnswer> {
    checkSought(asked);
    const { tenantId } = principal;
    const input = await this.embeddings.search(tenantId, asked, limits.signal);
    const call = searchCall(tenantId, input, this.config.searchTimeoutMs, limits);
    for await (const answer of this.searches.stream(call)) {
      const own = { ...answer, queryId: randomUUID() };
      if (limits.work !== undefined) limits.work.found = own;
      if (own.shards.length === own.shardsAsked) this.impressions.remember(tenantId, input, own);
      yield own;
    }
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { givenVector } from '@vectron/model';
import { filters } from '@vectron/proto';
import type { StopSignal } from '@vectron/rpc';
import { RouteTable } from '../shards/routes.js';
import { type CacheKey, ResultCache, type ServedFrom } from './result-cache.js';
import type { SearchAnswer } from './search-answer.js';
import type { SearchCall } from './search-call.js';
import { type EncodedVector, ShardSearch } from './shard-search.js';

/** The step before a search of the shards that may spare it: an answer of a moment ago, or a search that is under way. */
@Injectable()
export class CachedSearch {
  constructor(
    @Inject(ResultCache) private readonly cache: ResultCache,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardSearch) private readonly searches: ShardSearch,
  ) {}

  /** Reads that promise freshness ask the shards, and so does a search that is to be explained; others share an answer. */
  async answer(call: SearchCall): Promise<{ answer: SearchAnswer; from: ServedFrom }> {
    const { tenantId, input, trace, signal } = call;
    if (input.explain || input.whyNot !== '') {
      trace?.step('cache', 0, { result: 'not used: an explained search is always computed' });
      return { answer: await this.searches.explained(call), from: 'shards' };
    }
    if (!['', 'any'].includes(input.consistency?.level ?? '')) {
      return { answer: await this.searches.run(call), from: 'shards' };
    }
    const { collection } = await this.routes.get(tenantId, input.collection);
    // Checked here, so that a wrong one never reaches the cache.
    const known = { collectionId: collection.id, vector: givenVector(input, collection) };
    const search = (own: StopSignal) => this.searches.run({ ...call, signal: own }, known);
    return this.cache.get(keyOf(call, known), signal, search, call.work?.isLong);
  }
}

function keyOf({ tenantId, input }: SearchCall, { collectionId, vector }: EncodedVector): CacheKey {
  const { topK, ef, recall, exact, includeMetadata, includeVectors, scoreThreshold, payloadFields } = input;
  const { query, likeId, timeoutMs, using } = input;
  const flags = [exact, includeMetadata, includeVectors, payloadFields];
  const filter = input.filter && Buffer.from(filters.Filter.encode(input.filter).finish()).toString('base64');
  const parameters = [topK, ef, recall, scoreThreshold, ...flags, query, likeId, timeoutMs, filter, using];
  return { tenantId, collectionId, vector, parameters };
}

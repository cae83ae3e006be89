import { EmbeddingProviders } from '@vectron/embeddings';
import { embedPoints, embedQuery, embedSearch, type Embed, type PointInput } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { abortSignalOf, type StopSignal } from '@vectron/rpc';
import type { RouteTable } from '../shards/routes.js';
import type { SearchInput } from './search-input.js';

/**
 * The step before a write or a read that makes vectors of its texts, with the provider of the collection, as this gateway's
 * operator has set it up. What has no texts is given back as it is.
 */
export class EmbeddingService {
  constructor(
    private readonly providers: EmbeddingProviders,
    private readonly routes: RouteTable,
  ) {}

  /** Throws INVALID_ARGUMENT when this gateway has no such provider. */
  check(provider: string): void {
    this.providers.get(provider);
  }

  /** `signal`: of who waits for it. */
  async points(
    tenantId: string,
    name: string,
    points: readonly PointInput[],
    signal?: StopSignal,
  ): Promise<readonly PointInput[]> {
    if (!points.some(({ text }) => text)) return points;
    const { collection } = await this.routes.get(tenantId, name);
    return embedPoints(points, collection, this.#with(signal));
  }

  async search(tenantId: string, search: SearchInput, signal?: StopSignal): Promise<SearchInput> {
    if (search.text === '') return search;
    const { collection } = await this.routes.get(tenantId, search.collection);
    return embedSearch(search, collection, this.#with(signal));
  }

  async query(tenantId: string, query: gateway.QueryRequest, signal?: StopSignal): Promise<gateway.QueryRequest> {
    if (query.branches.every(({ embed }) => embed === '')) return query;
    const { collection } = await this.routes.get(tenantId, query.collection);
    return embedQuery(query, collection, this.#with(signal));
  }

  #with(signal?: StopSignal): Embed {
    return (provider, texts, dimension, role) =>
      this.providers.get(provider).embed(texts, dimension, role, signal && abortSignalOf(signal));
  }
}

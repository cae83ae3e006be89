import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import { countPoints, doInPlaces, facetPoints, type QueryAnswer, readPlan, runQuery } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import { Edge } from '../edge/edge.js';
import { requireCollection } from '../edge/policy.js';
import { CONFIG } from '../backends.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import type { GatewayConfig } from '../config.js';
import { EmbeddingService } from './embedding.service.js';
import { type ReadLimits, ShardCaller } from '../shards/shard-caller.js';
import { shardTimeoutMs } from '../shards/shard-timeout.js';

/** Queries of a batch that are under way at once: one in the room that it has, and each of the others in spare room of its own. */
const BATCH_AT_ONCE = 4;

export type QueryOutcome =
  | { readonly answer: QueryAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: VectronError };

/** Questions about a collection's points beyond one search: fused, grouped, counted. */
@Injectable()
export class QueryService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
    @Inject(Edge) private readonly edge: Edge,
  ) {}

  async query(principal: Principal, asked: gateway.QueryRequest, limits: CallLimits = {}): Promise<QueryAnswer> {
    const answer = await this.#query(principal, asked, this.#read(asked.timeoutMs, asked.consistency, limits));
    if (limits.work !== undefined) limits.work.found = answer;
    return answer;
  }

  async #query({ tenantId }: Principal, asked: gateway.QueryRequest, read: ReadLimits): Promise<QueryAnswer> {
    const request = await this.embeddings.query(tenantId, asked, read.signal);
    return this.shards.reading(tenantId, request.collection, read, (route, ask) =>
      runQuery(route, request, ask, () => shardTimeoutMs(read.deadlineMs)),
    );
  }

  /** Each has an answer or an error of its own. */
  async batch(
    principal: Principal,
    { queries }: gateway.QueryBatchRequest,
    limits: CallLimits = {},
  ): Promise<QueryOutcome[]> {
    // Their time has begun, for those that wait for the others, too.
    const { arrivedMs = Date.now(), deadlineMs, signal, work } = limits;
    const own = { arrivedMs, deadlineMs, signal, work };
    const outcomes = new Array<QueryOutcome>(queries.length);
    const spare = () => this.edge.spare(principal, work);
    await doInPlaces(queries.length, BATCH_AT_ONCE, spare, async (at) => {
      const query = queries[at];
      try {
        // The others may be for collections that the key is for.
        requireCollection(principal, query.collection);
        const read = this.#read(query.timeoutMs, query.consistency, own);
        outcomes[at] = { answer: await this.#query(principal, query, read) };
      } catch (cause) {
        outcomes[at] = { error: toVectronError(cause) };
      }
    });
    if (work !== undefined) work.found = outcomes.flatMap(({ answer }) => answer ?? []);
    return outcomes;
  }

  async count(
    principal: Principal,
    request: gateway.CountPointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.CountPointsResponse> {
    const read = this.#read(0, request.consistency, limits);
    return this.shards.reading(principal.tenantId, request.collection, read, (route, ask) =>
      countPoints(route, request, ask),
    );
  }

  async facets(
    principal: Principal,
    request: gateway.FacetPointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.FacetPointsResponse> {
    const read = this.#read(0, request.consistency, limits);
    return this.shards.reading(principal.tenantId, request.collection, read, (route, ask) =>
      facetPoints(route, request, ask),
    );
  }

  #read(timeoutMs: number, consistency: gateway.ReadConsistency | undefined, limits: CallLimits): ReadLimits {
    const deadlineMs = deadlineOf(timeoutMs || this.config.searchTimeoutMs, limits);
    return { plan: readPlan(consistency), deadlineMs, signal: limits.signal, work: limits.work };
  }
}

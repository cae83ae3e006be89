import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import {
  type AskShard,
  countPoints,
  embedQuery,
  facetPoints,
  type QueryAnswer,
  type Route,
  readPlan,
  runQuery,
} from '@vectron/model';
import type { gateway } from '@vectron/proto';
import type { Principal } from '../edge/access.js';
import { requireCollection } from '../edge/policy.js';
import { CONFIG } from '../backends.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import type { GatewayConfig } from '../config.js';
import { EmbeddingService } from './embedding.service.js';
import { RouteTable } from '../shards/routes.js';
import { ShardCaller } from '../shards/shard-caller.js';

const MAX_BATCH = 64;
/** Of the budget that is left, so that a shard that runs out of time can still say what it found. */
const SHARD_SHARE = 0.9;

export type QueryOutcome =
  | { readonly answer: QueryAnswer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: VectronError };

/** Questions about a collection's points beyond one search: fused, grouped, counted. */
@Injectable()
export class QueryService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
  ) {}

  async query(principal: Principal, asked: gateway.QueryRequest, limits: CallLimits = {}): Promise<QueryAnswer> {
    requireCollection(principal, asked.collection);
    const { collection } = await this.routes.get(principal.tenantId, asked.collection);
    const request = await embedQuery(asked, collection, this.embeddings.with(limits.signal));
    const deadlineMs = deadlineOf(request.timeoutMs || this.config.searchTimeoutMs, limits);
    return this.#on(principal, request.collection, request.consistency, deadlineMs, limits, (route, ask) =>
      runQuery(route, request, ask, Math.max(1, Math.floor((deadlineMs - Date.now()) * SHARD_SHARE))),
    );
  }

  /** Each has an answer or an error of its own. */
  async batch(
    principal: Principal,
    { queries }: gateway.QueryBatchRequest,
    limits: CallLimits = {},
  ): Promise<QueryOutcome[]> {
    if (queries.length === 0 || queries.length > MAX_BATCH) {
      throw VectronError.invalid('queries', `send 1 to ${MAX_BATCH} queries`);
    }
    return Promise.all(
      queries.map(async (query): Promise<QueryOutcome> => {
        try {
          return { answer: await this.query(principal, query, limits) };
        } catch (cause) {
          return { error: toVectronError(cause) };
        }
      }),
    );
  }

  async count(
    principal: Principal,
    request: gateway.CountPointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.CountPointsResponse> {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    return this.#on(principal, request.collection, request.consistency, deadlineMs, limits, (route, ask) =>
      countPoints(route, request, ask),
    );
  }

  async facets(
    principal: Principal,
    request: gateway.FacetPointsRequest,
    limits: CallLimits = {},
  ): Promise<gateway.FacetPointsResponse> {
    const deadlineMs = deadlineOf(this.config.searchTimeoutMs, limits);
    return this.#on(principal, request.collection, request.consistency, deadlineMs, limits, (route, ask) =>
      facetPoints(route, request, ask),
    );
  }

  #on<T>(
    principal: Principal,
    collection: string,
    consistency: gateway.ReadConsistency | undefined,
    deadlineMs: number,
    { signal }: CallLimits,
    work: (route: Route, ask: AskShard) => Promise<T>,
  ): Promise<T> {
    requireCollection(principal, collection);
    const plan = readPlan(consistency);
    return this.shards.following(principal.tenantId, collection, deadlineMs, (route) => {
      const ask: AskShard = async (shard, op) => {
        const call = { deadlineMs, consistency: plan.of(shard.shardId), anyReplica: plan.anyReplica, signal };
        return (await this.shards.read(route, shard, op, call)).outcome;
      };
      return work(route, ask);
    });
  }
}

import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type BatchRequest, batchVectors, checkSearch, readPlan, runSearchBatch, type VectorInput } from '@vectron/model';
import type { gateway } from '@vectron/proto';
import { CONFIG } from '../backends.js';
import type { GatewayConfig } from '../config.js';
import type { Principal } from '../edge/access.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import { Edge } from '../edge/edge.js';
import { ShardCaller } from '../shards/shard-caller.js';
import { shardTimeoutMs } from '../shards/shard-timeout.js';
import { ImpressionLog } from './impression-log.js';
import { answerOf, type SearchAnswer } from './search-answer.js';
import { checkVectorBytes } from './shard-search.js';

/** Shares of a batch that are under way at once: one in the room that it has, and each of the others in spare room of its own. */
const BATCH_AT_ONCE = 4;

/** A batch of searches as its caller sent it, from either wire. */
export interface BatchInput extends BatchRequest {
  readonly collection: string;
  readonly vectors: readonly VectorInput[];
  readonly timeoutMs: number;
  readonly consistency?: gateway.ReadConsistency;
}

/** Searches with many vectors in one call. They go past the cache. */
@Injectable()
export class SearchBatchService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(Edge) private readonly edge: Edge,
    @Inject(ImpressionLog) private readonly impressions: ImpressionLog,
  ) {}

  /** All of them or, when one is wrong, none: the error names it. */
  async search(principal: Principal, input: BatchInput, limits: CallLimits = {}): Promise<SearchAnswer[]> {
    checkSearch(input);
    const plan = readPlan(input.consistency);
    // The request itself was counted when it came.
    await this.edge.countMore(principal, input.vectors.length - 1);
    const deadlineMs = deadlineOf(input.timeoutMs || this.config.searchTimeoutMs, limits);
    const { signal, work } = limits;
    const read = { plan, deadlineMs, signal, work };
    const { tenantId } = principal;
    const outcomes = await this.shards.reading(tenantId, input.collection, read, (route, ask) => {
      const vectors = batchVectors(input.vectors, input.using, route.collection);
      checkVectorBytes(route, input, vectors.length);
      const run = { timeoutMs: () => shardTimeoutMs(deadlineMs) };
      const places = { atOnce: BATCH_AT_ONCE, spare: () => this.edge.spare(principal, work) };
      return runSearchBatch(route, vectors, input, ask, run, places);
    });
    if (work !== undefined) work.found = outcomes;
    return outcomes.map((outcome) => {
      const answer = answerOf(outcome, input.payloadFields);
      answer.queryId = randomUUID();
      this.impressions.remember(tenantId, { collection: input.collection, query: '' }, answer);
      return answer;
    });
  }
}

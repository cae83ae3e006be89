import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import {
  checkPointId,
  checkSearch,
  DEFAULT_TOP_K,
  encodeVector,
  MAX_TOP_K,
  mergeHits,
  type ReadPlan,
  type Route,
  readPlan,
  type VectorInput,
} from '@vectron/model';
import { type gateway, type placement, workerData } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import { type Principal, requireCollection } from './access.js';
import { BACKENDS, type Backends, CONFIG } from './backends.js';
import type { GatewayConfig } from './config.js';
import { ImpressionLog } from './impression-log.js';
import { PointService } from './point.service.js';
import { RouteTable } from './routes.js';
import { RouteChanged, ShardCaller } from './shard-caller.js';

/** A query, from either wire. */
export interface SearchInput {
  readonly collection: string;
  readonly vector: VectorInput;
  readonly likeId: string;
  readonly topK: number;
  readonly query: string;
  readonly timeoutMs: number;
  readonly includeVectors: boolean;
  readonly includeMetadata: boolean;
  readonly ef: number;
  readonly recall: number;
  readonly exact: boolean;
  readonly scoreThreshold?: number;
  readonly consistency?: gateway.ReadConsistency;
}

export interface SearchAnswer extends Omit<gateway.SearchResponse, 'results'> {
  readonly hits: Hit[];
}
export type Hit = workerData.Hit & { explanation: string };

const DEFAULT_OVERSAMPLE = 5;
/** Of the budget that is left, so that a shard that runs out of time can still say what it found. */
const SHARD_SHARE = 0.9;
const MAX_RERANKED = 500;

/** Nearest neighbours over all shards of a collection. */
@Injectable()
export class SearchService {
  constructor(
    @Inject(CONFIG) private readonly config: GatewayConfig,
    @Inject(BACKENDS) private readonly backends: Backends,
    @Inject(RouteTable) private readonly routes: RouteTable,
    @Inject(ShardCaller) private readonly shards: ShardCaller,
    @Inject(PointService) private readonly points: PointService,
    @Inject(ImpressionLog) private readonly impressions: ImpressionLog,
  ) {}

  /** The final answer. Shards that did not answer within the budget are missing, and the answer says so. */
  async search(principal: Principal, input: SearchInput): Promise<SearchAnswer> {
    let last: SearchAnswer | undefined;
    for await (const answer of this.#run(principal, input, false)) last = answer;
    return last as SearchAnswer;
  }

  /** What is known so far after each shard's answer; the last one is the final answer. */
  searchStream(principal: Principal, input: SearchInput): AsyncIterable<SearchAnswer> {
    return this.#run(principal, input, true);
  }

  async *#run(principal: Principal, input: SearchInput, partial: boolean): AsyncIterable<SearchAnswer> {
    requireCollection(principal, input.collection);
    const topK = input.topK || DEFAULT_TOP_K;
    checkSearch(input);
    const plan = readPlan(input.consistency);
    const deadlineMs = Date.now() + (input.timeoutMs || this.config.searchTimeoutMs);
    for (;;) {
      const route = await this.routes.get(principal.tenantId, input.collection);
      try {
        yield* this.#over(route, principal, input, { topK, plan, deadlineMs, partial });
        return;
      } catch (error) {
        // A shard was split: all of them again, or half of it would be missing.
        if (!(error instanceof RouteChanged) || Date.now() >= deadlineMs) throw error;
      }
    }
  }

  async *#over(
    route: Route,
    principal: Principal,
    input: SearchInput,
    { topK, plan, deadlineMs, partial }: { topK: number; plan: ReadPlan; deadlineMs: number; partial: boolean },
  ): AsyncIterable<SearchAnswer> {
    const vector = await this.#queryVector(principal, input, route);
    const rerank = input.query !== '' && route.collection.rerank?.enabled === true;
    const wanted =
      (rerank ? Math.max(topK, Math.min(topK * oversample(route), MAX_RERANKED)) : topK) +
      (input.likeId === '' ? 0 : 1);
    const op: workerData.SearchOp = {
      vector,
      k: Math.min(wanted, MAX_TOP_K),
      ef: input.ef,
      exact: input.exact,
      includePayload: input.includeMetadata || rerank,
      includeVector: input.includeVectors,
      scoreThreshold: input.scoreThreshold,
      recall: input.recall,
      timeoutMs: Math.max(1, Math.floor((deadlineMs - Date.now()) * SHARD_SHARE)),
    };

    const gathered = new Gathered(route, wanted, input.likeId);
    const asked = route.shards.map((shard) => this.#ask(route, shard, op, plan, deadlineMs));
    if (partial && asked.length > 1) {
      const left = new Map(asked.map((promise, at) => [at, promise.then((read) => ({ read, at }))]));
      while (left.size > 1) {
        const { read, at } = await Promise.race(left.values());
        left.delete(at);
        gathered.add(read);
        yield gathered.answer(topK, false);
      }
      for (const last of left.values()) gathered.add((await last).read);
    } else {
      for (const read of await Promise.all(asked)) gathered.add(read);
    }
    gathered.throwIfNothing();
    const answer = gathered.answer(rerank ? wanted : topK, true);
    const final = rerank ? await this.#rerank(principal, input, route, answer, topK, deadlineMs) : answer;
    this.impressions.remember(principal.tenantId, input, final);
    yield final;
  }

  async #queryVector(principal: Principal, input: SearchInput, route: Route): Promise<Buffer> {
    const { dimension, distance } = route.collection;
    if (input.likeId === '') return encodeVector(input.vector, dimension, distance, 'vector');
    if (input.vector.length > 0) throw VectronError.invalid('like_id', 'send either a vector or like_id');
    checkPointId(input.likeId, 'like_id');
    const { point } = await this.points.get(principal, input.collection, input.likeId, input.consistency);
    return point.vector;
  }

  async #ask(
    route: Route,
    shard: placement.Shard,
    op: workerData.SearchOp,
    plan: ReadPlan,
    deadlineMs: number,
  ): Promise<ShardAnswer> {
    try {
      const call = { deadlineMs, consistency: plan.of(shard.shardId), anyReplica: plan.anyReplica };
      const { outcome, worker } = await this.shards.call(route, shard, { $case: 'search', value: op }, call);
      if (outcome.$case !== 'search') throw new VectronError('INTERNAL', 'the worker answered something else');
      return { shard, found: outcome.value, worker };
    } catch (cause) {
      const error = toVectronError(cause);
      // A wrong request is wrong on every shard; the rest is the shard's trouble and makes the answer partial.
      if (!error.spec.retryable) throw error;
      return { shard, error };
    }
  }

  async #rerank(
    principal: Principal,
    input: SearchInput,
    route: Route,
    answer: SearchAnswer,
    topK: number,
    deadlineMs: number,
  ): Promise<SearchAnswer> {
    const { hits } = answer;
    try {
      const { results, strategyUsed } = await this.backends.reranker.rerank(
        {
          query: input.query,
          candidates: hits.map(({ id, score, payload }) => ({ id, score, payload })),
          topN: topK,
          settings: route.collection.rerank,
          scope: `${principal.tenantId}/${route.collection.id}`,
          nowMs: Date.now(),
        },
        callContext({ timeoutMs: Math.max(1, Math.min(this.config.rerankTimeoutMs, deadlineMs - Date.now())) }),
      );
      const byId = new Map(hits.map((hit) => [hit.id, hit]));
      const reordered = results.map(({ id, explanation }) => ({ ...(byId.get(id) as Hit), explanation }));
      if (!input.includeMetadata) for (const hit of reordered) hit.payload = Buffer.alloc(0);
      return { ...answer, hits: reordered, rerankedBy: strategyUsed };
    } catch (cause) {
      return { ...answer, hits: hits.slice(0, topK), rerankSkipped: toVectronError(cause).code };
    }
  }
}

const oversample = (route: Route) => route.collection.rerank?.oversample || DEFAULT_OVERSAMPLE;

type ShardAnswer =
  | { shard: placement.Shard; found: workerData.SearchFound; worker: number; error?: undefined }
  | { shard: placement.Shard; found?: undefined; worker?: undefined; error: VectronError };

/** The answers of the shards so far, merged. */
class Gathered {
  readonly #answers: ShardAnswer[] = [];
  readonly #queryId = randomUUID();
  #hits: Hit[] = [];

  constructor(
    private readonly route: Route,
    private readonly limit: number,
    private readonly excluded: string,
  ) {}

  add(answer: ShardAnswer): void {
    if (answer.error instanceof RouteChanged) throw answer.error;
    this.#answers.push(answer);
    if (answer.error !== undefined) return;
    const found = answer.found.hits
      .filter((hit) => hit.id !== this.excluded)
      .map((hit) => ({ ...hit, explanation: '' }));
    this.#hits = mergeHits(this.#answers.length > 1 ? [this.#hits, found] : [found], this.limit);
  }

  throwIfNothing(): void {
    const failed = this.#answers.filter((answer) => answer.error !== undefined);
    if (failed.length === this.#answers.length && failed[0]?.error !== undefined) throw failed[0].error;
  }

  answer(limit: number, final: boolean): SearchAnswer {
    const found = this.#answers.flatMap((answer) => (answer.error === undefined ? [answer.found] : []));
    const answered = found.length;
    return {
      hits: this.#hits.slice(0, limit),
      complete: final && answered === this.route.shards.length && !found.some((one) => one.stopped),
      shardsAsked: this.route.shards.length,
      shardsAnswered: answered,
      shards: this.#answers.map(shardRead),
      recallEstimate: answered === 0 ? 0 : Math.min(...found.map((one) => one.recallEstimate)),
      queryId: this.#queryId,
      rerankedBy: '',
      rerankSkipped: '',
    };
  }
}

function shardRead({ shard, found, worker = 0, error }: ShardAnswer): gateway.ShardRead {
  const { appliedIndex = 0n, tail = 0, ef = 0, recallEstimate = 0 } = found ?? {};
  const { visited = 0, distances = 0, rescored = 0, stopped = false } = found ?? {};
  const explain = { recallEstimate, visited, distances, rescored, stopped, replica: BigInt(worker) };
  return { shardId: shard.shardId, appliedIndex, indexLag: tail, ef, ...explain, errorCode: error?.code ?? '' };
}

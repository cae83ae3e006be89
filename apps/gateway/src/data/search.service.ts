import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { toVectronError, VectronError } from '@vectron/errors';
import {
  checkPointId,
  checkSearch,
  DEFAULT_TOP_K,
  embedTexts,
  encodeAnyVector,
  encodeVector,
  MAX_TOP_K,
  mergeHits,
  type ReadPlan,
  type Route,
  readPlan,
  type VectorInput,
  vectorOf,
} from '@vectron/model';
import { currentTraceId, inSpan } from '@vectron/observability';
import { filters, gateway, type placement, type workerData } from '@vectron/proto';
import { callContext, type StopSignal } from '@vectron/rpc';
import type { Principal } from '../edge/access.js';
import { requireCollection } from '../edge/policy.js';
import { BACKENDS, type Backends, CONFIG } from '../backends.js';
import { type CallLimits, deadlineOf } from '../edge/call-limits.js';
import type { GatewayConfig } from '../config.js';
import { EmbeddingService } from './embedding.service.js';
import { ImpressionLog } from './impression-log.js';
import { PointService } from './point.service.js';
import { ResultCache } from './result-cache.js';
import { RouteTable } from '../shards/routes.js';
import { RouteChanged, ShardCaller } from '../shards/shard-caller.js';

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
  /** Whether payloads are wanted as fields of a vectron.v1.SearchResult, which is how the shard gives them then. */
  readonly payloadFields: boolean;
  readonly ef: number;
  readonly recall: number;
  readonly exact: boolean;
  readonly scoreThreshold?: number;
  readonly consistency?: gateway.ReadConsistency;
  readonly filter?: filters.Filter;
  /** Instead of a vector; empty: none. */
  readonly text: string;
  /** Name of the vector that is searched; empty: the first one. */
  readonly using: string;
  readonly explain: boolean;
  /** Id of the point that is missed; empty: none. */
  readonly whyNot: string;
}

export interface SearchAnswer extends Omit<gateway.SearchResponse, 'results'> {
  readonly hits: Hit[];
  /** Whether the payloads of the hits are fields of a vectron.v1.SearchResult; otherwise they are JSON text. */
  readonly payloadFields: boolean;
}
export type Hit = workerData.Hit & { explanation: string };

const DEFAULT_OVERSAMPLE = 5;
/** Of the budget that is left, so that a shard that runs out of time can still say what it found. */
const SHARD_SHARE = 0.9;
const MAX_RERANKED = 500;
/** Of the vectors in one answer. */
const MAX_VECTOR_BYTES = 32 << 20;
const NO_VECTOR = Buffer.alloc(0);

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
    @Inject(ResultCache) private readonly cache: ResultCache,
    @Inject(EmbeddingService) private readonly embeddings: EmbeddingService,
  ) {}

  /** The final answer. Shards that did not answer within the budget are missing, and the answer says so. */
  async search(principal: Principal, asked: SearchInput, limits: CallLimits = {}): Promise<SearchAnswer> {
    const started = performance.now();
    const input = await this.#embedded(principal, asked, limits);
    const budget = this.#budget(principal, input, limits);
    const { answer, from } = await this.#cached(principal, input, budget);
    const own = { ...answer, queryId: randomUUID(), servedFrom: from };
    this.impressions.remember(principal.tenantId, input, own);
    if (input.whyNot !== '') own.whyNot = await this.#whyNot(principal, input, own, budget);
    if (input.explain) own.explanation = await this.#explanation(principal, input, own, started);
    return own;
  }

  /** With the vector of its text. */
  async #embedded(principal: Principal, input: SearchInput, limits: CallLimits): Promise<SearchInput> {
    if (input.text === '') return input;
    if (input.vector.length > 0 || input.likeId !== '' || input.using !== '') {
      throw VectronError.invalid('text', 'send a text, a vector or like_id; texts are embedded for the first vector');
    }
    requireCollection(principal, input.collection);
    const { collection } = await this.routes.get(principal.tenantId, input.collection);
    const [vector] = await embedTexts([input.text], collection, this.embeddings.with(limits.signal));
    return { ...input, vector, text: '' };
  }

  /** Reads that promise freshness ask the shards; the others may share an answer. */
  async #cached(principal: Principal, input: SearchInput, budget: Budget) {
    const fresh = !['', 'any'].includes(input.consistency?.level ?? '');
    let encoded: { readonly vector: Buffer; readonly collectionId: string } | undefined;
    const own = async (signal?: StopSignal) => {
      for (;;) {
        const route = await this.routes.get(principal.tenantId, input.collection);
        try {
          const known = encoded?.collectionId === route.collection.id ? encoded.vector : undefined;
          const { gathered, asked, finish } = await this.#start(route, principal, input, { ...budget, signal }, known);
          for (const read of asked.length === 1 ? [await asked[0]] : await Promise.all(asked)) gathered.add(read);
          return await finish();
        } catch (error) {
          again(error, budget);
        }
      }
    };
    // What somebody wants explained is done for them.
    if (fresh || input.explain || input.whyNot !== '') return { answer: await own(budget.signal), from: 'shards' };
    const { collection } = await this.routes.get(principal.tenantId, input.collection);
    const vector = encodeVectorOrNone(input, collection);
    if (vector.length > 0) encoded = { vector, collectionId: collection.id };
    const { topK, ef, recall, exact, includeMetadata, includeVectors, scoreThreshold, payloadFields } = input;
    const { query, likeId, timeoutMs } = input;
    const flags = [exact, includeMetadata, includeVectors, payloadFields];
    const filter = input.filter && Buffer.from(filters.Filter.encode(input.filter).finish()).toString('base64');
    const parameters = [topK, ef, recall, scoreThreshold, ...flags, query, likeId, timeoutMs, filter, input.using];
    const key = { tenantId: principal.tenantId, collectionId: collection.id, vector, parameters };
    return this.cache.get(key, budget.signal, own);
  }

  /** What is known so far after each shard's answer; the last one is the final answer. */
  async *searchStream(principal: Principal, asked: SearchInput, limits: CallLimits = {}): AsyncIterable<SearchAnswer> {
    const input = await this.#embedded(principal, asked, limits);
    const budget = this.#budget(principal, input, limits);
    for (;;) {
      const route = await this.routes.get(principal.tenantId, input.collection);
      try {
        const { gathered, asked, finish } = await this.#start(route, principal, input, budget);
        const left = new Map(asked.map((promise, at) => [at, promise.then((read) => ({ read, at }))]));
        while (left.size > 0) {
          const { read, at } = await Promise.race(left.values());
          left.delete(at);
          gathered.add(read);
          if (left.size > 0) yield gathered.answer(budget.topK, false);
        }
        const last = await finish();
        this.impressions.remember(principal.tenantId, input, last);
        yield last;
        return;
      } catch (error) {
        again(error, budget);
      }
    }
  }

  /** What holds for the whole search. Throws for a request that is wrong on any route. */
  #budget(principal: Principal, input: SearchInput, limits: CallLimits): Budget {
    requireCollection(principal, input.collection);
    checkSearch(input);
    if (input.whyNot !== '') checkPointId(input.whyNot, 'why_not');
    const topK = input.topK || DEFAULT_TOP_K;
    const plan = readPlan(input.consistency);
    const deadlineMs = deadlineOf(input.timeoutMs || this.config.searchTimeoutMs, limits);
    return { topK, plan, deadlineMs, signal: limits.signal };
  }

  /** Asks every shard of the route. `finish` makes the answer of what was gathered. */
  async #start(route: Route, principal: Principal, input: SearchInput, budget: Budget, known?: Buffer) {
    const { topK, deadlineMs } = budget;
    checkAnswerSize(topK, input, route.collection.dimension);
    const vector = known ?? (await this.#queryVector(principal, input, route, budget));
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
      // The reranker reads them; nobody else does.
      payloadFields: input.payloadFields && !rerank,
      filter: input.filter,
      sparse: undefined,
      text: undefined,
      using: input.using,
    };
    const gathered = new Gathered(route, wanted, input.likeId, op.payloadFields);
    const asked = route.shards.map((shard) => this.#ask(route, shard, op, budget));
    const finish = async () => {
      gathered.throwIfNothing();
      const answer = gathered.answer(rerank ? wanted : topK, true);
      return rerank ? await this.#rerank(principal, input, route, answer, topK, deadlineMs) : answer;
    };
    return { gathered, asked, finish };
  }

  /** Which step a point did not get past: the exact answer says where it belongs. */
  async #whyNot(
    principal: Principal,
    input: SearchInput,
    answer: SearchAnswer,
    budget: Budget,
  ): Promise<gateway.WhyNot> {
    const { whyNot: id, collection } = input;
    const found = answer.hits.find((hit) => hit.id === id);
    const because = (step: string, reason: string, score = 0, exactRank = 0) => ({
      id,
      step,
      reason,
      score,
      exactRank,
    });
    if (found !== undefined) {
      const place = answer.hits.indexOf(found) + 1;
      return because('returned', `it is result ${place}`, found.score, place);
    }
    try {
      await this.points.get(principal, collection, id, input.consistency, budget);
    } catch (cause) {
      if (toVectronError(cause).code !== 'POINT_NOT_FOUND') throw cause;
      return because('not_stored', 'the collection holds no such point');
    }
    const silent = answer.shards.filter(({ errorCode }) => errorCode !== '');
    const route = await this.routes.get(principal.tenantId, collection);
    const { shardId } = route.shardOf(id);
    if (silent.some((shard) => shard.shardId === shardId)) {
      return because('shard_did_not_answer', `shard ${shardId}, which holds it, did not answer within the budget`);
    }
    const filtered = input.filter;
    if (filtered !== undefined && !(await this.#passes(principal, collection, id, filtered, budget))) {
      return because('filtered_out', 'it does not pass the filter');
    }
    const all = { ...input, topK: MAX_TOP_K, ef: 0, recall: 0, exact: true, scoreThreshold: undefined, query: '' };
    const { gathered, asked, finish } = await this.#start(
      route,
      principal,
      { ...all, includeMetadata: false, includeVectors: false },
      { ...budget, topK: MAX_TOP_K },
    );
    for (const read of await Promise.all(asked)) gathered.add(read);
    const { hits } = await finish();
    const rank = hits.findIndex((hit) => hit.id === id) + 1;
    if (rank === 0) return because('beyond_top_k', `it is not among the ${MAX_TOP_K} nearest points`);
    const { score } = hits[rank - 1];
    const place = `by exact score it is number ${rank}`;
    if (input.scoreThreshold !== undefined && score < input.scoreThreshold) {
      return because(
        'below_threshold',
        `its score ${score} is below the threshold ${input.scoreThreshold}`,
        score,
        rank,
      );
    }
    if (answer.rerankedBy !== '') {
      return because('reranked_out', `${place}; the reranker preferred others`, score, rank);
    }
    if (rank > budget.topK) {
      return because('beyond_top_k', `${place}, and top_k is ${budget.topK}`, score, rank);
    }
    const efs = answer.shards.map(({ ef }) => ef);
    const advice = `the walk through the graph with ef ${Math.max(...efs)} did not come past it: raise ef, or ask for recall`;
    return because('not_visited', `${place}; ${advice}`, score, rank);
  }

  /** Whether the point passes the filter. */
  async #passes(principal: Principal, collection: string, id: string, filter: filters.Filter, budget: Budget) {
    const own: filters.Filter = { condition: { $case: 'ids', value: { ids: [id] } } };
    const both: filters.Filter = { condition: { $case: 'all', value: { filters: [own, filter] } } };
    const request = { collection, limit: 1, cursor: '', includeVectors: false, filter: both };
    return (await this.points.list(principal, request, budget)).points.length > 0;
  }

  async #explanation(
    principal: Principal,
    input: SearchInput,
    answer: SearchAnswer,
    started: number,
  ): Promise<gateway.Explanation> {
    const route = await this.routes.get(principal.tenantId, input.collection);
    const shards = answer.shards.map((shard) => ({
      name: 'shard',
      milliseconds: shard.milliseconds,
      details: new Map(
        Object.entries(gateway.ShardRead.toJSON(shard) as object).map(([key, value]) => [key, String(value)]),
      ),
    }));
    const total = performance.now() - started;
    const rerank = answer.rerankedBy !== '' || answer.rerankSkipped !== '';
    const reranked = { by: answer.rerankedBy, skipped: answer.rerankSkipped };
    const steps = [
      { name: 'cache', milliseconds: 0, details: new Map([['result', 'not asked: an explained search is made anew']]) },
      { name: 'route', milliseconds: 0, details: new Map([['shards', String(route.shards.length)]]) },
      ...shards,
      { name: 'merge', milliseconds: 0, details: new Map([['results', String(answer.hits.length)]]) },
      ...(rerank ? [{ name: 'rerank', milliseconds: 0, details: new Map(Object.entries(reranked)) }] : []),
      { name: 'total', milliseconds: total, details: new Map<string, string>() },
    ];
    return {
      traceId: currentTraceId(),
      routeEpoch: Math.max(...route.shards.map(({ epoch }) => epoch)),
      collectionId: route.collection.id,
      steps,
      budgetMs: Math.round(input.timeoutMs || this.config.searchTimeoutMs),
      consistency: input.consistency?.level || 'any',
    };
  }

  async #queryVector(principal: Principal, input: SearchInput, route: Route, limits: Budget): Promise<Buffer> {
    const { dimension, distance } = route.collection;
    if (input.likeId === '' && input.using !== '') return encodeAnyVector(input.vector, 'vector');
    if (input.likeId === '') return encodeVector(input.vector, dimension, distance, 'vector');
    if (input.vector.length > 0) throw VectronError.invalid('like_id', 'send either a vector or like_id');
    checkPointId(input.likeId, 'like_id');
    const { point } = await this.points.get(principal, input.collection, input.likeId, input.consistency, limits);
    return vectorOf(point, input.using);
  }

  async #ask(
    route: Route,
    shard: placement.Shard,
    op: workerData.SearchOp,
    { plan, deadlineMs, signal }: Budget,
  ): Promise<ShardAnswer> {
    const started = performance.now();
    try {
      const call = { deadlineMs, consistency: plan.of(shard.shardId), anyReplica: plan.anyReplica, signal };
      const { outcome, worker } = await inSpan('gateway.shard', { 'vectron.shard': shard.shardId }, () =>
        this.shards.read(route, shard, { $case: 'search', value: op }, call),
      );
      if (outcome.$case !== 'search') throw new VectronError('INTERNAL', 'the worker answered something else');
      return { shard, found: outcome.value, worker, milliseconds: performance.now() - started };
    } catch (cause) {
      const error = toVectronError(cause);
      // A wrong request is wrong on every shard; the rest is the shard's trouble and makes the answer partial.
      if (!error.spec.retryable) throw error;
      return { shard, error, milliseconds: performance.now() - started };
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

interface Budget extends CallLimits {
  readonly topK: number;
  readonly plan: ReadPlan;
  readonly deadlineMs: number;
}

/** Checked, so that a wrong one never reaches the cache. */
function encodeVectorOrNone(
  { vector, likeId, using }: SearchInput,
  { dimension, distance }: placement.Collection,
): Buffer {
  if (likeId === '' && using !== '') return encodeAnyVector(vector, 'vector');
  return likeId === '' ? encodeVector(vector, dimension, distance, 'vector') : NO_VECTOR;
}

/** Refused before any work: an answer that could not be sent. */
function checkAnswerSize(topK: number, { includeVectors }: SearchInput, dimension: number): void {
  const bytes = includeVectors ? topK * dimension * 4 : 0;
  if (bytes > MAX_VECTOR_BYTES) {
    const most = Math.floor(MAX_VECTOR_BYTES / (dimension * 4));
    throw VectronError.invalid('top_k', `with vectors of ${dimension} dimensions, top_k must be at most ${most}`);
  }
}

/** A shard was split: all of them again, or half of it would be missing. Throws what is another error, or too late. */
function again(error: unknown, { deadlineMs }: Budget): void {
  if (!(error instanceof RouteChanged) || Date.now() >= deadlineMs) throw error;
}

const oversample = (route: Route) => route.collection.rerank?.oversample || DEFAULT_OVERSAMPLE;

type ShardAnswer =
  | { shard: placement.Shard; found: workerData.SearchFound; worker: number; milliseconds: number; error?: undefined }
  | { shard: placement.Shard; found?: undefined; worker?: undefined; milliseconds: number; error: VectronError };

/** The answers of the shards so far, merged. */
class Gathered {
  readonly #answers: ShardAnswer[] = [];
  #hits: Hit[] = [];

  constructor(
    private readonly route: Route,
    private readonly limit: number,
    private readonly excluded: string,
    private readonly payloadFields: boolean,
  ) {}

  add(answer: ShardAnswer): void {
    if (answer.error instanceof RouteChanged) throw answer.error;
    this.#answers.push(answer);
    if (answer.error !== undefined) return;
    const found = answer.found.hits as Hit[];
    for (const hit of found) hit.explanation = '';
    const others = this.excluded === '' ? found : found.filter((hit) => hit.id !== this.excluded);
    this.#hits = mergeHits(this.#answers.length > 1 ? [this.#hits, others] : [others], this.limit);
  }

  throwIfNothing(): void {
    const failed = this.#answers.filter((answer) => answer.error !== undefined);
    if (failed.length === this.#answers.length && failed[0]?.error !== undefined) throw failed[0].error;
  }

  answer(limit: number, final: boolean): SearchAnswer {
    const found = this.#answers.flatMap((answer) => (answer.error === undefined ? [answer.found] : []));
    const answered = found.length;
    return {
      hits: this.#hits.length > limit ? this.#hits.slice(0, limit) : this.#hits,
      payloadFields: this.payloadFields,
      complete: final && answered === this.route.shards.length && !found.some((one) => one.stopped),
      shardsAsked: this.route.shards.length,
      shardsAnswered: answered,
      shards: this.#answers.map(shardRead),
      recallEstimate: answered === 0 ? 0 : Math.min(...found.map((one) => one.recallEstimate)),
      queryId: randomUUID(),
      servedFrom: 'shards',
      explanation: undefined,
      whyNot: undefined,
      rerankedBy: '',
      rerankSkipped: '',
    };
  }
}

function shardRead({ shard, found, worker = 0, milliseconds, error }: ShardAnswer): gateway.ShardRead {
  const { appliedIndex = 0n, tail = 0, ef = 0, recallEstimate = 0 } = found ?? {};
  const { visited = 0, distances = 0, rescored = 0, stopped = false } = found ?? {};
  const { plan = '', matching = 0n, unindexed = false } = found ?? {};
  const how = { visited, distances, rescored, stopped, plan, matching, unindexed };
  const explain = { recallEstimate, ...how, replica: BigInt(worker), milliseconds };
  return { shardId: shard.shardId, appliedIndex, indexLag: tail, ef, ...explain, errorCode: error?.code ?? '' };
}

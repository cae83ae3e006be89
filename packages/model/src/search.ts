import { VectronError } from '@vectron/errors';
import type { gateway, placement, workerData } from '@vectron/proto';
import { answerBytesOfShard, checkAnswerBytes } from './answer-size.js';
import type { AskShard } from './ask-shard.js';
import { type Branch, type BranchOptions, branchOf, soughtVector } from './branch.js';
import { askShards, Gathering, shardRead } from './gathering.js';
import { vectorLike } from './point-vectors.js';
import type { RecallReport } from './recall-report.js';
import type { Route } from './route.js';
import { DEFAULT_TOP_K } from './search-limits.js';
import type { SearchTrace } from './search-trace.js';
import { encodeQueryVector, type VectorInput } from './vector.js';

/** A search: the nearest neighbours of one dense vector. It is a query with one branch, and what that branch reports. */
export interface SearchRequest extends BranchOptions {
  /** Empty with a like_id. */
  readonly vector: VectorInput;
  /** Id of the point whose vector is searched, and which is left out; empty: none. */
  readonly likeId: string;
  /** Results wanted, 1 to 10,000; 0 stands for 10. */
  readonly topK: number;
  readonly includeVectors: boolean;
  readonly includeMetadata: boolean;
  /** Whether payloads are wanted as fields of a vectron.v1.SearchResult, which is how the shard gives them then. */
  readonly payloadFields: boolean;
}

/** What a home knows of one run of a search. */
export interface SearchRun {
  /** What one shard may take from now on; 0: no limit. */
  readonly timeoutMs: () => number;
  /** What `givenVector` made of the request, where it was made before. */
  readonly vector?: Buffer;
  /** Records the steps; undefined: nobody wants them. */
  readonly trace?: SearchTrace;
  /** Whether it is made to measure or to explain: the shards do not take it for one that a client asked. */
  readonly measuring?: boolean;
}

/** What the shards have found. `shards` has one entry for each that has answered or failed, the last outcome one for all. */
export interface SearchOutcome extends RecallReport {
  /** Best first; equal scores by id. */
  readonly hits: workerData.Hit[];
  /** Whether every shard has answered, within its time. */
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  readonly shards: gateway.ShardRead[];
}

const NO_VECTOR = Buffer.alloc(0);

/**
 * Little-endian float32 bytes of the vector that a search brings; empty when it brings a like_id. Throws INVALID_ARGUMENT
 * or DIMENSION_MISMATCH.
 */
export function givenVector(
  { vector, likeId, using }: Pick<SearchRequest, 'vector' | 'likeId' | 'using'>,
  collection: Pick<placement.Collection, 'dimension' | 'distance'>,
): Buffer {
  if (likeId === '') return encodeQueryVector(collection, using, vector, 'vector');
  if (vector.length > 0) throw VectronError.invalid('like_id', 'send either a vector or like_id');
  return NO_VECTOR;
}

/**
 * Answers a search with what all shards found. A shard whose trouble may pass makes the answer partial, and the answer says
 * so. Throws RouteChanged when the route is old, and the first failure when no shard has answered.
 */
export async function runSearch(
  route: Route,
  request: SearchRequest,
  ask: AskShard,
  run: SearchRun,
): Promise<SearchOutcome> {
  const branches = [await searchBranch(route, request, ask, run)];
  const asked = askShards(route.shards, branches, ask);
  const reports = asked.length === 1 ? [await asked[0]] : await Promise.all(asked);
  const started = performance.now();
  const gathering = new Gathering(route, branches);
  gathering.add(reports);
  gathering.throwIfNoneAnswered();
  const outcome = outcomeOf(gathering);
  if (run.trace !== undefined) {
    for (const read of outcome.shards) run.trace.shard(read);
    run.trace.step('merge', performance.now() - started, { results: String(outcome.hits.length) });
  }
  return outcome;
}

/** What is known after each shard's answer, in the order in which they come. The last outcome is that of `runSearch`. */
export async function* streamSearch(
  route: Route,
  request: SearchRequest,
  ask: AskShard,
  run: SearchRun,
): AsyncIterable<SearchOutcome> {
  const branches = [await searchBranch(route, request, ask, run)];
  const gathering = new Gathering(route, branches);
  const asked = askShards(route.shards, branches, ask);
  const open = new Map(asked.map((promise, at) => [at, promise.then((report) => ({ report, at }))]));
  while (open.size > 0) {
    const { report, at } = await Promise.race(open.values());
    open.delete(at);
    gathering.add([report]);
    if (open.size === 0) gathering.throwIfNoneAnswered();
    yield outcomeOf(gathering);
  }
}

async function searchBranch(route: Route, request: SearchRequest, ask: AskShard, run: SearchRun): Promise<Branch> {
  const { likeId, using, includeMetadata, includeVectors, payloadFields } = request;
  let vector = run.vector ?? givenVector(request, route.collection);
  if (likeId !== '') vector = await vectorLike(route, likeId, using, 'like_id', ask);
  const { measuring = false } = run;
  const frame = {
    includePayload: includeMetadata,
    includeVector: includeVectors,
    payloadFields,
    timeoutMs: run.timeoutMs(),
    measuring,
    maxBytes: answerBytesOfShard(route.shards.length),
  };
  const excluded = likeId === '' ? undefined : new Set([likeId]);
  return branchOf(soughtVector(vector), request, frame, { limit: request.topK || DEFAULT_TOP_K, excluded });
}

/** What was gathered for the branch `at`, which is a search. */
export function outcomeOf(gathering: Gathering, at = 0): SearchOutcome {
  checkAnswerBytes(gathering.lists[at]);
  const { recallEstimate, recallInterval, recallUnmet } = gathering.recallOf(at);
  return {
    hits: gathering.lists[at],
    complete: gathering.isComplete(at),
    shardsAsked: gathering.shardsAsked,
    shardsAnswered: gathering.shardsAnswered,
    shards: gathering.reports.map((report) => shardRead(report, at)),
    recallEstimate,
    recallInterval,
    recallUnmet,
  };
}

import { VectronError } from '@vectron/errors';
import type { filters, gateway, workerData } from '@vectron/proto';
import { answerBytesOfShard } from './answer-size.js';
import type { AskShard } from './ask-shard.js';
import { type Branch, branchOf, type Sought, soughtVector } from './branch.js';
import { pointsWith, vectorLike, vectorOf } from './point-vectors.js';
import type { Route } from './route.js';
import { checkSearch, MAX_TOP_K } from './search-limits.js';
import { sparseData } from './sparse.js';
import { decodeVector, encodeQueryVector } from './vector.js';

const MAX_EXAMPLES = 128;

/** What the branches of one query have in common. */
export interface Asking {
  readonly route: Route;
  readonly request: gateway.QueryRequest;
  readonly ask: AskShard;
  /** What one shard may take from now on; 0: no limit. */
  readonly timeoutMs: () => number;
  /** Candidates of a branch that does not say itself how many it gives. */
  readonly room: number;
}

export function within(field: string, value: number, least: number, most: number): void {
  if (!(value >= least && value <= most)) {
    throw VectronError.invalid(field, `${field} must be ${least} to ${most}, not ${value}`);
  }
}

const all = (...both: (filters.Filter | undefined)[]): filters.Filter | undefined => {
  const set = both.filter((one) => one?.condition !== undefined) as filters.Filter[];
  return set.length > 1 ? { condition: { $case: 'all', value: { filters: set } } } : set[0];
};

/** A branch as the request has it. Throws INVALID_ARGUMENT naming what is wrong, `at` the place of the branch. */
export async function queryBranch(asking: Asking, branch: gateway.QueryBranch, at: string): Promise<Branch> {
  const { request, room, timeoutMs } = asking;
  checkBranch(branch, at);
  const { likeId, examples, limit, weight } = branch;
  const { positiveIds = [], negativeIds = [] } = examples ?? {};
  const sought = await soughtBy(asking, branch, at);
  const frame = {
    includePayload: (request.includeMetadata ?? true) || request.groupBy !== undefined,
    includeVector: request.includeVectors || request.diversity !== undefined || request.rescoreVectorF32.length > 0,
    payloadFields: false,
    timeoutMs: timeoutMs(),
    measuring: false,
    maxBytes: answerBytesOfShard(asking.route.shards.length),
  };
  const excluded = new Set([likeId, ...positiveIds, ...negativeIds].filter(Boolean));
  const own = { ...branch, filter: all(request.filter, branch.filter) };
  return branchOf(sought, own, frame, { limit: limit || room, weight: weight || 1, excluded });
}

function checkBranch(branch: gateway.QueryBranch, at: string): void {
  const { vector, vectorF32, likeId, sparse, text, examples, limit, weight } = branch;
  if (branch.using !== '' && (sparse !== undefined || text !== undefined)) {
    throw VectronError.invalid(`${at}.using`, `${at}.using requires a dense vector`);
  }
  const given = [vector.length > 0, vectorF32.length > 0, likeId !== '', sparse, text, examples].filter(Boolean).length;
  if (given !== 1) {
    throw VectronError.invalid(at, `${at} must have exactly one of vector, embed, like_id, sparse, text and examples`);
  }
  within(`${at}.limit`, limit, 0, MAX_TOP_K);
  if (!(weight >= 0 && weight <= 1e6)) throw VectronError.invalid(`${at}.weight`, `${at}.weight must be 0 to 1e6`);
  checkSearch({ topK: limit, ef: branch.ef, recall: branch.recall, scoreThreshold: branch.scoreThreshold }, at);
}

async function soughtBy(
  { route, ask }: Asking,
  { vector, vectorF32, likeId, sparse, text, examples, using }: gateway.QueryBranch,
  at: string,
): Promise<Sought> {
  const nothing = soughtVector(Buffer.alloc(0));
  if (sparse !== undefined) return { ...nothing, sparse: sparseData(sparse.name, sparse, `${at}.sparse`) };
  if (text !== undefined) return { ...nothing, text };
  if (examples !== undefined) return soughtVector(await exampleVector(route, examples, using, `${at}.examples`, ask));
  if (likeId !== '') return soughtVector(await vectorLike(route, likeId, using, `${at}.like_id`, ask));
  const input = vectorF32.length > 0 ? vectorF32 : vector;
  return soughtVector(encodeQueryVector(route.collection, using, input, `${at}.vector`));
}

/** The mean of the positive ones, moved away from that of the negative ones by their difference. */
async function exampleVector(
  route: Route,
  { positiveIds, negativeIds }: gateway.Examples,
  using: string,
  at: string,
  ask: AskShard,
): Promise<Buffer> {
  within(`${at}.positive_ids`, positiveIds.length, 1, MAX_EXAMPLES);
  within(`${at}.negative_ids`, negativeIds.length, 0, MAX_EXAMPLES);
  const mean = (points: workerData.PointData[]) => {
    const vectors = points.map((point) => decodeVector(vectorOf(point, using)));
    const sum = new Float32Array(vectors[0].length);
    for (const vector of vectors) {
      vector.forEach((x, i) => {
        sum[i] += x / vectors.length;
      });
    }
    return sum;
  };
  const liked = mean(await pointsWith(route, positiveIds, `${at}.positive_ids`, ask));
  if (negativeIds.length > 0) {
    const disliked = mean(await pointsWith(route, negativeIds, `${at}.negative_ids`, ask));
    liked.forEach((x, i) => {
      liked[i] = 2 * x - disliked[i];
    });
  }
  return encodeQueryVector(route.collection, using, liked, at);
}

import { VectronError } from '@vectron/errors';
import type { filters, gateway, placement, workerData } from '@vectron/proto';
import { checkPointId } from './point-id.js';
import type { AskShard } from './query.js';
import type { Route } from './route.js';
import { checkSearch, MAX_TOP_K } from './search.js';
import { sparseData } from './sparse.js';
import { decodeVector, encodeAnyVector, encodeVector, type VectorInput } from './vector.js';

const MAX_EXAMPLES = 128;

/** What the branches of one query have in common. */
export interface Asking {
  readonly route: Route;
  readonly request: gateway.QueryRequest;
  readonly ask: AskShard;
  /** Of each shard. */
  readonly timeoutMs: number;
  /** Candidates of a branch that does not say itself. */
  readonly room: number;
}

/** A branch that is ready to be asked. */
export interface Ready {
  readonly op: workerData.SearchOp;
  readonly weight: number;
  readonly left: ReadonlySet<string>;
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

/** Throws INVALID_ARGUMENT naming what is wrong, `at` the place of the branch. */
export async function readyBranch(asking: Asking, branch: gateway.QueryBranch, at: string): Promise<Ready> {
  const { request, room, timeoutMs } = asking;
  checkBranch(branch, at);
  const { likeId, examples, limit, weight } = branch;
  const left = new Set([likeId, ...(examples?.positiveIds ?? []), ...(examples?.negativeIds ?? [])].filter(Boolean));
  const op: workerData.SearchOp = {
    ...(await soughtBy(asking, branch, at)),
    k: Math.min((limit || room) + left.size, MAX_TOP_K),
    ef: branch.ef,
    recall: branch.recall,
    exact: branch.exact,
    scoreThreshold: branch.scoreThreshold,
    filter: all(request.filter, branch.filter),
    includePayload: (request.includeMetadata ?? true) || request.groupBy !== undefined,
    includeVector: request.includeVectors || request.diversity !== undefined || request.rescoreVectorF32.length > 0,
    timeoutMs,
    payloadFields: false,
    using: branch.using,
  };
  return { op, weight: weight || 1, left };
}

function checkBranch(branch: gateway.QueryBranch, at: string): void {
  const { vector, vectorF32, likeId, sparse, text, examples, limit, weight } = branch;
  if (branch.using !== '' && (sparse !== undefined || text !== undefined)) {
    throw VectronError.invalid(`${at}.using`, `${at}.using goes with a dense vector`);
  }
  const given = [vector.length > 0, vectorF32.length > 0, likeId !== '', sparse, text, examples].filter(Boolean).length;
  if (given !== 1) {
    throw VectronError.invalid(at, `${at} needs exactly one of vector, embed, like_id, sparse, text and examples`);
  }
  within(`${at}.limit`, limit, 0, MAX_TOP_K);
  if (!(weight >= 0 && weight <= 1e6)) throw VectronError.invalid(`${at}.weight`, `${at}.weight must be 0 to 1e6`);
  checkSearch({ topK: limit, ef: branch.ef, recall: branch.recall, scoreThreshold: branch.scoreThreshold });
}

/** What the branch looks for. */
async function soughtBy(
  { route, ask }: Asking,
  { vector, vectorF32, likeId, sparse, text, examples, using }: gateway.QueryBranch,
  at: string,
): Promise<Pick<workerData.SearchOp, 'vector' | 'sparse' | 'text'>> {
  const nothing = { vector: Buffer.alloc(0), sparse: undefined, text: undefined };
  if (sparse !== undefined) return { ...nothing, sparse: sparseData(sparse.name, sparse, `${at}.sparse`) };
  if (text !== undefined) return { ...nothing, text };
  if (examples !== undefined) {
    return { ...nothing, vector: await exampleVector(route, examples, using, `${at}.examples`, ask) };
  }
  if (likeId !== '') {
    const [like] = await pointsOf(route, [likeId], `${at}.like_id`, ask);
    return { ...nothing, vector: vectorOf(like, using) };
  }
  const input = vectorF32.length > 0 ? vectorF32 : vector;
  return { ...nothing, vector: encodeFor(route.collection, using, input, `${at}.vector`) };
}

/** Of the first vector's dimension and metric; the shard checks those of a named one. */
const encodeFor = ({ dimension, distance }: placement.Collection, using: string, vector: VectorInput, at: string) =>
  using === '' ? encodeVector(vector, dimension, distance, at) : encodeAnyVector(vector, at);

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
  const liked = mean(await pointsOf(route, positiveIds, `${at}.positive_ids`, ask));
  if (negativeIds.length > 0) {
    const disliked = mean(await pointsOf(route, negativeIds, `${at}.negative_ids`, ask));
    liked.forEach((x, i) => {
      liked[i] = 2 * x - disliked[i];
    });
  }
  return encodeFor(route.collection, using, liked, at);
}

/** The first vector, or a named one. */
export function vectorOf(point: workerData.PointData, using: string): Buffer {
  if (using === '') return point.vector;
  const named = point.vectors.find(({ name }) => name === using);
  if (named === undefined) throw VectronError.invalid('using', `point ${point.id} has no vector ${using}`);
  return named.vector;
}

/** In the order of the ids; throws POINT_NOT_FOUND. */
async function pointsOf(
  route: Route,
  ids: readonly string[],
  field: string,
  ask: AskShard,
): Promise<workerData.PointData[]> {
  ids.forEach((id) => {
    checkPointId(id, field);
  });
  const asked = [...route.byShard(ids.map((id) => ({ id })))].map(async ([shard, own]) => {
    const answer = await ask(shard, {
      $case: 'get',
      value: { ids: own.map(({ id }) => id) },
    });
    return answer.$case === 'points' ? answer.value.points : [];
  });
  const found = new Map((await Promise.all(asked)).flat().map((point) => [point.id, point]));
  return ids.map((id) => {
    const point = found.get(id);
    if (point === undefined) throw new VectronError('POINT_NOT_FOUND', `no point ${id} in ${route.collection.name}`);
    return point;
  });
}

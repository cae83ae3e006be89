import { VectronError } from '@vectron/errors';
import type { gateway, placement, workerData } from '@vectron/proto';
import { decodeDocument } from './document.js';
import { parseTrustedJson, stringifyJson } from './exact-json.js';
import { type Candidate, diverse, reciprocalRanks, rescored, weightedScores } from './fusion.js';
import { mergeHits } from './hits.js';
import { valuesAt } from './payload-path.js';
import { type Ready, readyBranch, within } from './query-branch.js';
import type { Route } from './route.js';
import { checkSearch, DEFAULT_TOP_K, MAX_TOP_K } from './search.js';
import { encodeVector } from './vector.js';

export type ShardOperation = NonNullable<workerData.ShardOp['op']>;
export type ShardAnswer = NonNullable<workerData.ShardOutcome['outcome']>;
/** Asks one shard; throws VectronError. */
export type AskShard = (shard: placement.Shard, op: ShardOperation) => Promise<ShardAnswer>;

const MAX_BRANCHES = 16;
const MAX_GROUPS = 1_000;
const MAX_GROUP_SIZE = 100;
const MAX_DIVERSE = 1_000;
const DEFAULT_RRF_K = 60;
/** Of the vectors of all candidates. */
const MAX_VECTOR_BYTES = 64 << 20;

export interface QueryAnswer {
  readonly results: Candidate[];
  readonly groups: { readonly value: unknown; readonly results: Candidate[] }[];
  readonly complete: boolean;
  readonly shardsAsked: number;
  readonly shardsAnswered: number;
  readonly branches: gateway.BranchReport[];
}

/** `timeoutMs`: what each shard may take. A shard whose trouble may pass makes the answer partial, and it says so. */
export async function runQuery(
  route: Route,
  request: gateway.QueryRequest,
  ask: AskShard,
  timeoutMs: number,
): Promise<QueryAnswer> {
  const plan = check(request, route.collection);
  let room = plan.candidates;
  for (;;) {
    const ready = await Promise.all(
      request.branches.map((branch, at) =>
        readyBranch({ route, request, ask, timeoutMs, room }, branch, `branches[${at}]`),
      ),
    );
    checkVectorBytes(ready, route.collection.dimension);
    const { lists, ...answered } = await askAll(route, ready, ask);
    const candidates = finalOrder(request, plan, lists, ready, route.collection.distance);
    const branches = reports(ready, answered.found);
    const { complete, shardsAsked, shardsAnswered } = answered;
    const rest = { complete, shardsAsked, shardsAnswered, branches };
    const { groupBy } = request;
    if (groupBy === undefined) {
      return { ...rest, results: candidates.slice(0, plan.topK).map(given(request)), groups: [] };
    }
    const { groups, full } = grouped(candidates, groupBy.path, plan.groups, plan.groupSize);
    const exhausted = lists.every((hits, at) => hits.length < ready[at].op.k - ready[at].left.size);
    if (full || exhausted || room >= MAX_TOP_K || plan.fixed) {
      const shown = groups.map(({ value, results }) => ({ value, results: results.map(given(request)) }));
      return { ...rest, results: [], groups: shown };
    }
    room = Math.min(MAX_TOP_K, room * 4);
  }
}

/** Without what was only needed on the way. */
const given = ({ includeVectors, includeMetadata }: gateway.QueryRequest) => {
  const nothing = Buffer.alloc(0);
  return (one: Candidate): Candidate => ({
    ...one,
    vector: includeVectors ? one.vector : nothing,
    payload: (includeMetadata ?? true) ? one.payload : nothing,
  });
};

interface Plan {
  readonly topK: number;
  /** Candidates of a branch that does not say itself. */
  readonly candidates: number;
  /** Whether every branch says itself. */
  readonly fixed: boolean;
  readonly groups: number;
  readonly groupSize: number;
  readonly rescore: Buffer;
}

function check(request: gateway.QueryRequest, { dimension, distance }: placement.Collection): Plan {
  const { branches, diversity, groupBy, fusion, rescoreVectorF32 } = request;
  const topK = request.topK || DEFAULT_TOP_K;
  checkSearch({ topK, ef: 0, recall: 0, scoreThreshold: request.scoreThreshold });
  within('branches', branches.length, 1, MAX_BRANCHES);
  if (!['', 'rrf', 'weighted'].includes(fusion)) throw VectronError.invalid('fusion', 'fusion must be rrf or weighted');
  const rescore =
    rescoreVectorF32.length === 0
      ? rescoreVectorF32
      : encodeVector(rescoreVectorF32, dimension, distance, 'rescore_vector');
  const share = diversity?.share ?? 0;
  if (!(share >= 0 && share <= 1)) throw VectronError.invalid('diversity.share', 'diversity.share must be 0 to 1');
  within('diversity.candidates', diversity?.candidates ?? 0, 0, MAX_DIVERSE);
  if (diversity !== undefined && topK > MAX_DIVERSE) {
    throw VectronError.invalid('top_k', `with diversity, top_k must be at most ${MAX_DIVERSE}`);
  }
  if (rescore.length > 0 && branches.some(({ using }) => using !== '')) {
    throw VectronError.invalid(
      'rescore_vector',
      'rescoring is by the first vectors: not with branches that use another',
    );
  }
  if (diversity !== undefined && new Set(branches.map(({ using }) => using)).size > 1) {
    throw VectronError.invalid('diversity', 'candidates are compared by one vector: every branch must use the same');
  }
  if (diversity !== undefined && groupBy !== undefined) {
    throw VectronError.invalid('group_by', 'send either diversity or group_by');
  }
  const groups = groupBy?.groups || DEFAULT_TOP_K;
  const groupSize = groupBy?.groupSize || 3;
  if (groupBy !== undefined) {
    if (groupBy.path === '') throw VectronError.invalid('group_by.path', 'group_by needs a path');
    within('group_by.groups', groups, 1, MAX_GROUPS);
    within('group_by.group_size', groupSize, 1, MAX_GROUP_SIZE);
  }
  const wanted = groupBy === undefined ? topK : Math.min(groups * groupSize, MAX_TOP_K);
  const simple = branches.length === 1 && diversity === undefined && groupBy === undefined && rescore.length === 0;
  const candidates = simple ? topK : Math.max(50, 4 * wanted, diversity?.candidates ?? 0);
  const fixed = branches.every((branch) => branch.limit > 0);
  return { topK, candidates: Math.min(candidates, MAX_TOP_K), fixed, groups, groupSize, rescore };
}

function checkVectorBytes(ready: readonly Ready[], dimension: number): void {
  const bytes = ready.reduce((sum, { op }) => sum + (op.includeVector ? op.k * dimension * 4 : 0), 0);
  if (bytes > MAX_VECTOR_BYTES) {
    throw VectronError.invalid('top_k', `with vectors of ${dimension} dimensions there are too many candidates`);
  }
}

/** Every shard answers all branches in one call. */
async function askAll(route: Route, ready: readonly Ready[], ask: AskShard) {
  const op = { $case: 'batch', value: { searches: ready.map(({ op }) => op) } } as const;
  const settled = await Promise.allSettled(route.shards.map((shard) => ask(shard, op)));
  const found: workerData.SearchFound[][] = [];
  let failure: unknown;
  for (const one of settled) {
    if (one.status === 'fulfilled') {
      if (one.value.$case !== 'searches') throw new VectronError('INTERNAL', 'the shard answered something else');
      found.push(one.value.value.results);
    } else if (one.reason instanceof VectronError && one.reason.spec.retryable && one.reason.code !== 'STALE_EPOCH') {
      failure = one.reason;
    } else throw one.reason;
  }
  if (found.length === 0 && failure !== undefined) throw failure;
  const lists = ready.map(({ op, left }, at) => {
    const own = found.map((results) => results[at].hits.filter((hit) => !left.has(hit.id)));
    return mergeHits(own, op.k - left.size);
  });
  const complete = found.length === route.shards.length && !found.flat().some((one) => one.stopped);
  return { lists, found, complete, shardsAsked: route.shards.length, shardsAnswered: found.length };
}

const reports = (ready: readonly Ready[], found: readonly workerData.SearchFound[][]): gateway.BranchReport[] =>
  ready.map((_, at) => {
    const own = found.map((results) => results[at]);
    return {
      candidates: own.reduce((sum, one) => sum + one.hits.length, 0),
      recallEstimate: Math.min(...own.map((one) => one.recallEstimate)),
      plans: own.map((one) => one.plan),
      unindexed: own.some((one) => one.unindexed),
    };
  });

function finalOrder(
  { fusion, rrfK, diversity, scoreThreshold }: gateway.QueryRequest,
  { topK, rescore }: Plan,
  lists: readonly Candidate[][],
  ready: readonly Ready[],
  distance: string,
): Candidate[] {
  const weighted = lists.map((hits, at) => ({ hits, weight: ready[at].weight }));
  let candidates = lists[0];
  if (lists.length > 1) {
    candidates = fusion === 'weighted' ? weightedScores(weighted) : reciprocalRanks(weighted, rrfK || DEFAULT_RRF_K);
  }
  if (rescore.length > 0) candidates = rescored(candidates, rescore, distance);
  if (scoreThreshold !== undefined) candidates = candidates.filter(({ score }) => score >= scoreThreshold);
  if (diversity !== undefined) {
    const most = diversity.candidates || Math.max(50, 4 * topK);
    candidates = diverse(candidates.slice(0, most), diversity.share, topK, distance);
  }
  return candidates;
}

/** The best groups; `full`: more candidates would change nothing. */
function grouped(candidates: readonly Candidate[], path: string, most: number, size: number) {
  const groups = new Map<string, { value: unknown; results: Candidate[] }>();
  for (const candidate of candidates) {
    const values = valuesAt(decodeDocument(candidate.payload), path).filter((value) =>
      ['string', 'number', 'bigint', 'boolean'].includes(typeof value),
    );
    // An integer beyond 2^53 and the double that equals it have one text.
    for (const key of new Set(values.map((value) => stringifyJson(value)))) {
      const group = groups.get(key) ?? { value: parseTrustedJson(key), results: [] };
      if (group.results.length < size) group.results.push(candidate);
      groups.set(key, group);
    }
  }
  const best = [...groups.values()].slice(0, most);
  return { groups: best, full: best.length === most && best.every(({ results }) => results.length === size) };
}

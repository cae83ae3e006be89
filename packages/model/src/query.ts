import { VectronError } from '@vectron/errors';
import { type gateway, greatestOf, type placement } from '@vectron/proto';
import { checkAnswerBytes } from './answer-size.js';
import type { AskShard } from './ask-shard.js';
import type { Branch } from './branch.js';
import { decodeDocument } from './document.js';
import { parseTrustedJson, stringifyJson } from './exact-json.js';
import { type Candidate, diverse, reciprocalRanks, rescored, weightedScores } from './fusion.js';
import { askShards, Gathering } from './gathering.js';
import { valuesAt } from './payload-path.js';
import { queryBranch, within } from './query-branch.js';
import type { Route } from './route.js';
import { checkSearch, DEFAULT_TOP_K, MAX_TOP_K } from './search-limits.js';
import { weighTexts } from './text-statistics.js';
import { encodeVector } from './vector.js';

const MAX_BRANCHES = greatestOf('vectron.v1.QueryRequest', 'branches');
const MAX_GROUPS = greatestOf('vectron.v1.Grouping', 'groups');
const MAX_GROUP_SIZE = greatestOf('vectron.v1.Grouping', 'group_size');
const MAX_DIVERSE = greatestOf('vectron.v1.Diversity', 'candidates');
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

/**
 * Answers a query with the branches of every shard, fused into one order. `timeoutMs`: what one shard may take from now on; 0: no limit. A shard
 * whose trouble may pass makes the answer partial, and the answer says so. Throws RouteChanged when the route is old.
 */
export async function runQuery(
  route: Route,
  request: gateway.QueryRequest,
  ask: AskShard,
  timeoutMs: () => number,
): Promise<QueryAnswer> {
  const plan = check(request, route.collection);
  let room = plan.candidates;
  for (;;) {
    const asking = { route, request, ask, timeoutMs, room };
    const branches = await Promise.all(
      request.branches.map((branch, at) => queryBranch(asking, branch, `branches[${at}]`)),
    );
    checkVectorBytes(branches, route.collection.dimension);
    const weighed = await weighTexts(route, branches, ask, timeoutMs);
    const gathering = new Gathering(route, branches);
    gathering.add([...weighed.failed, ...(await Promise.all(askShards(weighed.shards, weighed.branches, ask)))]);
    gathering.throwIfNoneAnswered();
    const { lists, complete, shardsAsked, shardsAnswered } = gathering;
    const candidates = finalOrder(request, plan, lists, branches, route.collection.distance);
    const rest = { complete, shardsAsked, shardsAnswered, branches: reports(gathering, branches.length) };
    const { groupBy } = request;
    if (groupBy === undefined) {
      const results = candidates.slice(0, plan.topK).map(given(request));
      checkAnswerBytes(results);
      return { ...rest, results, groups: [] };
    }
    const { groups, full } = grouped(candidates, groupBy.path, plan.groups, plan.groupSize);
    const exhausted = lists.every((hits, at) => hits.length < branches[at].limit);
    if (full || exhausted || room >= MAX_TOP_K || plan.fixed) {
      const shown = groups.map(({ value, results }) => ({ value, results: results.map(given(request)) }));
      checkAnswerBytes(shown.flatMap(({ results }) => results));
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
      'rescore_vector uses the first vectors, and cannot be combined with branches that use another vector',
    );
  }
  if (diversity !== undefined && new Set(branches.map(({ using }) => using)).size > 1) {
    throw VectronError.invalid(
      'diversity',
      'diversity compares candidates by one vector: all branches must use the same vector',
    );
  }
  if (diversity !== undefined && groupBy !== undefined) {
    throw VectronError.invalid('group_by', 'send either diversity or group_by');
  }
  const groups = groupBy?.groups || DEFAULT_TOP_K;
  const groupSize = groupBy?.groupSize || 3;
  if (groupBy !== undefined) {
    if (groupBy.path === '') throw VectronError.invalid('group_by.path', 'group_by requires a path');
    within('group_by.groups', groups, 1, MAX_GROUPS);
    within('group_by.group_size', groupSize, 1, MAX_GROUP_SIZE);
  }
  const wanted = groupBy === undefined ? topK : Math.min(groups * groupSize, MAX_TOP_K);
  const simple = branches.length === 1 && diversity === undefined && groupBy === undefined && rescore.length === 0;
  const candidates = simple ? topK : Math.max(50, 4 * wanted, diversity?.candidates ?? 0);
  const fixed = branches.every((branch) => branch.limit > 0);
  return { topK, candidates: Math.min(candidates, MAX_TOP_K), fixed, groups, groupSize, rescore };
}

function checkVectorBytes(branches: readonly Branch[], dimension: number): void {
  const bytes = branches.reduce((sum, { op }) => sum + (op.includeVector ? op.k * dimension * 4 : 0), 0);
  if (bytes > MAX_VECTOR_BYTES) {
    throw VectronError.invalid(
      'top_k',
      `with vectors of ${dimension} dimensions there are too many candidates; reduce top_k or the number of branches`,
    );
  }
}

/** What each branch found, over the shards that answered. */
function reports(gathering: Gathering, branches: number): gateway.BranchReport[] {
  const answered = gathering.reports.filter(({ error }) => error === undefined);
  return Array.from({ length: branches }, (_, at) => {
    const own = answered.map(({ found }) => found[at]);
    const { recallEstimate, recallInterval, recallUnmet } = gathering.recallOf(at);
    return {
      candidates: own.reduce((sum, { hits }) => sum + hits.length, 0),
      ...{ recallEstimate, recallInterval, recallUnmet },
      plans: own.map(({ plan }) => plan),
      unindexed: own.some(({ unindexed }) => unindexed),
    };
  });
}

function finalOrder(
  { fusion, rrfK, diversity, scoreThreshold }: gateway.QueryRequest,
  { topK, rescore }: Plan,
  lists: readonly Candidate[][],
  branches: readonly Branch[],
  distance: string,
): Candidate[] {
  const weighted = lists.map((hits, at) => ({ hits, weight: branches[at].weight }));
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

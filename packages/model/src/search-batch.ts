import { VectronError } from '@vectron/errors';
import type { placement } from '@vectron/proto';
import { answerBytesOfShard, checkAnswerBytes } from './answer-size.js';
import type { AskShard } from './ask-shard.js';
import { type Branch, branchOf, soughtVector } from './branch.js';
import { askShards, Gathering } from './gathering.js';
import { doInPlaces, type SparePlace } from './places.js';
import type { Route } from './route.js';
import { outcomeOf, type SearchOutcome, type SearchRequest, type SearchRun } from './search.js';
import { DEFAULT_TOP_K } from './search-limits.js';
import { encodeQueryVector, type VectorInput } from './vector.js';

/** What the searches of a batch have in common. */
export type BatchRequest = Omit<SearchRequest, 'vector' | 'likeId'>;

/** Searches that a shard is asked for in one operation: one of its threads makes them one after the other. */
export const BATCH_SHARE = 16;

/**
 * The vectors of a batch as little-endian float32 bytes. Throws INVALID_ARGUMENT or DIMENSION_MISMATCH naming the first that is
 * wrong by its place: `vectors[3]`.
 */
export function batchVectors(
  vectors: readonly VectorInput[],
  using: string,
  collection: Pick<placement.Collection, 'dimension' | 'distance'>,
): Buffer[] {
  const encoded = vectors.map((vector, at) => encodeQueryVector(collection, using, vector, `vectors[${at}]`));
  // The dimension of a named vector is known to the shards alone.
  const odd = encoded.findIndex(({ length }) => length !== encoded[0].length);
  if (odd > 0) {
    const field = `vectors[${odd}]`;
    const [has, first] = [encoded[odd].length / 4, encoded[0].length / 4];
    const message = `${field} has ${has} dimensions, vectors[0] has ${first}`;
    throw new VectronError('DIMENSION_MISMATCH', message, { details: { field } });
  }
  return encoded;
}

/**
 * Answers each vector with what `runSearch` would answer it with, in their order: the same hits, scores and reports. Throws as
 * `runSearch`, for the whole batch. One share of it is under way, and up to `atOnce` where there are spare places.
 */
export async function runSearchBatch(
  route: Route,
  vectors: readonly Buffer[],
  request: BatchRequest,
  ask: AskShard,
  run: Pick<SearchRun, 'timeoutMs'>,
  { atOnce, spare }: { readonly atOnce: number; readonly spare: SparePlace },
): Promise<SearchOutcome[]> {
  const outcomes = new Array<SearchOutcome>(vectors.length);
  await doInPlaces(Math.ceil(vectors.length / BATCH_SHARE), atOnce, spare, async (place) => {
    const from = place * BATCH_SHARE;
    const share = await searchShare(route, vectors.slice(from, from + BATCH_SHARE), request, ask, run);
    for (let at = 0; at < share.length; at++) outcomes[from + at] = share[at];
  });
  checkAnswerBytes(outcomes.flatMap(({ hits }) => hits));
  return outcomes;
}

async function searchShare(
  route: Route,
  vectors: readonly Buffer[],
  request: BatchRequest,
  ask: AskShard,
  run: Pick<SearchRun, 'timeoutMs'>,
): Promise<SearchOutcome[]> {
  const frame = {
    includePayload: request.includeMetadata,
    includeVector: request.includeVectors,
    payloadFields: request.payloadFields,
    timeoutMs: run.timeoutMs(),
    measuring: false,
    maxBytes: answerBytesOfShard(route.shards.length),
  };
  const limit = request.topK || DEFAULT_TOP_K;
  const branches: Branch[] = vectors.map((vector) => branchOf(soughtVector(vector), request, frame, { limit }));
  const reports = await Promise.all(askShards(route.shards, branches, ask));
  const gathering = new Gathering(route, branches);
  gathering.add(reports);
  gathering.throwIfNoneAnswered();
  return branches.map((_, at) => outcomeOf(gathering, at));
}

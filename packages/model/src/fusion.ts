/** A hit of a query, from whichever branch. */
export interface Candidate {
  readonly id: string;
  readonly score: number;
  /** JSON text. */
  readonly payload: Buffer;
  /** Little-endian float32. */
  readonly vector: Buffer;
}

/** Higher scores first, equal ones by id (byte order). */
export function byScore<C extends Candidate>(candidates: C[]): C[] {
  return candidates.sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
}

/** A sorted list with its weight. */
export interface Weighted {
  readonly hits: readonly Candidate[];
  readonly weight: number;
}

/** Sum of weight / (k + rank), rank from 1 (Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion", 2009). */
export const reciprocalRanks = (lists: readonly Weighted[], k: number): Candidate[] =>
  fused(lists, (_, at) => 1 / (k + at + 1));

/** Sum of weight times the score scaled to the list's own range: 1 its best, 0 its worst; all 1 where all are equal. */
export const weightedScores = (lists: readonly Weighted[]): Candidate[] =>
  fused(lists, (hits, at) => {
    const [best, worst] = [hits[0].score, hits[hits.length - 1].score];
    return best === worst ? 1 : (hits[at].score - worst) / (best - worst);
  });

function fused(lists: readonly Weighted[], share: (hits: readonly Candidate[], at: number) => number): Candidate[] {
  const sums = new Map<string, Candidate>();
  for (const { hits, weight } of lists) {
    hits.forEach((hit, at) => {
      const known = sums.get(hit.id);
      const score = (known?.score ?? 0) + weight * share(hits, at);
      sums.set(hit.id, { ...(known ?? hit), score });
    });
  }
  return byScore([...sums.values()]);
}

const floats = (bytes: Buffer) => {
  const copy = Uint8Array.from(bytes);
  return new Float32Array(copy.buffer);
};

/** As shards score: cosine similarity, dot product, or 1 / (1 + L2 distance). */
export function similarity(distance: string): (a: Float32Array, b: Float32Array) => number {
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  if (distance === 'dot') return dot;
  if (distance === 'cosine') return (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b) || 1);
  return (a, b) => 1 / (1 + Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0)));
}

/** The candidates by their similarity to `vector`. */
export function rescored(candidates: readonly Candidate[], vector: Buffer, distance: string): Candidate[] {
  const [query, alike] = [floats(vector), similarity(distance)];
  return byScore(candidates.map((one) => ({ ...one, score: alike(query, floats(one.vector)) })));
}

/**
 * `count` of the candidates, each the one with the most of (1 - share) * relevance - share * its greatest similarity to
 * one before (Carbonell & Goldstein, "The Use of MMR", 1998). Relevance is the score scaled to 0..1; scores stay.
 * O(count * candidates * dimension).
 */
export function diverse(candidates: readonly Candidate[], share: number, count: number, distance: string): Candidate[] {
  const alike = similarity(distance);
  const [best, worst] = [candidates[0]?.score ?? 0, candidates.at(-1)?.score ?? 0];
  const left = candidates.map((one) => ({
    one,
    vector: floats(one.vector),
    relevance: best === worst ? 1 : (one.score - worst) / (best - worst),
    closest: Number.NEGATIVE_INFINITY,
  }));
  const chosen: Candidate[] = [];
  while (chosen.length < count && left.length > 0) {
    const worth = ({ relevance, closest }: (typeof left)[number]) =>
      (1 - share) * relevance - share * (chosen.length === 0 ? 0 : closest);
    let next = 0;
    for (let at = 1; at < left.length; at++) if (worth(left[at]) > worth(left[next])) next = at;
    const [taken] = left.splice(next, 1);
    chosen.push(taken.one);
    for (const other of left) other.closest = Math.max(other.closest, alike(taken.vector, other.vector));
  }
  return chosen;
}

import type { workerData } from '@vectron/proto';

/** The best `limit` hits of several shards' sorted answers: higher scores first, equal ones by id (byte order). */
export function mergeHits<H extends Pick<workerData.Hit, 'id' | 'score'>>(lists: readonly H[][], limit: number): H[] {
  const merged = lists.flat();
  for (let at = 0; at < merged.length; at++) {
    const hit = merged[at];
    if (!Number.isFinite(hit.score)) merged[at] = { ...hit, score: finite(hit.score) };
  }
  if (lists.length > 1) {
    const bytes = (hit: H) => Buffer.from(hit.id);
    merged.sort((a, b) => b.score - a.score || Buffer.compare(bytes(a), bytes(b)));
  }
  merged.length = Math.min(merged.length, limit);
  return merged;
}

const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;

/** Of vectors that were written before their length was checked: the nearest float32 that is finite; last when it is none. */
const finite = (score: number) => (Number.isNaN(score) ? -MAX_FLOAT : Math.max(-MAX_FLOAT, Math.min(MAX_FLOAT, score)));

import type { workerData } from '@vectron/proto';

/** The best `limit` hits of several shards' sorted answers: higher scores first, equal ones by id (byte order). */
export function mergeHits<H extends Pick<workerData.Hit, 'id' | 'score'>>(lists: readonly H[][], limit: number): H[] {
  const merged = lists.flat();
  if (lists.length > 1) {
    const bytes = (hit: H) => Buffer.from(hit.id);
    merged.sort((a, b) => b.score - a.score || Buffer.compare(bytes(a), bytes(b)));
  }
  merged.length = Math.min(merged.length, limit);
  return merged;
}

import { type AskShard, askFor } from './ask-shard.js';
import type { Route } from './route.js';

/** A query to compare answers of: little-endian float32. */
export interface SampledQuery {
  readonly vector: Buffer;
  /** Whether a client asked it; otherwise it was made from stored points. */
  readonly asked: boolean;
}

const MOST_OF_A_SHARD = 1_000;

/**
 * At most `count` different queries from the shards of the route: from each as many as is its part of the hash space, which is
 * its part of the points. A search is asked of every shard, so that all of them may know the same queries: each is asked
 * for as many more as are known already. Throws what a shard throws.
 */
export async function sampleQueries(
  route: Route,
  using: string,
  count: number,
  ask: AskShard,
): Promise<SampledQuery[]> {
  const sampled = new Map<string, SampledQuery>();
  let restOfSpace = route.shards.reduce((sum, shard) => sum + spaceOf(shard), 0);
  for (const shard of route.shards) {
    const space = spaceOf(shard);
    const part = Math.ceil(((count - sampled.size) * space) / restOfSpace);
    restOfSpace -= space;
    if (part === 0) break;
    const value = { using, count: Math.min(MOST_OF_A_SHARD, part + sampled.size) };
    const { vectors, asked } = await askFor(ask, shard, { $case: 'sample', value }, 'sampled');
    const wanted = sampled.size + part;
    for (const [at, vector] of vectors.entries()) {
      if (sampled.size === wanted) break;
      const key = vector.toString('latin1');
      if (!sampled.has(key)) sampled.set(key, { vector, asked: at < asked });
    }
  }
  return [...sampled.values()];
}

const spaceOf = ({ firstHash, lastHash }: Route['shards'][number]): number => Number(lastHash - firstHash) + 1;

import type { gateway } from '@vectron/proto';
import type * as api from './client.js';

/** How an answer came about, as the interface tells it. */
export function searchReport({
  shards,
  explanation,
  whyNot,
}: Pick<gateway.SearchResponse, 'shards' | 'explanation' | 'whyNot'>): Pick<
  api.SearchResult,
  'shards' | 'explanation' | 'whyNot'
> {
  return {
    shards: shards.map(shardReport),
    ...(explanation === undefined ? {} : { explanation: explanationOf(explanation) }),
    ...(whyNot === undefined ? {} : { whyNot }),
  };
}

/** One literal, because every search reports the part of each shard. */
export const shardReport = (read: gateway.ShardRead): api.ShardRead => ({
  shardId: read.shardId,
  appliedIndex: read.appliedIndex,
  indexLag: read.indexLag,
  ef: read.ef,
  errorCode: read.errorCode,
  recallEstimate: read.recallEstimate,
  visited: read.visited,
  distances: read.distances,
  rescored: read.rescored,
  stopped: read.stopped,
  replica: Number(read.replica),
  milliseconds: read.milliseconds,
  plan: read.plan,
  matching: Number(read.matching),
  unindexed: read.unindexed,
  recallInterval: read.recallInterval,
  slack: read.slack,
});

const explanationOf = ({ steps, ...rest }: gateway.Explanation): api.Explanation => ({
  ...rest,
  steps: steps.map(({ details, ...step }) => ({ ...step, details: Object.fromEntries(details) })),
});

import type { gateway, workerData } from '@vectron/proto';

/** What an answer says of its recall, which is the share of the true results that it has. */
export interface RecallReport {
  /** Recall to expect, by measurement: 1 when the answer is exact; absent while nothing was measured. */
  readonly recallEstimate?: number;
  /** The 95 % confidence interval of the estimate. */
  readonly recallInterval?: gateway.RecallInterval;
  /** Whether recall was asked for, and what was measured is less, or nothing was measured. */
  readonly recallUnmet: boolean;
}

type Found = Pick<workerData.SearchFound, 'recallEstimate' | 'recallLow' | 'recallHigh' | 'recallUnmet'>;

/** What one shard says of its part. */
export function shardRecall({ recallEstimate, recallLow, recallHigh, recallUnmet }: Found): RecallReport {
  // A worker of a version before intervals sends an estimate alone.
  const known = recallEstimate !== undefined && recallHigh >= recallEstimate;
  return { recallEstimate, recallInterval: known ? { low: recallLow, high: recallHigh } : undefined, recallUnmet };
}

/**
 * What the answer of several shards says: the least estimate with its interval, absent when one of them has measured nothing
 * or when there are none; unmet when one of them says so.
 */
export function leastRecall(found: readonly Found[]): RecallReport {
  const recallUnmet = found.some((one) => one.recallUnmet);
  let least: RecallReport | undefined;
  for (let at = 0; at < found.length; at++) {
    const one = shardRecall(found[at]);
    if (one.recallEstimate === undefined) return { recallUnmet };
    if (least === undefined || below(one, least)) least = one;
  }
  if (least === undefined) return { recallUnmet };
  const { recallEstimate, recallInterval } = least;
  return { recallEstimate, recallInterval, recallUnmet };
}

/** Of equal estimates the less certain one is less, so that the order of the shards does not matter. */
function below(a: RecallReport, b: RecallReport): boolean {
  const [x, y] = [a.recallEstimate ?? 0, b.recallEstimate ?? 0];
  return x < y || (x === y && (a.recallInterval?.low ?? 0) < (b.recallInterval?.low ?? 0));
}

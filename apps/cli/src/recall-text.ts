import type { RecallInterval, SearchResult } from '@vectron/sdk';

/** What an answer says of its recall, a line each. */
export function recallLines({
  recallEstimate,
  recallInterval,
  recallUnmet,
}: Pick<SearchResult, 'recallEstimate' | 'recallInterval' | 'recallUnmet'>): string[] {
  const lines: string[] = [];
  // A mean of 1 may also have been measured; then its interval begins below.
  if (recallEstimate === 1 && (recallInterval?.low ?? 1) === 1) lines.push('exact');
  else if (recallEstimate !== undefined)
    lines.push(`recall to expect: ${withInterval(recallEstimate, recallInterval)}`);
  if (recallUnmet) lines.push('the recall that was asked for is not reached');
  return lines;
}

/** An estimate with its 95 % confidence interval, such as `0.973 (0.961 to 0.982)`. */
export function withInterval(recall: number, interval: RecallInterval | undefined): string {
  const known = interval === undefined ? '' : ` (${interval.low.toFixed(3)} to ${interval.high.toFixed(3)})`;
  return `${recall.toFixed(3)}${known}`;
}

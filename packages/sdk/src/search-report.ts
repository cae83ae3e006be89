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
    shards: shards.map((one) => ({ ...one, replica: Number(one.replica), matching: Number(one.matching) })),
    ...(explanation === undefined ? {} : { explanation: explanationOf(explanation) }),
    ...(whyNot === undefined ? {} : { whyNot }),
  };
}

const explanationOf = ({ steps, ...rest }: gateway.Explanation): api.Explanation => ({
  ...rest,
  steps: steps.map(({ details, ...step }) => ({ ...step, details: Object.fromEntries(details) })),
});
